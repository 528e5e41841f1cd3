// Package hook takes the webhooks of providers: POST /webhooks/ses, /rvm and /twilio (R7). Each
// will prove itself or be refused. The adapters that can check the proofs are not part of this
// build yet, so each answers 501 and changes nothing: nothing is ever believed unproven.
package hook

import (
	"net/http"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// webhooks are the specification's, and the adapter that each waits for.
var webhooks = []struct{ path, adapter string }{
	{"/webhooks/ses", "Amazon SES adapter"},
	{"/webhooks/rvm", "Drop Cowboy adapter"},
	{"/webhooks/twilio", "Twilio adapter"},
}

// New serves everything under /webhooks/.
func New() http.Handler {
	mux := http.NewServeMux()
	for _, h := range webhooks {
		mux.HandleFunc(h.path, func(w http.ResponseWriter, r *http.Request) {
			edge.TraceOf(r.Context()).Pattern = h.path
			if r.Method != http.MethodPost {
				edge.Write(w, r, edge.NotAllowed(r, http.MethodPost))
				return
			}
			edge.Write(w, r, fibonacco.Errorf(fibonacco.NotImplemented, "The %s is not part of this build yet.", h.adapter))
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		edge.Write(w, r, fibonacco.Errorf(fibonacco.NotFound, "there is no such webhook"))
	})
	return mux
}
