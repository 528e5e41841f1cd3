// Package ui is what staff see: server-rendered pages over the root's contracts, made with templ
// and a little htmx. It holds no data and knows no table.
//
// A page is three things: a handler that asks the contracts (overview.go, business.go, …), a
// .templ file of the same name that shows the answer, and words.go and format.go, which say
// stored values in words people read. live.go pushes the overview while it is open. Pages work
// without JavaScript; scripts add liveness, the search dialog and the theme switch.
package ui

import (
	"log/slog"
	"net/http"
	"net/url"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/static"
)

// Deps is what the pages are made from.
type Deps struct {
	Analytics    fibonacco.Analytics
	Queues       fibonacco.Queues
	Directory    fibonacco.SMBDirectory
	SMBs         fibonacco.SMBService
	Communities  fibonacco.CommunityService
	Campaigns    fibonacco.CampaignDirectory
	Explainer    fibonacco.Explainer
	Programme    fibonacco.Programme
	Access       fibonacco.AccessService
	Mailbox      fibonacco.Mailbox // nil unless the built-in catcher takes the mail
	Clock        fibonacco.Clock
	ClockControl fibonacco.ClockControl // nil unless the clock is virtual
	Bulletin     fibonacco.Bulletin     // nil: live pages look every few seconds by themselves

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
}

// Mount adds every page, and the files of package static, to mux. It takes "/" too, for a "not
// found" page in the product's own look. This is the index of every URL.
func Mount(mux *http.ServeMux, d Deps) {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	u := &ui{Deps: d}
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
		mux.Handle(pattern, sameSite.Handler(secure(h)))
	}
	page := func(pattern string, least fibonacco.Role, h handler) { route(pattern, u.staff(least, h)) }

	mux.Handle(static.Prefix, static.Handler())
	mux.Handle("GET /favicon.ico", http.RedirectHandler(static.URL("favicon.svg"), http.StatusFound))
	route("GET /login", http.HandlerFunc(u.signInForm))
	route("POST /login", http.HandlerFunc(u.signIn))
	route("POST /logout", http.HandlerFunc(u.signOut))

	page("GET /{$}", fibonacco.Viewer, func(w http.ResponseWriter, r *http.Request) error {
		http.Redirect(w, r, "/overview", http.StatusFound)
		return nil
	})
	page("GET /overview", fibonacco.Viewer, u.overview)
	page("GET /overview/events", fibonacco.Viewer, u.overviewEvents)
	page("GET /find", fibonacco.Viewer, u.find)
	page("GET /businesses", fibonacco.Viewer, u.businesses)
	page("GET /businesses/{id}", fibonacco.Viewer, u.business)
	page("POST /businesses/{id}/start", fibonacco.Operator, u.startBusiness)
	page("POST /businesses/{id}/pause", fibonacco.Operator, u.pauseBusiness)
	page("POST /businesses/{id}/resume", fibonacco.Operator, u.resumeBusiness)
	page("GET /programme", fibonacco.Viewer, u.programme)
	page("GET /programme/{id}", fibonacco.Viewer, u.campaign)
	page("GET /queues", fibonacco.Viewer, u.queues)
	if d.Mailbox != nil {
		page("GET /mailbox", fibonacco.Viewer, u.mailbox)
		page("GET /mailbox/{id}", fibonacco.Viewer, u.mail)
		page("GET /mailbox/{id}/html", fibonacco.Viewer, u.mailHTML)
		page("GET /mailbox/{id}/source", fibonacco.Viewer, u.mailSource)
	}
	if d.ClockControl != nil {
		page("POST /clock", fibonacco.Operator, u.setSpeed)
	}
	page("/", fibonacco.Viewer, func(http.ResponseWriter, *http.Request) error {
		return fibonacco.Errorf(fibonacco.NotFound, "There is no page at this address.")
	})
}
