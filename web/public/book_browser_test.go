package public_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/fibonacco/fibonacco/web/static"
)

// On a telephone without scripts: two taps, a name and an address, and it is booked.
func TestBookingInABrowser(t *testing.T) {
	path := os.Getenv("FIBONACCO_TEST_CHROMIUM")
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("FIBONACCO_TEST_CHROMIUM is not set: run the tests with `make test`")
		}
		t.Skip("FIBONACCO_TEST_CHROMIUM is not set: `make test` sets it")
	}
	w := newShop(t, "Marisol Hair Studio", nil)
	mux := http.NewServeMux()
	mux.Handle(static.Prefix, static.Handler())
	mux.Handle("/", w.mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	ctx, closeBrowser := chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true),
	))
	t.Cleanup(closeBrowser)
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	must("no scripts", err)
	_, err = chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 390, Height: 844, DeviceScaleFactor: 2, Mobile: true})
	must("a telephone", err)
	do := func(expression string) {
		t.Helper()
		_, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](expression))
		must(expression, err)
	}
	shows := func(selector, holds string) {
		t.Helper()
		seen := `(document.querySelector("` + selector + `") || {textContent: ""}).textContent`
		var last string
		for range 300 {
			text, err := chromedp.Run(ctx, chromedp.Evaluate[string](seen))
			if err == nil && strings.Contains(text, holds) {
				wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > 390`))
				must("width", err)
				equal(t, holds+": is wider than the telephone", wide, false)
				return
			}
			last = text
			time.Sleep(30 * time.Millisecond)
		}
		t.Fatalf("%s shows %q, want %q", selector, last, holds)
	}
	must("open", chromedp.Do(ctx, chromedp.Navigate(server.URL+marisolsPage)))
	shows("h1", "Pick a time")
	do(`document.querySelector(".slots a").click()`)
	shows("h1", "Your details, and it is booked")
	do(`document.querySelector("button[type=submit]").click()`)
	shows(".errors", "2 things need another look")
	do(`document.querySelector("#name").value = "Ann Lee"; document.querySelector("#email").value = "ann@example.com"; document.querySelector("button[type=submit]").click()`)
	shows("h1", "You are booked")
	equal(t, "booked", w.bookings(), 1)
	do(`document.querySelector("details").open = true; document.querySelector("details button").click()`)
	shows("h1", "This booking is canceled")
}
