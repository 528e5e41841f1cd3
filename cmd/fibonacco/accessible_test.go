//go:build a11y

package main

import (
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Every page that the public or an owner sees, in light and in dark, on a telephone and on a screen, is
// held to axe-core: it finds nothing serious. `make check-a11y` fetches axe-core and runs this.
func TestPublicPagesAreAccessible(t *testing.T) {
	axe, err := os.ReadFile(os.Getenv("FIBONACCO_TEST_AXE"))
	must(t, "axe-core", err)
	w := settleTown(t, db.SQLite)
	w.start([]owner{{smb: 1, business: "Marisol Hair Studio", mail: "marisol@example.com"}})
	pages := w.furnish()
	for _, width := range walkWidths {
		for _, scheme := range schemes {
			b := browse(t, width, 900)
			b.audits(string(axe), scheme, pages)
			b.ends()
		}
	}
}

var schemes = []string{"light", "dark"}

// The same of every page that staff see, with all that opens in it opened, and of the dialogs.
func TestStaffPagesAreAccessible(t *testing.T) {
	axe, err := os.ReadFile(os.Getenv("FIBONACCO_TEST_AXE"))
	must(t, "axe-core", err)
	w, guests := settleHouse(t)
	admin := guests["Ada Admin"]
	var pages []audited
	for _, p := range findPages(t, admin, seldom(w)...) {
		if p.whole {
			pages = append(pages, audited{path: w.base + p.path}, audited{path: w.base + p.path, do: `document.querySelectorAll("main details").forEach(d => d.open = true)`})
		}
	}
	pages = append(
		pages,
		audited{path: w.base + "/overview", do: `document.querySelector("[data-find]").click()`},
		audited{path: w.base + "/overview", do: `document.querySelector("[data-keys-open]").click()`},
		audited{path: w.base + "/sends?status=sent,unknown"}, audited{path: w.base + "/sends?campaign_id=HOOK-099"}, audited{path: w.base + "/login?again=1"},
		audited{path: w.base + "/no-such-page", refused: true}, audited{path: w.base + "/sends?status=gone", refused: true}, audited{path: w.base + "/password/x", refused: true},
	)
	for _, width := range walkWidths {
		for _, scheme := range schemes {
			b := staffBrowser(t, admin, width)
			b.audits(string(axe), scheme, pages)
			b.ends()
		}
	}
}

// audits looks at pages in one colour scheme.
func (b *browser) audits(axe, scheme string, pages []audited) {
	b.Helper()
	_, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: axe})
	must(b.T, "axe-core", err)
	_, err = chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	must(b.T, scheme, err)
	for _, p := range pages {
		b.audit(p, scheme)
	}
}

// audited is a page, and what is done on it before it is looked at.
type audited struct {
	path    string
	press   string // what the button says; "" presses none
	do      string // a script that opens what opens; "" leaves the page as it comes
	slide   int    // how often the presentation is asked for its next slide
	refused bool   // a link that opens nothing
}

// structural is what axe-core calls moderate and pages are held to all the same: headings without a gap,
// and parts that can be told from one another by their names.
var structural = []string{"heading-order", "landmark-unique"}

