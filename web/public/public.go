// Package public is what recipients see without signing in: the pixel and links of a mail, the
// preference page, and the learning pages. Everything works without a script, a cookie or a login,
// on a telephone and through a mail scanner's hands: GET and HEAD change nothing but the list of hits
// (R5), and a link is worth what its signature proves (R6).
//
// The pages take their look from /static/public.css, which web/static puts together.
package public

import (
	"bytes"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// Deps is what the pages lean on. All but Booking, Limiter, Log, Clock and Company's address are needed.
type Deps struct {
	Tracker      fibonacco.Tracker
	Unsubscriber fibonacco.Unsubscriber
	Resubscriber fibonacco.Resubscriber
	Pages        fibonacco.LearningPages
	Prints       fibonacco.LearningPrints // makes papers of them; nil offers none
	Owners       fibonacco.BusinessOwners // lets a business into its own pages
	Approvals    fibonacco.ApprovalPages  // the yes to a service, and what follows it
	Booking      fibonacco.BookingService // nil: there are no booking pages
	Reviews      fibonacco.ReviewService
	Coupons      fibonacco.CouponService
	Business     fibonacco.BusinessPages   // what businesses say of themselves
	Events       fibonacco.CommunityEvents // calendars of communities
	Chats        fibonacco.Chats           // nil when there is no chat
	Assistants   fibonacco.Assistants      // likewise, for owners
	Clock        fibonacco.Clock           // the product's; nil means the machine's
	Limiter      fibonacco.Limiter         // nil: no limits
	Company      fibonacco.CompanyConfig   // signs every page
	PublicURL    string                    // base of this server as recipients know it
	Log          *slog.Logger              // nil means slog.Default()
}

// site answers the public requests.
type site struct{ Deps }

// Mount registers the public pages. Each part lists its own, with a page that says so for everything
// else under its paths.
func Mount(mux *http.ServeMux, d Deps) {
	s := newSite(d)
	for _, part := range []routes{
		s.mailRoutes(),
		s.learnRoutes(),
		s.approveRoutes(),
		s.ownerRoutes(),
		s.bookRoutes(),
		s.reviewRoutes(),
		s.couponRoutes(),
		s.businessRoutes(),
		s.ownPageRoutes(),
		s.eventRoutes(),
		s.ownEventRoutes(),
		s.chatRoutes(),
		s.assistantRoutes(),
	} {
		for pattern, handle := range part {
			mux.Handle(pattern, guarded(handle))
		}
	}
}

// routes are the patterns of one part with what answers them.
type routes map[string]http.HandlerFunc

// mailRoutes are where the links of a mail lead:
//
//	GET  /track/open/{token}   the pixel, whatever the token is worth
//	GET  /track/click/{token}  on to where a mail's link leads
//	GET  /u/{token}            the preference page
//	POST /u/{token}            one-click unsubscribe (RFC 8058), or the page's own form
//	GET  /u/confirm/{token}    asks whether mail is wanted
//	POST /u/confirm/{token}    it is
func (s *site) mailRoutes() routes {
	return routes{
		"GET /track/open/{token}":  s.open,
		"GET /track/click/{token}": s.click,
		"GET /u/{token}":           s.preferences,
		"POST /u/{token}":          s.changePreferences,
		"GET /u/confirm/{token}":   s.confirmation,
		"POST /u/confirm/{token}":  s.confirm,
		"/track/":                  s.notFound,
		"/u/":                      s.notFound,
	}
}

// NotFound is the public page for a URL that leads nowhere, for the rest of the server.
func NotFound(d Deps) http.Handler { return guarded(newSite(d).notFound) }

func newSite(d Deps) *site {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	if d.Company.Name == "" {
		d.Company.Name = "Your local media company"
	}
	if d.Clock == nil {
		d.Clock = fibonacco.SystemClock{}
	}
	d.PublicURL = strings.TrimRight(d.PublicURL, "/")
	return &site{d}
}

// policy lets a page load our own style sheets, fonts and pictures, post to us, and nothing else.
const policy = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guarded sets what holds for every answer: addresses hold tokens, so that they are neither kept
// by a cache nor told to the next site.
func guarded(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Robots-Tag", "noindex")
		next(w, r)
	})
}

// show answers with a page. It is made as a whole first, in memory that is used again: then its length is
// known, and one that cannot be made is no half of a page.
func (s *site) show(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	text := pageBuffers.Get().(*bytes.Buffer) //nolint:forcetypeassert // nothing else is put there
	defer func() {
		if text.Cap() <= bufferKept {
			text.Reset()
			pageBuffers.Put(text)
		}
	}()
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if err := page.Render(r.Context(), text); err != nil {
		if r.Context().Err() == nil {
			s.Log.Error("a public page was not made", "error", err)
		}
		text.Reset()
		text.WriteString("This did not work just now. The fault is ours. Please try again in a minute.")
		h.Set("Content-Type", "text/plain; charset=utf-8")
		status = http.StatusInternalServerError
	}
	h.Set("Content-Length", strconv.Itoa(text.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // nobody to tell
}

// bufferKept is the most of memory that waits for the next page; an owner's list may be longer than that.
const bufferKept = 256 << 10

var pageBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (s *site) notFound(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusNotFound, s.message("This link leads nowhere",
		"Part of it may be missing. Press the button in the email once more, or copy the whole address.",
		"If it still does not work, reply to the email: a person reads it."))
}

// signature is who stands behind a page.
func (s *site) signature() string {
	if s.Company.PostalAddress == "" {
		return s.Company.Name
	}
	return s.Company.Name + ", " + s.Company.PostalAddress
}

// refuse answers an error: a page that says what can be done, and the details to the log.
func (s *site) refuse(w http.ResponseWriter, r *http.Request, doing string, err error) {
	if fibonacco.CodeOf(err) == fibonacco.NotFound {
		s.notFound(w, r)
		return
	}
	if r.Context().Err() == nil { // nobody waits for the answer otherwise
		s.Log.Error("a public request failed", "doing", doing, "error", err)
	}
	w.Header().Set("Retry-After", "30")
	s.show(w, r, http.StatusServiceUnavailable, s.message("This did not work just now",
		"The fault is ours. Nothing was changed. Please try again in a minute."))
}
