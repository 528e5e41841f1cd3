package ui_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// The table is worked with without leaving it: filters, back and forward, ticking, changing a field.
func TestBusinessTableInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	s := serve(t, "", withCrew(newCrew()), func(d *ui.Deps) {
		d.Demo = &fibonacco.Principal{Name: "Demo", Role: fibonacco.Operator}
		d.SMBs = rewriting{d.SMBs.(records)}
	})
	do := func(expression string) {
		t.Helper()
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](expression)); err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
	}
	click := func(selector string) {
		t.Helper()
		shows(t, ctx, selector, fmt.Sprintf(`document.querySelector(%q) !== null`, selector))
		do(fmt.Sprintf(`document.querySelector(%q).click()`, selector))
	}
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `window.broken = []; document.addEventListener("securitypolicyviolation", e => broken.push(e.violatedDirective + " " + e.blockedURI))`,
	}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+"/businesses")); err != nil {
		t.Fatal(err)
	}
	const rows = `document.querySelectorAll("#businesses tbody tr").length`
	shows(t, ctx, "everybody", rows+` === 4`)
	do(`window.same = true`)
	click(`#add-filter a[href*="edit=campaign_status"]`)
	shows(t, ctx, "the filter to be set", `document.querySelector("#chip-campaign_status")?.open && !location.search.includes("edit")`)
	click(`#campaign_status-Active`)
	shows(t, ctx, "one business", rows+` === 1 && location.search === "?campaign_status=active"`)
	shows(t, ctx, "the menu stays open", `document.querySelector("#chip-campaign_status").open`)
	click(`#campaign_status-Paused`)
	shows(t, ctx, "two", rows+` === 2 && document.querySelector("#chip-campaign_status-head").innerText.includes("Active, Paused")`)
	do(`history.back()`)
	shows(t, ctx, "one again", rows+` === 1 && location.search === "?campaign_status=active"`)
	do(`history.forward()`)
	shows(t, ctx, "and two", rows+` === 2`)
	shows(t, ctx, "never left", `window.same === true`)

	shows(t, ctx, "nothing is ticked", `getComputedStyle(document.querySelector(".bulk")).display === "none"`)
	click(`tbody input[name="id"]`)
	shows(t, ctx, "one is", `getComputedStyle(document.querySelector(".bulk")).display === "flex" && document.querySelector("[data-picked]").innerText === "1"`)
	click(`[data-all]`)
	shows(t, ctx, "both are", `document.querySelector("[data-picked]").innerText === "2"`)
	click(`#businesses thead a[href*="sort="]`)
	shows(t, ctx, "another order, still ticked", `location.search.includes("sort=") && document.querySelectorAll('tbody input[name="id"]:checked').length === 2`)
	do(`const f = document.querySelector("#chosen"); sessionStorage.setItem("chosen:" + f.dataset.set, JSON.stringify(["1", "77", "78"])); document.dispatchEvent(new Event("htmx:historyRestore"))`)
	shows(t, ctx, "two of another page", `document.querySelector("#chosen").innerText.includes(" selected, 2 of them on other pages") && new FormData(document.querySelector("#chosen")).getAll("id").includes("78")`)
	do(`document.querySelector("[data-clear]").click()`)
	shows(t, ctx, "nobody", `getComputedStyle(document.querySelector(".bulk")).display === "none" && new FormData(document.querySelector("#chosen")).getAll("id").length === 0`)
	click(`[data-all]`)
	click(`.bulk button[value="pause_programme"]`)
	shows(t, ctx, "what would happen", `location.pathname === "/businesses/bulk" && document.body.innerText.includes("Pause 12 businesses")`)

	if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+"/businesses")); err != nil {
		t.Fatal(err)
	}
	do(`document.cookie = "fibonacco_columns=email;path=/businesses"; location.reload()`)
	shows(t, ctx, "a field", `document.querySelector("#email-1 .btn")`+` !== null`)
	click(`#email-1 .btn`)
	shows(t, ctx, "its form", `document.activeElement === document.querySelector("#email-1-value")`)
	do(`document.querySelector("#email-1-value").value = "new@example.org"; document.querySelector("form#email-1").requestSubmit()`)
	shows(t, ctx, "the new address", `document.querySelector("#email-1").innerText.includes("new@example.org")`)
	click(`#email-2 .btn`)
	shows(t, ctx, "another form", `document.activeElement === document.querySelector("#email-2-value")`)
	do(`document.querySelector("#email-2-value").dispatchEvent(new KeyboardEvent("keydown", {key: "Escape", bubbles: true}))`)
	shows(t, ctx, "given up", `document.querySelector("#email-2-value") === null && document.querySelector("#email-2") !== null`)

	if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 390, Height: 844, DeviceScaleFactor: 1, Mobile: true}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/businesses?campaign_status=active,paused&engagement_score=0..100&edit=last_email_open", "/businesses/new", "/communities/1", "/segments", "/businesses/bulk?action=set&id=1"} {
		if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+path)); err != nil {
			t.Fatal(err)
		}
		shows(t, ctx, path+" fits a telephone", `document.readyState === "complete" && document.documentElement.scrollWidth <= 390`)
	}
	broken, err := chromedp.Run(ctx, chromedp.Evaluate[string](`window.broken.join(", ")`))
	if err != nil || broken != "" {
		t.Errorf("the page breaks its own policy: %s (%v)", broken, err)
	}
}
