package api_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
)

// foreman looks after one queue, and notes what it is told.
type foreman struct {
	fibonacco.QueueControl
	fibonacco.JobDesk
	told []string
}

func (f *foreman) Board(context.Context) (*fibonacco.QueueBoard, error) {
	return &fibonacco.QueueBoard{At: noon, Queues: []fibonacco.QueueLine{{Name: "emails", Waiting: 2, WaitMS: 1500}}}, nil
}

func (f *foreman) JobHistory(_ context.Context, q fibonacco.JobHistoryQuery) (*fibonacco.JobHistory, error) {
	f.told = append(f.told, fmt.Sprintf("history %s %s %s", q.Queue, q.Kind, q.Period))
	return &fibonacco.JobHistory{Period: q.Period}, nil
}

func (f *foreman) JobKinds(_ context.Context, p fibonacco.JobPeriod) ([]fibonacco.JobKind, error) {
	return []fibonacco.JobKind{{Kind: "campaign.send", Queue: "emails", Done: 3}}, nil
}

func (f *foreman) ListBalance(context.Context, fibonacco.ListQuery) (page fibonacco.Page[fibonacco.BalanceChange], err error) {
	page.Data = []fibonacco.BalanceChange{{ID: 1, At: noon, Queue: "emails", Before: 1, After: 3, Reason: fibonacco.BalanceWaiting}}
	return page, nil
}

func (f *foreman) PauseQueue(_ context.Context, queue, reason, by string) error {
	f.told = append(f.told, "pause "+queue+" "+reason+" by "+by)
	return nil
}

func (f *foreman) ResumeQueue(_ context.Context, queue, by string) error {
	f.told = append(f.told, "resume "+queue+" by "+by)
	return nil
}

func (f *foreman) PauseAllQueues(_ context.Context, reason, by string) ([]string, error) {
	f.told = append(f.told, "pause all "+reason+" by "+by)
	return []string{"ai", "emails"}, nil
}

func (f *foreman) ResumeAllQueues(_ context.Context, by string) ([]string, error) {
	f.told = append(f.told, "resume all by "+by)
	return nil, nil
}

func (f *foreman) ListJobs(_ context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.QueuedJob], err error) {
	page.Data = []fibonacco.QueuedJob{{ID: 7, Kind: "campaign.send", Queue: "emails", State: fibonacco.JobDiscarded, Args: map[string]any{"send_ids": []any{1}}, CreatedAt: noon, ScheduledAt: noon}}
	return page, nil
}

func (f *foreman) FindJob(ctx context.Context, id int64) (*fibonacco.QueuedJob, error) {
	if id != 7 {
		return nil, missing("job")
	}
	page, err := f.ListJobs(ctx, fibonacco.ListQuery{})
	return &page.Data[0], err
}

func (f *foreman) RetryJobs(_ context.Context, s fibonacco.JobSelection) (fibonacco.JobOutcome, error) {
	f.told = append(f.told, fmt.Sprintf("retry %v %v", s.IDs, s.Filter))
	return fibonacco.JobOutcome{Found: 2, Changed: 1}, nil
}

func (f *foreman) CancelJobs(_ context.Context, s fibonacco.JobSelection) (fibonacco.JobOutcome, error) {
	f.told = append(f.told, fmt.Sprintf("cancel %v", s.IDs))
	return fibonacco.JobOutcome{}, nil
}

func (f *foreman) DeleteJobs(_ context.Context, s fibonacco.JobSelection) (fibonacco.JobOutcome, error) {
	f.told = append(f.told, fmt.Sprintf("delete %v", s.IDs))
	return fibonacco.JobOutcome{}, nil
}

// askSaying is ask with a body.
func askSaying(t *testing.T, a http.Handler, method, path, body string, p *fibonacco.Principal) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", api.SessionCookie+"="+base64.RawURLEncoding.EncodeToString(text))
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
}

func TestQueuesOverTheInterface(t *testing.T) {
	t.Parallel()
	f := &foreman{}
	o := newHouse().options()
	o.Access, o.QueueControl, o.Jobs = passport{}, f, f
	a := api.New(o)
	boss := &fibonacco.Principal{UserID: 1, SessionID: 1, Name: "Ana", Role: fibonacco.Manager}
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/queues/board", "", http.StatusOK, `"wait_ms":1500`},
		{"GET", "/queues/history?period=day&queue=emails&kind=campaign.send", "", http.StatusOK, `"period":"day"`},
		{"GET", "/queues/history?period=year", "", http.StatusUnprocessableEntity, "period"},
		{"GET", "/queues/kinds", "", http.StatusOK, `"campaign.send"`},
		{"GET", "/queues/balance?filter[queue]=emails", "", http.StatusOK, `"reason":"waiting"`},
		{"GET", "/queues/balance?filter[node]=x", "", http.StatusUnprocessableEntity, "node"},
		{"POST", "/queues/emails/pause", `{"reason":"an incident"}`, http.StatusOK, `"queues"`},
		{"POST", "/queues/emails/pause", `{}`, http.StatusUnprocessableEntity, "reason"},
		{"POST", "/queues/emails/resume", "", http.StatusOK, `"queues"`},
		{"POST", "/queues/pause", `{"reason":"a move"}`, http.StatusOK, `{"queues":["ai","emails"]}`},
		{"POST", "/queues/pause", `{"reason":""}`, http.StatusUnprocessableEntity, "reason"},
		{"POST", "/queues/resume", "", http.StatusOK, `{"queues":[]}`},
		{"GET", "/jobs?filter[state]=discarded&page[size]=1", "", http.StatusOK, `"send_ids":[1]`},
		{"GET", "/jobs?filter[state]=lost", "", http.StatusUnprocessableEntity, "state"},
		{"GET", "/jobs/7", "", http.StatusOK, `"id":7`},
		{"GET", "/jobs/8", "", http.StatusNotFound, ""},
		{"POST", "/jobs/retry", `{"filter":{"state":"discarded"}}`, http.StatusOK, `"changed":1`},
		{"POST", "/jobs/cancel", `{"ids":[7]}`, http.StatusOK, `"changed":0`},
		{"POST", "/jobs/delete", `{"ids":[7]}`, http.StatusOK, `"changed":0`},
	} {
		w := askSaying(t, a, c.method, "/api/v1"+c.path, c.body, boss)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Body)
		}
	}
	want := "history emails campaign.send day|pause emails an incident by Ana|resume emails by Ana|pause all a move by Ana|resume all by Ana|retry [] map[state:discarded]|cancel [7]|delete [7]"
	if got := strings.Join(f.told, "|"); got != want {
		t.Errorf("told %s, want %s", got, want)
	}
}
