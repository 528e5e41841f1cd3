// Package web is the one web server (D8). This file is the index of every URL. What is handed in
// are contracts of the root package; who may do what is one table, in web/api/permissions.go.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
	"github.com/fibonacco/fibonacco/web/clientip"
	"github.com/fibonacco/fibonacco/web/hook"
)

// Options are everything the server speaks to. A nil contract is a module that this build does
// not have: its routes answer 501.
type Options struct {
	api.Contracts

	// The webhooks of providers; nil ones answer 501.
	SESWebhook, RVMWebhook, TwilioWebhook fibonacco.Webhook

	// Ready is what this node leans on; nil means nothing that could fail.
	Ready   func(ctx context.Context) []fibonacco.Part
	Limiter fibonacco.Limiter // nil: no limits
	Metrics http.Handler      // what /metrics shows; nil means NewMetrics of Queues and Ready
	Clock   fibonacco.Clock   // the product's; nil means the machine's
	Log     *slog.Logger      // nil means slog.Default()
	Config  fibonacco.Config
	Version string // shown by /health and in the specification; "" means "dev"

	// Mounts add the pages (web/ui, web/public, web/static). They guard themselves; requests that
	// another site made a browser send do not reach them, except below CrossSitePaths.
	Mounts []func(*http.ServeMux)
}

// CrossSitePaths are where a changing request may come from anywhere, because the path or the form
// carries the proof and no cookie is looked at: one-click unsubscribe (RFC 8058) is sent by mail
// providers, and a browser that hides where a form comes from looks like another site.
var CrossSitePaths = []string{"/u/", "/approve", "/my/", "/review/r/"}

