// Package api is the JSON interface under /api/v1 (D8): one file per resource, OpenAPI 3.1 made
// of the same types that do the work, problem+json for every error.
//
// A request passes, in this order: who is asking (signin.go), is it from one of our own pages
// (origin), how often (limit.go), which route, may they (permissions.go), is it well formed
// (query.go, decode.go), and then its resource's file. Everything comes through the contracts of
// the root package; a contract that is nil answers 501.
package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// Prefix is where the versioned interface begins.
const Prefix = "/api/v1"

// Options are the contracts the interface speaks to. A nil one is a module that this build does
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

	Limiter   fibonacco.Limiter // nil: no limit
	PerMinute float64           // requests of one principal; 0: no limit
	Clock     fibonacco.Clock   // the product's; nil means the machine's
	Log       *slog.Logger      // nil means slog.Default()
	PublicURL string            // of the product, in the specification; "" leaves it out
	Version   string            // of the product, in the specification; "" means "dev"
	// CrossOrigin refuses requests that another site made a signed-in browser send; nil means
	// http.CrossOriginProtection's defaults.
	CrossOrigin *http.CrossOriginProtection
}

// API is the interface. It implements http.Handler for everything under /api/v1, /api/openapi.json
// and /api/openapi.yaml.
type API struct {
	o       Options
	mux     *http.ServeMux
	huma    huma.API
	routes  []string
	uploads chan struct{}

	specJSON, specYAML func() ([]byte, error)
}

// New registers every route. Within the routes of Options nothing may be changed afterwards.
func New(o Options) *API {
	if o.Clock == nil {
		o.Clock = fibonacco.SystemClock{}
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.CrossOrigin == nil {
		o.CrossOrigin = http.NewCrossOriginProtection()
	}
	a := &API{o: o, mux: http.NewServeMux(), uploads: make(chan struct{}, uploadsAtOnce)}
	a.huma = huma.NewAPI(config(o), humago.NewAdapter(routes{a}, ""))
	a.huma.UseMiddleware(a.knownQuery)

	a.communities()
	a.smbs()
	a.programme()
	a.engagement()
	a.imports()
	a.campaigns()
	a.sends()
	a.queues()
	a.tokens()
	a.users()
	a.absent()

	a.describe()
	a.specJSON = sync.OnceValues(func() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() })
	a.specYAML = sync.OnceValues(func() ([]byte, error) { return a.huma.OpenAPI().YAML() })
	return a
}

// Routes is every route as registered, "GET /api/v1/smbs/{id}", sorted. Those that answer any
// method have none in front.
func (a *API) Routes() []string { return slices.Sorted(slices.Values(a.routes)) }

// Spec is the OpenAPI document, to be looked at and not changed.
func (a *API) Spec() *huma.OpenAPI { return a.huma.OpenAPI() }

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case r.URL.Path == "/api/openapi.json":
		a.serveSpec(w, r, "application/openapi+json", a.specJSON)
	case r.URL.Path == "/api/openapi.yaml":
		a.serveSpec(w, r, "application/openapi+yaml", a.specYAML)
	case r.URL.Path == Prefix || strings.HasPrefix(r.URL.Path, Prefix+"/"):
		if err := a.serve(w, r); err != nil {
			edge.Write(w, r, err)
		}
	default:
		edge.Write(w, r, edge.New(r.Context(), fibonacco.NotFound, "there is no such page: the interface is under "+Prefix))
	}
}

// serve passes a request through the checks in order; an error is the answer.
func (a *API) serve(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if err := readable(r); err != nil {
		return err
	}
	p, err := SignedIn(r, a.o.Access, a.o.CrossOrigin)
	if err != nil {
		return err
	}
	trace := edge.TraceOf(ctx)
	trace.Principal = p
	if err := a.limit(w, r, p); err != nil {
		return err
	}
	handler, pattern := a.mux.Handler(r)
	if pattern == "" {
		return edge.Unrouted(r, handler, "there is no such resource: /api/openapi.json lists them")
	}
	trace.Pattern = pattern
	if err := permit(pattern, p.Role); err != nil {
		return err
	}
	b := boundsOf(pattern)
	if r.ContentLength > b.bytes {
		return fibonacco.Errorf(fibonacco.TooLarge, "the body is larger than %d bytes", b.bytes)
	}
	r.Body = http.MaxBytesReader(w, r.Body, b.bytes)
	ctx, cancel := context.WithTimeout(withPrincipal(ctx, p), b.time)
	defer cancel()
	// The mux again, and not handler: only it fills in the path's values.
	a.mux.ServeHTTP(w, r.WithContext(ctx))
	return nil
}

// bounds are how much a request may bring and how long it may take.
type bounds struct {
	bytes int64
	time  time.Duration
}

func boundsOf(pattern string) bounds {
	if pattern == importRoute {
		return bounds{512 << 20, 15 * time.Minute}
	}
	return bounds{1 << 20, 30 * time.Second}
}

// routes is the mux as huma sees it: it notes what is registered.
type routes struct{ a *API }

func (m routes) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	m.a.handle(pattern, handler)
}

func (m routes) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.a.mux.ServeHTTP(w, r) }

func (a *API) handle(pattern string, handler http.HandlerFunc) {
	a.routes = append(a.routes, pattern)
	a.mux.HandleFunc(pattern, handler)
}

func (a *API) serveSpec(w http.ResponseWriter, r *http.Request, contentType string, text func() ([]byte, error)) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		edge.Write(w, r, edge.NotAllowed(r, "GET, HEAD"))
		return
	}
	edge.TraceOf(r.Context()).Pattern = r.URL.Path
	body, err := text()
	if err != nil {
		edge.Write(w, r, fmt.Errorf("write the specification: %w", err))
		return
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(body)
}
