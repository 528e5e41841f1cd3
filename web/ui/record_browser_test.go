package ui_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// The pages of a record fit a telephone and a wide screen, keep to the policy, and tell two people who
// write at the same time of each other.
func TestRecordInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	s := serve(t, "", func(d *ui.Deps) {
		d.Demo = &fibonacco.Principal{Name: "Demo", Role: fibonacco.Manager}
		c := d.Records.(*cabinet)
		d.Audit = c
		c.smbs[0].PrimaryPhone, c.smbs[0].Version = "+17185550142", 4
		c.pairs = []fibonacco.DuplicatePair{{A: c.smbs[0], B: c.smbs[1], Score: 92, Reasons: []string{"same phone number"}}}
		c.entries = []fibonacco.TimelineEntry{{ID: 1, At: monday, Kind: "email.clicked", Topic: "mail", CampaignID: "HOOK-001", Summary: "Followed the link https://example.org/" + strings.Repeat("long", 60) + " in HOOK-001."}}
		c.notes = []fibonacco.Note{{ID: 1, Body: strings.Repeat("word", 60), Author: "Demo", Mine: true, CreatedAt: monday}}
		c.said = []fibonacco.Consent{{ID: 1, Channel: fibonacco.ChannelRVM, Granted: true, Wording: "Yes.", Source: "phone call", Address: "+17185550142", OccurredAt: monday}}
		c.suggestions = []fibonacco.ContactSuggestion{{ID: 8, SMBID: 1, CommunityID: 1, BusinessName: "Marisol", Status: "suggested", SuggestedAt: monday, Changes: []fibonacco.SuggestedChange{{Field: "primary_email", Suggested: strings.Repeat("a", 60) + "@example.org"}}}}
	})
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `window.broken = []; addEventListener("error", e => broken.push(e.message)); document.addEventListener("securitypolicyviolation", e => broken.push(e.violatedDirective + " " + e.blockedURI))`,
	}); err != nil {
		t.Fatal(err)
	}
	do := func(what string, steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		for _, step := range steps {
			if err := chromedp.Do(ctx, step); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
		}
	}
	for _, width := range []int64{390, 1440} {
		if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1}); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/businesses/1", "/businesses/1/edit", "/businesses/1/consents", "/businesses/1/duplicates", "/businesses/1/merge?other=3", "/duplicates", "/suggestions"} {
			do(path, chromedp.Navigate(s.server.URL+path))
			shows(t, ctx, path, `document.readyState === "complete"`)
			if path == "/businesses/1" || path == "/duplicates" {
				shows(t, ctx, "what is looked for behind the page", `document.body.innerText.includes("92 of 100 sure")`)
			}
			wide, err := chromedp.Run(ctx, chromedp.Evaluate[string](`[document.documentElement.scrollWidth > innerWidth ? "overflow " + document.documentElement.scrollWidth : "", ...broken].join(" ")`))
			if err != nil || strings.TrimSpace(wide) != "" {
				t.Errorf("%s at %d: %s (%v)", path, width, wide, err)
			}
		}
	}

	do("open the form", chromedp.Navigate(s.server.URL+"/businesses/1/edit"), chromedp.SetValue(`#i-city`, "Port Avery"))
	s.do("POST", "/businesses/1/edit", url.Values{"version": {"4"}, "was-city": {""}, "city": {"Harbor"}})
	do("save", chromedp.Click(`button.primary`))
	shows(t, ctx, "both values", `document.body.innerText.includes("Look at both before you choose.") && document.body.innerText.includes("Harbor")`)
	do("choose mine", chromedp.Click(`input[name=choose-city][value=mine]`), chromedp.Click(`button.primary`))
	shows(t, ctx, "the record with a way back", `location.pathname === "/businesses/1" && document.body.innerText.includes("Saved.") && document.body.innerText.includes("Undo")`)
	if s.smbs[0].City != "Port Avery" {
		t.Errorf("the city is %s", s.smbs[0].City)
	}
}
