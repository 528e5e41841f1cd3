// Package hook takes the webhooks of providers: POST /webhooks/ses, /rvm and /twilio (R7). Each
// proves itself or is refused, by the adapter that knows the provider; what is here reads the
// request and answers. A webhook whose adapter this build or its settings do not have answers 501
// and changes nothing.
package hook

import (
	"errors"
	"io"
	"net/http"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// Options are the adapters; nil ones answer 501.
type Options struct {
	SES       fibonacco.Webhook
	RVM       fibonacco.Webhook
	Twilio    fibonacco.Webhook
	PublicURL string // how providers see us: part of what some of them sign
}

// mostBytes of a call: SNS sends no more than 256 KiB, the others less.
const mostBytes = 256 << 10

// New serves everything under /webhooks/.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	for _, h := range []struct {
		path, adapter string
		webhook       fibonacco.Webhook
	}{
		{"/webhooks/ses", "Amazon SES adapter", o.SES},
		{"/webhooks/rvm", "voicemail adapter", o.RVM},
		{"/webhooks/twilio", "Twilio adapter", o.Twilio},
	} {
		mux.HandleFunc(h.path, func(w http.ResponseWriter, r *http.Request) {
			edge.TraceOf(r.Context()).Pattern = h.path
			if err := receive(r, o.PublicURL, h.webhook, h.adapter); err != nil {
				edge.Write(w, r, err)
				return
			}
			w.WriteHeader(http.StatusOK)
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		edge.Write(w, r, fibonacco.Errorf(fibonacco.NotFound, "there is no such webhook"))
	})
	return mux
}

func receive(r *http.Request, publicURL string, to fibonacco.Webhook, adapter string) error {
	if r.Method != http.MethodPost {
		return edge.NotAllowed(r, http.MethodPost)
	}
	if to == nil {
		return fibonacco.Errorf(fibonacco.NotImplemented, "The %s is not part of this build, or not configured.", adapter)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, mostBytes+1))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge) || len(body) > mostBytes:
		return fibonacco.Errorf(fibonacco.TooLarge, "the call is larger than %d bytes", mostBytes)
	case err != nil:
		return &fibonacco.Error{Code: fibonacco.Malformed, Message: "the call could not be read to its end", Err: err}
	}
	return to.Receive(r.Context(), fibonacco.WebhookRequest{URL: publicURL + r.URL.RequestURI(), Header: r.Header, Body: body})
}
