package public_test

import (
	"context"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

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
	w, svc := newCouponTown(t, dbtest.Open(t, db.SQLite, clock), clock)
	w.mux.Handle(static.Prefix, static.Handler())
	server := httptest.NewServer(w.mux)
	t.Cleanup(server.Close)
	_, err := svc.SaveCoupon(t.Context(), 1, 1, fibonacco.CouponDraft{Title: nasty, Terms: strings.Repeat("x", 2000), Code: strings.Repeat("W", 20), TotalLimit: "5", Ends: "2026-03-31"}, true)
	check(t, err)
	desk, err := svc.CouponDesk(t.Context(), 1)
	check(t, err)
	till := strings.TrimPrefix(desk.TillURL, "https://go.example.com")

	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	ctx, closeBrowser := chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true), chromedp.Flag("window-size", "390,844"),
	))
	t.Cleanup(closeBrowser)
	p := &presentation{t: t, ctx: ctx, reports: &reports{}}
	open := func(path string) {
		t.Helper()
		p.url = server.URL + path
		p.open()
		p.shows(path+" without scrolling sideways", `document.documentElement.scrollWidth <= innerWidth`)
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