// New builds the server's handler.
//
//	GET  /health                          this process lives
//	GET  /ready                           what it leans on, part by part; 503 when it cannot serve
//	GET  /metrics                         Prometheus; a viewer's token, or from this machine
//	     /api/openapi.json, .yaml         the interface's specification
//	     /api/docs                        the same for people
//	     /api/v1/…                        the JSON interface, a file per resource in web/api:
//	GET POST          communities         GET PATCH DELETE communities/{id}, GET communities/{id}/smbs, …/stats
//	GET               communities/{id}/holidays   PUT DELETE communities/{id}/holidays/{day}
//	GET POST          smbs                GET PUT PATCH DELETE smbs/{id}
//	GET POST          segments            GET PUT DELETE segments/{uuid}
//	POST              smbs/bulk-update    POST smbs/bulk-update/preview, GET smbs/bulk-update/{uuid}/status, POST smbs/bulk-update/{uuid}/undo
//	POST              smbs/{id}/campaign/start, pause, resume   and smbs/campaign/… for many
//	GET               smbs/{id}/engagement, …/engagement/score, …/engagement/score/history
//	GET               smbs/{id}/explain, smbs/{id}/campaigns, smbs/{id}/approvals, …/bookings, …/reviews, …/coupons
//	GET POST          smbs/import         POST smbs/import/preview
//	GET               smbs/import/{uuid}/status, …/errors.csv   POST smbs/import/{uuid}/cancel, …/undo
//	GET POST          import-mappings     GET DELETE import-mappings/{uuid}
//	GET POST          smbs/{id}/consents  GET smbs/{id}/export, POST smbs/{id}/erase
//	GET POST          suppressions        GET DELETE suppressions/{id}, POST suppressions/import
//	GET               duplicates          POST duplicates/dismiss, duplicates/restore, GET smbs/{id}/duplicates
//	POST              smbs/{id}/merge     POST smbs/{id}/merge/preview, GET smbs/{id}/merges, POST merges/{uuid}/undo
//	GET POST          smbs/{id}/notes     DELETE smbs/{id}/notes/{note}
//	GET               contact-suggestions POST contact-suggestions/{id}/accept, dismiss, reopen
//	GET POST          campaigns           GET PUT campaigns/{id}, POST campaigns/{id}/activate, deactivate
//	GET               campaigns/{id}/versions, …/versions/{n}, …/preview, …/stats
//	GET               campaigns/figures   PUT DELETE campaigns/{id}/subject
//	POST              campaigns/{id}/test-send, campaigns/lint, campaigns/preview, campaigns/import
//	GET               campaign-sends
//	GET POST          rvm-drops           GET rvm-drops/{id}, GET smbs/{id}/rvm-drops, smbs/{id}/rvm-check
//	GET               voicemail           POST voicemail/pause, voicemail/resume
//	GET               campaign-sends/{id}/hits   PUT DELETE campaign-sends/{id}/verdict
//	POST              campaign-sends/{id}/settle
//	GET               tracking/rules      POST tracking/rejudge
//	GET               content             GET content/{slug}, …/article.pdf, …/handout.pdf, POST content/{slug}/track/start,
//	                  slide, complete, approval-click, download: open to everybody; GET content/{slug}/stats
//	GET               content/figures, content/{slug}/source, …/versions, …/views   PUT content/{slug}, POST content/{slug}/preview
//	GET               queues, queues/board, …/history, …/kinds, …/balance   POST queues/{name}/pause, resume; queues/pause, resume: all
//	GET               jobs, jobs/{id}     POST jobs/retry, cancel, delete
//	GET               sending             POST sending/pause, sending/resume
//	GET               deliverability      SPF, DKIM, DMARC, MX, TLS, the account, the mails
//	GET PATCH         settings            every setting with its source; the few that the database holds
//	GET POST          mail-test           one real mail, and what the server said
//	GET POST          tokens              DELETE tokens/{id}
//	GET POST          users               GET PATCH users/{id}, POST users/{id}/disable, enable, password, totp/reset
//	DELETE            users/{id}/sessions
//	POST DELETE       session             POST session/code: signing in and out
//	GET               me                  and below it one's own account, password, sessions, tokens, totp, passkeys
//	GET               approvals           GET DELETE approvals/{id}, POST approvals/{id}/provision
//	GET               provisioning-tasks  POST provisioning-tasks/{id}/retry, complete, fail
//	POST              smbs/{id}/approval-link, smbs/{id}/owner-link, smbs/{id}/revoke-links
//	                  inbound, command-center, ai, analytics
//	                  not part of this build: 501
//	POST /webhooks/ses, rvm, twilio       providers' webhooks, web/hook
//	     /…                               pages, as mounted: web/ui (staff), web/public (links in
//	                                      mails: /track /u /learn /approve /booking /my /review/r; for
//	                                      anybody: /b /book /events /reviews /coupon), web/static
func New(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(MetricsOptions{Queues: o.Queues, Ready: o.Ready, Version: o.Version})
	}
	origin := crossOrigin(o.Config.HTTP.PublicURL)
	s := &server{o: o, origin: origin}
	rest := api.New(api.Options{
		Contracts: o.Contracts, Limiter: o.Limiter, PerMinute: o.Config.HTTP.APIPerMinute, Clock: o.Clock, Log: o.Log,
		PublicURL: o.Config.HTTP.PublicURL, Version: o.Version, CrossOrigin: origin,
	})
	proxies, err := clientip.Parse(o.Config.HTTP.TrustProxy)
	if err != nil { // package config lets none through; without proxies nobody's header is believed
		o.Log.Error("the proxies cannot be read", "error", err)
	}
	hooks := hook.New(hook.Options{SES: o.SESWebhook, RVM: o.RVMWebhook, Twilio: o.TwilioWebhook, PublicURL: strings.TrimSuffix(o.Config.HTTP.PublicURL, "/")})
	pages := s.pages()

	// The interface and the pages have a mux each: a page may then claim "GET /" without standing
	// in the way of /api, whose routes know their own methods.
	route := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case path == "/health":
			s.get(w, r, "/health", s.health)
		case path == "/ready":
			s.get(w, r, "/ready", s.ready)
		case path == "/metrics":
			s.get(w, r, "/metrics", s.metrics)
		case path == "/api" || strings.HasPrefix(path, "/api/"):
			rest.ServeHTTP(w, r)
		case strings.HasPrefix(path, "/webhooks/"):
			s.bounded(hooks).ServeHTTP(w, r)
		default:
			pages.ServeHTTP(w, r)
		}
	})
	return s.traced(s.recovered(s.headed(proxies.Note(route))))
}

type server struct {
	o      Options
	origin *http.CrossOriginProtection
}

// crossOrigin trusts the public address too: behind a proxy that rewrites Host, a browser's
// Origin matches only that.
func crossOrigin(publicURL string) *http.CrossOriginProtection {
	p := http.NewCrossOriginProtection()
	if u, err := url.Parse(publicURL); err == nil && u.Scheme != "" && u.Host != "" {
		_ = p.AddTrustedOrigin(u.Scheme + "://" + u.Host) // cannot fail for these two
	}
	return p
}
