package ui_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// Everything with the keyboard alone: past the navigation, into the search and back, through its lines,
// a filter, a question, and from page to page.
func TestKeyboardInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	s := serve(t, "", func(d *ui.Deps) { d.Demo = &fibonacco.Principal{Name: "Demo", Role: fibonacco.Operator} })
	s.sends = someSends()
	press := func(keys string, with ...chromedp.KeyOption) {
		t.Helper()
		if err := chromedp.Do(ctx, chromedp.KeyEvent(keys, with...)); err != nil {
			t.Fatalf("%q: %v", keys, err)
		}
	}
	open := func(path string) {
		t.Helper()
		if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+path)); err != nil {
			t.Fatal(err)
		}
	}
	open("/sends")
	press(kb.Tab)
	shows(t, ctx, "the way past the navigation", `document.activeElement.matches(".skip-link")`)
	press(kb.Enter)
	shows(t, ctx, "the content", `document.activeElement.id === "main"`)

	press(kb.Tab)
	shows(t, ctx, "the first stop in the content", `document.querySelector("main").contains(document.activeElement) && (window.was = document.activeElement, true)`)
	press("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	shows(t, ctx, "the search", `document.activeElement.matches("dialog[open] input")`)
	press("mari")
	shows(t, ctx, "what is found", `document.querySelector("#found").innerText.includes("Marisol Hair Studio")`)
	press(kb.ArrowDown)
	shows(t, ctx, "its first line", `document.activeElement.matches("#found a")`)
	for range 12 {
		press(kb.Tab)
		shows(t, ctx, "the focus stays in the dialog", `document.activeElement === document.body || !!document.activeElement.closest("dialog[open]")`)
	}
	press(kb.Escape)
	shows(t, ctx, "the focus back where it was", `!document.querySelector("dialog[open]") && document.activeElement === window.was`)

	press("?")
	shows(t, ctx, "the shortcuts", `document.querySelector("[data-keys]").open && document.querySelector("[data-keys]").innerText.includes("Businesses")`)
	press(kb.Escape)
	shows(t, ctx, "the focus back again", `document.activeElement === window.was`)
	press("/")
	shows(t, ctx, "the search by one key", `document.querySelector("[data-palette]").open`)
	press(kb.Escape)
	shows(t, ctx, "no search any more", `!document.querySelector("dialog[open]")`)

	if _, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll(".pick > summary")].find(s => s.textContent.includes("Status")).focus()`)); err != nil {
		t.Fatal(err)
	}
	press(kb.Enter)
	press(kb.Tab)
	shows(t, ctx, "the filter's first choice", `document.activeElement.matches(".pick[open] li a")`)
	press(kb.Escape)
	shows(t, ctx, "the filter, closed", `!document.querySelector(".pick[open]") && document.activeElement.matches(".pick > summary")`)

	press("gb")
	shows(t, ctx, "the businesses", `location.pathname === "/businesses" && document.readyState === "complete"`)
	press("?")
	shows(t, ctx, "the shortcuts", `document.querySelector("[data-keys]").open`)
	if err := chromedp.Do(ctx, chromedp.Click(`[data-keys-on]`)); err != nil {
		t.Fatal(err)
	}
	press(kb.Escape)
	shows(t, ctx, "no shortcuts any more", `!document.querySelector("dialog[open]")`)
	press("gs?")
	open("/queues")
	press("?")
	shows(t, ctx, "no single keys", `!document.querySelector("dialog[open]") && location.pathname === "/queues"`)
	press("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	shows(t, ctx, "the search, which has a modifier", `document.querySelector("[data-palette]").open`)
}
