package ui_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// browser opens a Chromium, which FIBONACCO_TEST_CHROMIUM names.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := os.Getenv("FIBONACCO_TEST_CHROMIUM")
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("FIBONACCO_TEST_CHROMIUM is not set: run the tests with `make test`")
		}
		t.Skip("FIBONACCO_TEST_CHROMIUM is not set: `make test` sets it")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	ctx, closeBrowser := chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
	))
	t.Cleanup(closeBrowser)
	return ctx
}

// shows waits until an expression is true in the page.
func shows(t *testing.T, ctx context.Context, what, expression string) { //nolint:revive // t comes first in tests
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		if err == nil && ok {
			return
		}
		if time.Now().After(deadline) {
			text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText.slice(0, 600)`))
			t.Fatalf("%s: never (%v)\n%s", what, err, text)
		}
	}
}

// The overview moves by itself, says so when its stream is lost, and comes back.
func TestOverviewInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	s := serve(t, "", func(d *ui.Deps) {
		d.Demo = &fibonacco.Principal{Name: "Demo", Role: fibonacco.Operator}
	})
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `window.broken = []; document.addEventListener("securitypolicyviolation", e => broken.push(e.violatedDirective + " " + e.blockedURI))`,
	}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+"/overview")); err != nil {
		t.Fatal(err)
	}
	shows(t, ctx, "the first figures", `document.body.innerText.includes("1,684")`)
	s.change(func(o *fibonacco.Overview) { o.Today.Sent = 2001 })
	shows(t, ctx, "the new figure, without a reload", `document.body.innerText.includes("2,001")`)
	shows(t, ctx, "live", `document.querySelector("[data-live-mark]").textContent === "Live"`)

	s.fail(errors.New("away"))
	shows(t, ctx, "the sentence about the lost stream", `!document.querySelector("[data-stale]").hidden &&
		document.querySelector("[data-stale]").innerText.includes("Live updates stopped at 14:12.")`)
	shows(t, ctx, "the last figures", `document.body.innerText.includes("2,001")`)
	s.change(func(o *fibonacco.Overview) { o.Today.Sent = 2002 })
	s.fail(nil)
	shows(t, ctx, "live again", `document.body.innerText.includes("2,002") && document.querySelector("[data-stale]").hidden`)
	broken, err := chromedp.Run(ctx, chromedp.Evaluate[string](`window.broken.join(", ")`))
	if err != nil || strings.TrimSpace(broken) != "" {
		t.Errorf("the page breaks its own policy: %s (%v)", broken, err)
	}
}