// audit reports what axe-core finds on a page. What is minor is worth a line; contrast, names and structure
// that shut somebody out are errors.
func (b *browser) audit(p audited, scheme string) {
	b.Helper()
	b.goTo(p.path)
	b.until("all of it", `document.readyState === "complete"`)
	status, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`performance.getEntriesByType("navigation")[0].responseStatus`))
	if err != nil || (status != 200) != p.refused {
		b.Errorf("%s answers %d, %v", p.path, status, err)
	}
	for range p.slide {
		b.run(`document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true, cancelable: true}))`)
	}
	if p.do != "" {
		b.run(p.do)
	}
	if p.press != "" {
		b.presses(p.press)
		b.until("the page after it", `document.readyState === "complete" && !!document.querySelector("[role=alert]")`)
	}
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.flatMap(v =>
		v.nodes.map(n => v.impact + " " + v.id + ": " + n.html.slice(0, 200) + " — " + (n.any[0] || n.all[0] || n.none[0] || {message: v.help}).message)))`,
		chromedp.EvalAwaitPromise))
	must(b.T, p.path, err)
	for _, one := range found {
		where := []any{b.width, scheme, p.press + p.do, strings.TrimPrefix(p.path, "http://"), one}
		if strings.HasPrefix(one, "serious") || strings.HasPrefix(one, "critical") ||
			slices.ContainsFunc(structural, func(rule string) bool { return strings.Contains(one, " "+rule+": ") }) {
			b.Errorf("%d %s %s%s: %s", where...)
			continue
		}
		b.Logf("%d %s %s%s: %s", where...)
	}
}

// furnish gives business 1 every service with something in it, and lists the pages that come of it.
func (w *town) furnish() (pages []audited) {
	w.Helper()
	ctx, a, now := w.Context(), w.app, w.app.clock.Now()
	signer, err := openSigner(a.cfg)
	must(w.T, "signer", err)
	ask := func(service string) string {
		return signer.SignApproval(fibonacco.ApprovalClaim{SMBID: 1, ServiceType: service, SourceID: "HOOK-004", Expires: now.Add(48 * time.Hour)})
	}
	receipt := ""
	services := []string{"listing_claim", "appointment_booking", "review_automation", "coupon_campaign", "event_posting", "ai_receptionist"}
	for _, service := range services {
		receipt, err = a.approval.Approve(ctx, ask(service), fibonacco.ApprovalRequest{Name: "Marisol Ortiz", Email: "marisol@example.com", ContactConsent: true})
		must(w.T, service, err)
	}
	waitFor(w.T, "all services", func() bool {
		return len(w.rows(`SELECT service_type FROM approvals WHERE status = 'provisioned'`)) == len(services)
	})
	must(w.T, "page", a.listing.PublishPage(ctx, 1, true))
	must(w.T, "booking", a.booking.OpenBooking(ctx, 1, true))
	must(w.T, "reviews", a.reviews.OpenReviews(ctx, 1, true))
	for _, who := range []string{"Ann", "Lee"} {
		must(w.T, "review", a.reviews.WriteReview(ctx, "marisol-hair-studio", fibonacco.ReviewDraft{
			FormKey: who, ClientIP: "192.0.2.1", Stars: 4, Body: "Quick, kind and on time. I would go again.", Name: who,
		}))
	}
	desk, err := a.reviews.ReviewDesk(ctx, 1, 0)
	must(w.T, "reviews", err)
	must(w.T, "review", a.reviews.PublishReview(ctx, 1, desk.Waiting[0].ID))
	_, err = a.reviews.AskForReviews(ctx, 1, fibonacco.ReviewAsk{Customers: "Ana Lopez, ana@example.com", Statement: true})
	must(w.T, "ask", err)
	coupon, err := a.coupons.SaveCoupon(ctx, 1, 0, fibonacco.CouponDraft{Title: "A free rinse", Terms: "With any cut.", TotalLimit: "50", Ends: now.Add(30 * 24 * time.Hour).Format(time.DateOnly)}, true)
	must(w.T, "coupon", err)
	sale, err := a.coupons.CouponDesk(ctx, 1)
	must(w.T, "coupons", err)
	event, err := a.calendar.SaveEvent(ctx, 1, 0, fibonacco.EventDraft{Title: "Open evening", About: "Tea, and a look around.", Place: "18 Wharf Street", Day: now.Add(72 * time.Hour).Format(time.DateOnly), Starts: "19:00"})
	must(w.T, "event", err)
	must(w.T, "event", a.calendar.PublishEvent(ctx, 1, event))
	must(w.T, "assistant", a.chats.SetAssistant(ctx, 1, fibonacco.AssistantSettings{On: true, Questions: []fibonacco.Answered{{Question: "Do you take cards?", Answer: "Yes, all of them."}}}))
	times, err := a.booking.BookingCalendar(ctx, "marisol-hair-studio", 1, now.Add(72*time.Hour).Format("2006-01"))
	must(w.T, "times", err)
	var free []time.Time
	for _, day := range times.Days {
		free = append(free, day.Free...)
	}
	booked, err := a.booking.Book(ctx, "marisol-hair-studio", fibonacco.BookingRequest{Kind: 1, Start: free[len(free)-1], Name: "Ann Lee", Email: "ann@example.com", Form: "form", Client: "192.0.2.1"})
	must(w.T, "book", err)

	first := w.waitForMail("marisol@example.com", "pick one of your times")
	my := "/my/" + signer.SignOwner(fibonacco.OwnerClaim{SMBID: 1, Expires: now.Add(24 * time.Hour)})
	id := func(n int64) string { return db.JSON(n) }
	form := "/book/marisol-hair-studio?at=" + free[len(free)/2].Format(time.RFC3339)
	for _, path := range []string{
		"/learn/booking-without-a-call", "/learn/booking-without-a-call/article", "/approve/" + ask("social_automation"), "/approved/" + receipt,
		w.path(first.link(w.T, "/u/")),
		my, my + "/page", my + "/page/facts", my + "/page/hours", my + "/page/answers", my + "/page/photos", my + "/page/preview",
		my + "/booking", my + "/events", my + "/events/new", my + "/events/" + id(event), my + "/events/" + id(event) + "/edit",
		my + "/reviews", my + "/reviews/try", my + "/coupons", my + "/coupons/" + id(coupon), my + "/assistant",
		"/b/marisol-hair-studio", "/book/marisol-hair-studio", form, "/booking/" + booked.Token, "/booking/" + booked.Token + "/move",
		"/review/marisol-hair-studio", "/review/r/" + signer.SignID(fibonacco.ReviewToken, 1), "/reviews/marisol-hair-studio",
		"/coupon/" + sale.Coupons[0].Slug, w.path(sale.TillURL), w.path(sale.TillURL) + "/" + sale.Coupons[0].Slug,
		"/events/red-hook", "/events/red-hook/" + id(event), "/chat/marisol-hair-studio",
	} {
		pages = append(pages, audited{path: w.base + path})
	}
	for _, path := range []string{"/approve/not-a-token", "/approved/x", "/u/x", "/my/x", "/learn/no-such-page", "/book/nobody"} {
		pages = append(pages, audited{path: w.base + path, refused: true})
	}
	for slide := range 6 {
		pages = append(pages, audited{path: w.base + "/learn/booking-without-a-call", slide: slide + 1})
	}
	for path, press := range map[string]string{
		"/approve/" + ask("loyalty_program"): "Yes, ask for it", form: "Book this time", my + "/events/new": "Save", "/review/marisol-hair-studio": "Send",
	} {
		pages = append(pages, audited{path: w.base + path, press: press})
	}
	return pages
}

// path is where a link leads on this server.
func (w *town) path(link string) string {
	u, err := url.Parse(link)
	must(w.T, link, err)
	return u.Path
}
