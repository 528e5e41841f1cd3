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
func shows(t *testing.T, ctx context.Context, what, expression string) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		// What htmx has just put in is a page without scripts until htmx has looked at it.
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`(`+expression+`) && !document.querySelector(".htmx-added")`))
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

// What scripts add: the search dialog, the theme that stays, the list that can be held.
func TestScriptsInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	s := serve(t, "", func(d *ui.Deps) { d.Demo = &fibonacco.Principal{Name: "Demo", Role: fibonacco.Operator} })
	do := func(expression string) {
		t.Helper()
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](expression)); err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+"/overview")); err != nil {
		t.Fatal(err)
	}
	shows(t, ctx, "live", `document.querySelector("[data-live-mark]").textContent === "Live"`)
	do(`document.dispatchEvent(new KeyboardEvent("keydown", {key: "k", ctrlKey: true, bubbles: true}))`)
	shows(t, ctx, "pages to jump to", `document.querySelector("dialog").open && document.querySelector("#found").innerText.includes("Queues")`)
	do(`(() => { const i = document.querySelector("dialog input"); i.value = "mari"; i.dispatchEvent(new Event("input", {bubbles: true})) })()`)
	shows(t, ctx, "what was searched for", `document.querySelector("#found").innerText.includes("Marisol Hair Studio")`)
	do(`document.querySelector("dialog").close()`)

	do(`document.querySelector("[data-live-pause]").click()`)
	s.change(func(o *fibonacco.Overview) {
		o.Today.Sent = 3001
		o.Feed = append([]fibonacco.FeedItem{{ID: 10, At: monday, Type: "email.clicked", SMBID: 4, BusinessName: "Kayak Shed"}}, o.Feed...)
	})
	shows(t, ctx, "the figures go on", `document.body.innerText.includes("3,001")`)
	shows(t, ctx, "the held list stays", `!document.querySelector("[data-part=feed]").innerText.includes("Kayak Shed")`)

	do(`document.querySelector("[data-theme-switch]").click()`)
	shows(t, ctx, "dark", `document.documentElement.dataset.theme === "dark"`)
	if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+"/businesses")); err != nil {
		t.Fatal(err)
	}
	shows(t, ctx, "dark on the next page too", `document.documentElement.dataset.theme === "dark"`)
}
