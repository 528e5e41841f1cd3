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
	"github.com/fibonacco/fibonacco/web/hook"
)

// Options are everything the server speaks to. A nil contract is a module that this build does
// not have: its routes answer 501.
type Options struct {
	Access      fibonacco.AccessService
	SMBs        fibonacco.SMBService
	Directory   fibonacco.SMBDirectory
	Communities fibonacco.CommunityService
	Programme   fibonacco.Programme
	Explainer   fibonacco.Explainer
	Importer    fibonacco.Importer
	Campaigns   fibonacco.CampaignDirectory
	Mailing     fibonacco.CampaignMailing
	Queues      fibonacco.Queues

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

// CrossSitePaths are where a changing request may come from anywhere, because the path itself
// carries the proof: one-click unsubscribe (RFC 8058) is sent by mail providers.
var CrossSitePaths = []string{"/u/"}

// New builds the server's handler.
//
//	GET  /health                          this process lives
//	GET  /ready                           what it leans on, part by part; 503 when it cannot serve
//	GET  /metrics                         Prometheus; a viewer's token, or from this machine
//	     /api/openapi.json, .yaml         the interface's specification
//	     /api/v1/…                        the JSON interface, a file per resource in web/api:
//	GET POST          communities         GET communities/{id}, GET communities/{id}/smbs
//	GET POST          smbs                GET PUT PATCH DELETE smbs/{id}
//	POST              smbs/{id}/campaign/start, pause, resume   and smbs/campaign/… for many
//	GET               smbs/{id}/engagement/score, smbs/{id}/explain, smbs/{id}/campaigns
//	POST              smbs/import         GET smbs/import/{uuid}/status
//	GET               campaigns           GET campaigns/{id}, GET campaign-sends
//	GET               queues
//	GET POST          tokens              DELETE tokens/{id}, POST users
//	                  content, approvals, inbound, command-center, ai, analytics, rvm-drops,
//	                  provisioning-tasks  not part of this build: 501
//	POST /webhooks/ses, rvm, twilio       providers' webhooks, web/hook
//	     /…                               pages, as mounted: web/ui (staff), web/public (links in
//	                                      mails: /t /track /u /learn /approve), web/static
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
		Access: o.Access, SMBs: o.SMBs, Directory: o.Directory, Communities: o.Communities, Programme: o.Programme,
		Explainer: o.Explainer, Importer: o.Importer, Campaigns: o.Campaigns, Mailing: o.Mailing, Queues: o.Queues,
		Limiter: o.Limiter, PerMinute: o.Config.HTTP.APIPerMinute, Clock: o.Clock, Log: o.Log,
		PublicURL: o.Config.HTTP.PublicURL, Version: o.Version, CrossOrigin: origin,
	})
	hooks := hook.New()
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
	return s.traced(s.recovered(s.headed(route)))
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
