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
	"github.com/fibonacco/fibonacco/web/api/docs"
	"github.com/fibonacco/fibonacco/web/api/edge"
	"github.com/fibonacco/fibonacco/web/clientip"
)

// Prefix is where the versioned interface begins.
const Prefix = "/api/v1"

// Contracts are what the interface speaks to. A nil one is a module that this build does not have:
// its routes answer 501.
type Contracts struct {
	Access         fibonacco.AccessService
	SMBs           fibonacco.SMBService
	Directory      fibonacco.SMBDirectory
	Communities    fibonacco.CommunityService
	Programme      fibonacco.Programme
	Explainer      fibonacco.Explainer
	Importer       fibonacco.Importer
	Campaigns      fibonacco.CampaignDirectory
	Mailing        fibonacco.CampaignMailing
	Learning       fibonacco.LearningCenter
	Approvals      fibonacco.ApprovalDesk
	Queues         fibonacco.Queues
	QueueControl   fibonacco.QueueControl
	Jobs           fibonacco.JobDesk
	Segments       fibonacco.SegmentService
	Bulk           fibonacco.BulkService
	Consents       fibonacco.ConsentService
	Privacy        fibonacco.PrivacyService
	Merges         fibonacco.MergeService
	Records        fibonacco.SMBRecords
	Notes          fibonacco.NoteService
	Suggestions    fibonacco.ContactSuggestions
	Audit          fibonacco.AuditLog
	Sending        fibonacco.SendingControl
	Editor         fibonacco.CampaignEditor
	Previewer      fibonacco.CampaignPreviewer
	Reporter       fibonacco.CampaignReporter
	Libraries      fibonacco.CampaignLibraries
	Holidays       fibonacco.HolidayService
	Voicemail      Voicemail
	Tracking       fibonacco.TrackingVerdicts
	Deliverability fibonacco.DeliverabilityDoctor
	Bookings       fibonacco.BookingDirectory
	Reviews        fibonacco.ReviewDirectory
	Coupons        fibonacco.CouponDirectory
	Settings       fibonacco.SettingsService
	MailTests      fibonacco.MailTester
	Idempotency    fibonacco.Idempotency // nil: a request with an Idempotency-Key is answered 501
}

// Options are the contracts, and how the interface goes about it.
type Options struct {
	Contracts

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

// Voicemail is everything about voicemails that the interface speaks to.
type Voicemail interface {
	fibonacco.CampaignVoicemail
	fibonacco.VoicemailDirectory
	fibonacco.VoicemailChecker
	fibonacco.VoicemailControl
}

// API is the interface. It implements http.Handler for everything under /api/v1 and /api/docs, for
// /api/openapi.json and /api/openapi.yaml.
type API struct {
	o       Options
	mux     *http.ServeMux
	huma    huma.API
	routes  []string
	uploads chan struct{}
	exports chan struct{}
	lists   map[string]bool                    // routes that export
	rules   map[string]func(body []byte) error // by operation id

	specJSON, specYAML func() ([]byte, error)
	docs               *docs.Docs
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
	a := &API{o: o, mux: http.NewServeMux(), uploads: make(chan struct{}, uploadsAtOnce), exports: make(chan struct{}, exportsAtOnce), lists: map[string]bool{}, rules: map[string]func([]byte) error{}}
	a.huma = huma.NewAPI(config(o), humago.NewAdapter(routes{a}, ""))
	a.huma.UseMiddleware(a.withExchange)

	a.communities()
	a.smbs()
	a.segments()
	a.bulk()
	a.programme()
	a.engagement()
	a.bookings()
	a.reviews()
	a.coupons()
	a.imports()
	a.importMappings()
	a.consents()
	a.suppressions()
	a.suppressionFiles()
	a.privacy()
	a.merges()
	a.notes()
	a.suggestions()
	a.campaigns()
	a.sends()
	a.voicemail()
	a.voicemailControl()
	a.tracking()
	a.content()
	a.approvals()
	a.queues()
	a.queueControl()
	a.jobs()
	a.sending()
	a.deliverability()
	a.settings()
	a.tokens()
	a.users()
	a.sessions()
	a.me()
	a.audit()
	a.absent()

	a.describe()
	a.specJSON = sync.OnceValues(func() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() })
	a.docs = docs.New(a.huma.OpenAPI(), ruleInWords)
	a.specYAML = sync.OnceValues(func() ([]byte, error) { return a.huma.OpenAPI().YAML() })
	return a
}

