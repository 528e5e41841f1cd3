package public_test

import (
	"context"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/web/static"
)

// A customer's code leads a stranger to the coupon, and the device at the till to its button, in one
// tap; a telephone shows all of it without scrolling sideways, whatever the texts are.
func TestScanAtTheTill(t *testing.T) {
	path := os.Getenv("FIBONACCO_TEST_CHROMIUM")
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("FIBONACCO_TEST_CHROMIUM is not set: run the tests with `make test`")
		}
		t.Skip("FIBONACCO_TEST_CHROMIUM is not set: `make test` sets it")
	}
	clock := fibonacco.NewFakeClock(dbtest.Start)
	w, said, svc := newShops(t, dbtest.Open(t, db.SQLite, clock), clock)
	w.mux.Handle(static.Prefix, static.Handler())
	server := httptest.NewServer(w.mux)
	t.Cleanup(server.Close)
	_, err := svc.SaveCoupon(t.Context(), 1, 1, fibonacco.CouponDraft{Title: nasty, Terms: strings.Repeat("x", 2000), Code: strings.Repeat("W", 20), TotalLimit: "5", Ends: "2026-03-31"}, true)
	check(t, err)
	check(t, said.OpenReviews(t.Context(), 1, true))
	_, err = said.AskForReviews(t.Context(), 1, fibonacco.ReviewAsk{Customers: strings.Repeat("x", 60) + " " + strings.Repeat("x", 60) + "@example.com", Statement: true})
	check(t, err)
	for i, key := range []string{"a", "b"} {
		check(t, said.WriteReview(t.Context(), "one", fibonacco.ReviewDraft{FormKey: key, Stars: 1 + i, Name: strings.Repeat("W", 80), Body: nasty + strings.Repeat("W", 2000)}))
	}
	first := number(w, `SELECT MIN(id) FROM reviews`)
	check(t, said.PublishReview(t.Context(), 1, first))
	check(t, said.RespondToReview(t.Context(), 1, first, strings.Repeat("W", 2000)))
	desk, err := svc.CouponDesk(t.Context(), 1)
	check(t, err)
	till := strings.TrimPrefix(desk.TillURL, "https://go.example.com")

	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	ctx, closeBrowser := chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true),
	))
	t.Cleanup(closeBrowser)
	p := &presentation{t: t, ctx: ctx, reports: &reports{}}
	_, err = chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 390, Height: 844, DeviceScaleFactor: 2, Mobile: true})
	check(t, err)
	open := func(path string) {
		t.Helper()
		p.url = server.URL + path
		p.open()
		p.shows(path+" without scrolling sideways", `innerWidth <= 390 && document.documentElement.scrollWidth <= innerWidth`)
	}
	for _, path := range []string{"/my/one/reviews", "/my/one/reviews/try", "/reviews/one", "/review/one", "/review/r/" + w.signer.SignID(fibonacco.ReviewToken, 1)} {
		open(path)
	}
	open("/coupon/one-1")
	p.shows("no way to the till, for a stranger", `document.querySelector("[data-redeem]").offsetParent === null`)
	open("/my/one/coupons")
	open("/my/one/coupons/1")
	open("/my/one/coupons/new")
	open(till)
	open("/coupon/one-1")
	p.shows("the way to the till, at the till", `document.querySelector("[data-redeem]").offsetParent !== null`)
	p.do(`document.querySelector("[data-redeem]").click()`)
	p.shows("one button", `document.querySelectorAll("main form button").length === 1`)
	p.do(`document.querySelector("main form button").click()`)
	p.shows("redeemed", `document.querySelector("[role=status]").textContent.includes("Redeemed")`)
	equal(t, "redeemed", number(w, `SELECT redeemed FROM coupons WHERE id = 1`), 1)
}
