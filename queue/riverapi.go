package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

// River has pages of its own (riverqueue.com/riverui): a program in the browser that asks a small JSON
// interface. Here is that interface, over our own rules. What River's handler answers is masked, and
// only what is known is asked of it. What changes something never reaches it: it is done by the verbs
// of this package, which leave a line in the audit log.

// PausedByRiver is the reason that stands at a queue that was paused with River's button, which asks for none.
const PausedByRiver = "Paused on River’s own pages, which ask for no reason."

const (
	riverBodyMost = 64 << 10
	riverIDsMost  = 1000 // as many as River lets its own pages name
)

// riverAPI answers River's pages.
type riverAPI struct {
	q     *Queue
	river http.Handler
}

// RiverAPI is what River's own pages ask below prefix + "/api/". Who may ask what is the caller's part;
// those limited to some communities are refused here, too.
func (q *Queue) RiverAPI(prefix string) (http.Handler, error) {
	looks, err := q.newClient(onlyLooks, nil, false)
	if err != nil {
		return nil, err
	}
	river, err := looks.look(prefix, slog.New(atLeast{q.log.Handler(), slog.LevelWarn}))
	if err != nil {
		return nil, err
	}
	a := riverAPI{q, river}
	mux := http.NewServeMux()
	at := func(pattern string, answer func(r *http.Request) (any, error)) {
		mux.Handle(pattern, a.answers(answer))
	}
	api := prefix + "/api"
	for _, path := range []string{"/autocomplete", "/features", "/queues", "/queues/{name}", "/states", "/version"} {
		at("GET "+api+path, a.asItIs)
	}
	at("GET "+api+"/jobs", a.jobs)
	at("GET "+api+"/jobs/{id}", a.job)
	at("POST "+api+"/jobs/retry", a.change(q.RetryJobs, "No job was retried: what runs, waits or is done is left alone, and so is one whose like waits already or has run since."))
	at("POST "+api+"/jobs/cancel", a.change(q.CancelJobs, "No job was canceled: it has ended already, or is gone."))
	at("POST "+api+"/jobs/delete", a.change(q.DeleteJobs, "No job was deleted: one that runs cannot be, and what is gone is gone."))
	at("PUT "+api+"/queues/{name}/pause", func(r *http.Request) (any, error) {
		return riverDone, q.PauseQueue(r.Context(), r.PathValue("name"), PausedByRiver, nameOf(r.Context()))
	})
	at("PUT "+api+"/queues/{name}/resume", func(r *http.Request) (any, error) {
		return riverDone, q.ResumeQueue(r.Context(), r.PathValue("name"), nameOf(r.Context()))
	})
	at("PATCH "+api+"/queues/{name}", func(*http.Request) (any, error) {
		return nil, fibonacco.Errorf(fibonacco.NotImplemented, "How many workers a queue has is said in queues.yaml, and cannot be changed here.")
	})
	at(api+"/", func(*http.Request) (any, error) {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "This part of River’s pages is not available here.")
	})
	return mux, nil
}

// riverDone is what River answers when something was done.
var riverDone = map[string]string{"status": "ok"}

func nameOf(ctx context.Context) string {
	if p := fibonacco.PrincipalOf(ctx); p != nil {
		return p.Name
	}
	return ""
}

// answers writes an answer as River would, its errors as well.
func (a riverAPI) answers(answer func(r *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, err := http.StatusOK, mayDecide(r.Context())
		var said any
		if err == nil {
			said, err = answer(r)
		}
		if err != nil {
			status, said = a.refusal(r, err)
		}
		body, err := json.Marshal(said)
		if err != nil {
			a.q.log.Error("an answer to River's pages is not JSON", "path", r.URL.Path, "error", err)
			status, body = http.StatusInternalServerError, []byte(`{"message":"This did not work. The fault is on our side and has been noted."}`)
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write(body) // the visitor has gone: nothing to do about it
	})
}

var riverStatuses = map[fibonacco.Code]int{
	fibonacco.NotFound: http.StatusNotFound, fibonacco.Invalid: http.StatusUnprocessableEntity, fibonacco.Malformed: http.StatusBadRequest,
	fibonacco.Forbidden: http.StatusForbidden, fibonacco.Conflict: http.StatusConflict, fibonacco.NotImplemented: http.StatusNotImplemented,
}

// refusal is what is said about an error: what was written for people, or that it is our fault.
func (a riverAPI) refusal(r *http.Request, err error) (status int, said any) {
	var e *fibonacco.Error
	if errors.As(err, &e) && riverStatuses[e.Code] != 0 {
		return riverStatuses[e.Code], map[string]string{"message": e.Message}
	}
	if r.Context().Err() == nil {
		a.q.log.Error("River's pages failed", "path", r.URL.Path, "error", err)
	}
	return http.StatusInternalServerError, map[string]string{"message": "This did not work. The fault is on our side and has been noted."}
}

// change does something with the jobs that River's pages name.
func (a riverAPI) change(do func(context.Context, fibonacco.JobSelection) (fibonacco.JobOutcome, error), none string) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		var asked struct {
			IDs []json.Number `json:"ids"` // in quotation marks or without
		}
		if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, riverBodyMost)).Decode(&asked); err != nil {
			return nil, fibonacco.Errorf(fibonacco.Malformed, "The request cannot be read.")
		}
		if len(asked.IDs) == 0 || len(asked.IDs) > riverIDsMost {
			return nil, fibonacco.Errorf(fibonacco.Invalid, "Choose between 1 and %d jobs.", riverIDsMost)
		}
		s := fibonacco.JobSelection{IDs: make([]int64, len(asked.IDs))}
		for i, text := range asked.IDs {
			id, err := text.Int64()
			if err != nil {
				return nil, fibonacco.Errorf(fibonacco.Malformed, "A job’s number cannot be read.")
			}
			s.IDs[i] = id
		}
		out, err := do(r.Context(), s)
		if err == nil && out.Changed == 0 {
			err = fibonacco.Errorf(fibonacco.Conflict, "%s", none)
		}
		return riverDone, err
	}
}

// ask is what River answers.
func (a riverAPI) ask(r *http.Request) (json.RawMessage, error) {
	w := heard{head: http.Header{}, status: http.StatusOK}
	a.river.ServeHTTP(&w, r)
	if w.status == http.StatusOK {
		return w.body.Bytes(), nil
	}
	var said struct{ Message string }
	if err := json.Unmarshal(w.body.Bytes(), &said); err == nil {
		for code, status := range riverStatuses {
			if status == w.status {
				return nil, fibonacco.Errorf(code, "%s", said.Message)
			}
		}
	}
	return nil, fmt.Errorf("the handler of River answered %d", w.status)
}

// asItIs passes on an answer without personal data: names of queues and kinds, and figures.
func (a riverAPI) asItIs(r *http.Request) (any, error) { return a.ask(r) }

// heard keeps an answer.
type heard struct {
	head   http.Header
	status int
	body   bytes.Buffer
}

func (h *heard) Header() http.Header         { return h.head }
func (h *heard) WriteHeader(status int)      { h.status = status }
func (h *heard) Write(b []byte) (int, error) { return h.body.Write(b) } //nolint:wrapcheck // it never fails
