// Package ui is what staff see: server-rendered pages over the root's contracts, made with templ
// and a little htmx. It holds no data and knows no table.
//
// A page is three things: a handler that asks the contracts (overview.go, business.go, …), a
// .templ file of the same name that shows the answer, and words.go and format.go, which say
// stored values in words people read. live.go pushes the overview and lists while they are open.
// Pages work without JavaScript; scripts add liveness, the search dialog, shortcuts and the theme switch.
package ui

import (
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
	"github.com/fibonacco/fibonacco/web/static"
)

// Deps is what the pages are made from.
type Deps struct {
	api.Contracts
	Analytics    fibonacco.Analytics
	Services     []fibonacco.Offering // what can be approved, in words
	Mailbox      fibonacco.Mailbox    // nil unless the built-in catcher takes the mail
	Clock        fibonacco.Clock
	ClockControl fibonacco.ClockControl // nil unless the clock is virtual
	Bulletin     fibonacco.Bulletin     // nil: live pages look every few seconds by themselves

	// RiverAPI answers River's own pages below RiverPrefix + "/api/" (queue.RiverAPI); nil: there are none.
	RiverAPI http.Handler

	Setup fibonacco.SetupService // nil: there is nothing to set up, as in the demo
	// LearningPage is a learning page as visitors get it (web/public), for those who write it.
	LearningPage func(*fibonacco.LearningPage) templ.Component

	// Demo, when not nil, is who every visitor is: nobody signs in. For `fibonacco demo` only.
	Demo *fibonacco.Principal

	Company       fibonacco.CompanyConfig
	PublicURL     string // base of the links in mails; their pictures may be shown in the mailbox
	SecureCookies bool   // set when the product is served over https
	Log           *slog.Logger
}

// ui is the pages with what they share.
type ui struct {
	Deps
	pixels string // origin of PublicURL, for the mailbox's policy
	live   snapshots
	health healthKept
	page   func(h handler) http.Handler // for admins, whatever the pattern
	setUp  atomic.Bool                  // nobody has to be asked any more whether it is

	tallies tallies
	exports chan struct{}
	boards  boards
}

// Mount adds every page, and the files of package static, to mux. It takes "/" too, for a "not
// found" page in the product's own look. This is the index of every URL, with mountSignIn for what
// is open to everybody and mountAccount for one's own account. Who may ask for what is api.Pages.
func Mount(mux *http.ServeMux, d Deps) {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	u := &ui{Deps: d, exports: make(chan struct{}, exportsMost)}
	if base, err := url.Parse(d.PublicURL); err == nil && base.Host != "" {
		u.pixels = base.Scheme + "://" + base.Host
	}
	// A form of another site is refused by what browsers say about where it comes from; the
	// session cookie would not go along with it either.
	sameSite := http.NewCrossOriginProtection()
	if u.pixels != "" {
		_ = sameSite.AddTrustedOrigin(u.pixels) // an origin by its making, so this cannot fail
	}
	route := func(pattern string, h http.Handler) {
		mux.Handle(pattern, sameSite.Handler(secure(api.Compressed(h))))
	}
	page := func(pattern string, h handler) { route(pattern, u.staff(ruleOf(pattern), h)) }

	mux.Handle(static.Prefix, static.Handler())
	mux.Handle("GET /favicon.ico", http.RedirectHandler(static.URL("favicon.svg"), http.StatusFound))
	u.mountSignIn(route)
	u.page = func(h handler) http.Handler { return u.staff(ruleOf("GET /setup/start"), h) }

	page("GET /{$}", func(w http.ResponseWriter, r *http.Request) error {
		http.Redirect(w, r, "/overview", http.StatusFound)
		return nil
	})
	page("GET /overview", u.overview)
	page("GET /overview/events", u.overviewEvents)
	page("GET /find", u.find)
	page("GET /businesses/{id}", u.business)
	page("POST /businesses/{id}/start", u.startBusiness)
	page("POST /businesses/{id}/pause", u.pauseBusiness)
	page("POST /businesses/{id}/resume", u.resumeBusiness)
	u.mountRecord(route, page)
	u.mountConsents(page)
	u.mountSuggestions(page)
	u.mountDuplicates(page)
	u.mountOwnerLinks(page)
	page("GET /menu", u.menu)
	page("GET /audit", u.audit)
	u.mountBusinesses(page)
	u.mountSegments(page)
	u.mountInline(page)
	u.mountBulk(page)
	u.mountNewBusiness(page)
	u.mountCommunities(page)
	u.mountProgramme(page)
	u.mountLearning(page)
	u.mountImports(page)
	u.mountApprovals(page)
	u.mountSends(page)
	u.mountVoicemails(page)
	u.mountQueues(page)
	u.mountRiver(route, page)
	u.mountTeam(page)
	u.mountSettings(page)
	u.mountSetup(route, page)
	u.mountAccount(page)
	u.mountMailbox(page)
	if d.ClockControl != nil {
		page("POST /clock", u.setSpeed)
	}
	page("/", func(http.ResponseWriter, *http.Request) error {
		return fibonacco.Errorf(fibonacco.NotFound, "There is no page at this address.")
	})
}
