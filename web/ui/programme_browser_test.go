package ui_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// The mail follows what is typed, without a place more to go back to; slides change their order without the
// page coming anew; and neither page breaks its own policy.
func TestEditorsInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	s := serve(t, "", func(d *ui.Deps) { d.Demo = &fibonacco.Principal{Name: "Demo", Role: fibonacco.Manager} })
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `window.broken = []; document.addEventListener("securitypolicyviolation", e => broken.push(e.violatedDirective + " " + e.blockedURI))`,
	}); err != nil {
		t.Fatal(err)
	}
	do := func(expression string) {
		t.Helper()
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](expression)); err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
	}
	sound := func() {
		t.Helper()
		broken, err := chromedp.Run(ctx, chromedp.Evaluate[string](`window.broken.join(", ")`))
		if err != nil || strings.TrimSpace(broken) != "" {
			t.Errorf("the page breaks its own policy: %s (%v)", broken, err)
		}
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+"/programme/HOOK-001?tab=edit")); err != nil {
		t.Fatal(err)
	}
	shows(t, ctx, "the first mail", `document.querySelector("iframe").src.endsWith("/mail?smb=1") && document.querySelector("[data-show]").hidden`)
	do(`window.places = history.length; window.first = document.querySelector("iframe")`)
	do(`(() => { const i = document.querySelector("#f-subject"); i.value = "ACT NOW"; i.dispatchEvent(new Event("input", {bubbles: true})) })()`)
	shows(t, ctx, "the finding beside its field", `document.querySelector("#found-subject").innerText.includes("mostly in capitals")`)
	shows(t, ctx, "the inbox line", `document.querySelector("#inbox").innerText.includes("ACT NOW")`)
	shows(t, ctx, "another mail in its frame", `document.querySelectorAll("iframe").length === 1 && document.querySelector("iframe") !== window.first`)
	do(`document.querySelector("input[name=view][value=phone]").click()`)
	shows(t, ctx, "the width of a telephone", `!document.querySelector("[data-device]").classList.contains("wide")`)
	shows(t, ctx, "nowhere more to go back to", `history.length === window.places`)
	sound()
	do(`document.getElementById("draft").dispatchEvent(new Event("submit"))`) // nothing is asked on leaving

	if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+"/learning/find-you?tab=edit")); err != nil {
		t.Fatal(err)
	}
	shows(t, ctx, "the first slide", `document.querySelector("#slide-1 summary").innerText.includes("First")`)
	do(`window.stays = true; document.querySelector("button[value='down-1']").click()`)
	shows(t, ctx, "the other order", `document.querySelector("#slide-2 summary").innerText.includes("First") && window.stays`)
	sound()
	do(`document.getElementById("draft").dispatchEvent(new Event("submit"))`)
}