// Routes is every route as registered, "GET /api/v1/smbs/{id}", sorted. Those that answer any
// method have none in front.
func (a *API) Routes() []string { return slices.Sorted(slices.Values(a.routes)) }

// Spec is the OpenAPI document, to be looked at and not changed.
func (a *API) Spec() *huma.OpenAPI { return a.huma.OpenAPI() }

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(to http.ResponseWriter, r *http.Request) {
	w := newOutgoing(to, r)
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case r.URL.Path == "/api/openapi.json":
		a.serveSpec(w, r, "application/openapi+json", a.specJSON)
	case r.URL.Path == "/api/openapi.yaml":
		a.serveSpec(w, r, "application/openapi+yaml", a.specYAML)
	case r.URL.Path == docs.Path || strings.HasPrefix(r.URL.Path, docs.Path+"/"):
		a.serveReference(w, r)
	case r.URL.Path == Prefix || strings.HasPrefix(r.URL.Path, Prefix+"/"):
		if err := a.serve(w, r); err != nil {
			edge.Write(w, r, err)
		}
	default:
		edge.Write(w, r, edge.New(r.Context(), fibonacco.NotFound, "there is no such page: the interface is under "+Prefix+", and "+docs.Path+" explains it"))
	}
	w.finish()
}

// serve passes a request through the checks in order; an error is the answer.
func (a *API) serve(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if err := readable(r); err != nil {
		return err
	}
	if r.Method == http.MethodOptions {
		return a.options(w, r)
	}
	if _, pattern := a.mux.Handler(r); Permissions[pattern] == everybody {
		return a.open(w, r, pattern)
	}
	p, err := SignedIn(r, a.o.Access, a.o.CrossOrigin)
	if err != nil {
		return err
	}
	trace := edge.TraceOf(ctx)
	trace.Principal = p
	p = asking(p, r, trace)
	if err := a.limit(w, r, budgetOf(p)); err != nil {
		return err
	}
	handler, pattern := a.mux.Handler(r)
	if pattern == "" {
		return edge.Unrouted(r, handler, noResource)
	}
	trace.Pattern = pattern
	if err := permit(pattern, p); err != nil {
		return err
	}
	b := boundsOf(pattern)
	if a.lists[pattern] && isExport(r) {
		b.time = exportMost
	}
	if r.ContentLength > b.bytes {
		return fibonacco.Errorf(fibonacco.TooLarge, "the body is larger than %d bytes", b.bytes)
	}
	r.Body = http.MaxBytesReader(w, r.Body, b.bytes)
	ctx, cancel := context.WithTimeout(fibonacco.WithPrincipal(ctx, p), b.time)
	defer cancel()
	return a.answer(w, r.WithContext(ctx), p, b)
}

// asking is p as this request has it: a copy, because p may be shared by others.
func asking(p *fibonacco.Principal, r *http.Request, trace *edge.Trace) *fibonacco.Principal {
	who := *p
	who.RequestID = trace.RequestID
	who.IP = clientip.Of(r)
	return &who
}

// bounds are how much a request may bring and how long it may take.
type bounds struct {
	bytes int64
	time  time.Duration
}

func boundsOf(pattern string) bounds {
	switch pattern {
	case importRoute, previewRoute:
		return bounds{512 << 20, 15 * time.Minute}
	case importErrorsRoute:
		return bounds{1 << 20, 15 * time.Minute}
	case suppressionsRoute:
		return bounds{suppressionsMost, 15 * time.Minute}
	case libraryRoute:
		return bounds{libraryMost, 2 * time.Minute}
	case archiveRoute:
		return bounds{1 << 20, 15 * time.Minute}
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
