package ui_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/fibonacco/fibonacco/web/ui"
)

// A stranger sets a new installation up in a browser, on a phone and on a screen: no page is wider than
// its window, breaks its policy or waits for the DNS, and what can be copied has its button.
func TestSetupInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	var o *office
	s := serve(t, "", func(d *ui.Deps) {
		o = newOffice(d.Analytics.(*town)) //nolint:forcetypeassert // deps makes it so
		newborn(o)
		o.furnish(d)
	})
	v := visitor{t, ctx, s.server.URL}
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `window.broken = []; document.addEventListener("securitypolicyviolation", e => broken.push(e.violatedDirective + " " + e.blockedURI));
			addEventListener("error", e => broken.push(e.message))`,
	}); err != nil {
		t.Fatal(err)
	}
	v.open("/overview")
	v.sees("Nobody can sign in here yet.")
	v.do(`(() => {
		const fill = {"setup-code": "` + setupCode + `", "setup-name": "Dana Whitfield", "setup-email": "dana@example.org", "new-password": "` + rightPassword + `", "repeated": "` + rightPassword + `"};
		for (const id in fill) { document.getElementById(id).value = fill[id] }
		document.querySelector("form").requestSubmit()
	})()`)
	v.sees("Hello Dana Whitfield")
	o.list.Find("email.from_email").Source, o.list.Find("email.from_email").Value = "database", "sarah@shop.test"
	for _, width := range []int64{390, 1440} {
		if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 500}); err != nil {
			t.Fatal(err)
		}
		for path, text := range map[string]string{
			"/setup/security": "Hello Dana Whitfield", "/setup/company": "Your company", "/setup/domain": "shop.test has no SPF record", "/setup/mail": "Test mail",
			"/setup/community": "First community", "/setup/businesses": "Bring in a list", "/setup/start": "Almost there", "/settings": "Postal address",
			"/settings/deliverability": "shop.test has no SPF record", "/settings/tokens": "Access tokens", "/settings/suppressions": "Suppressions", "/team": "What each role may",
		} {
			if width > 1000 && strings.HasPrefix(path, "/setup/") && path != "/setup/domain" { // they are made like this one
				continue
			}
			v.open(path)
			v.sees(text)
			shows(t, ctx, path+" is no wider than its window", `document.documentElement.scrollWidth <= innerWidth`)
			shows(t, ctx, path+" keeps to its policy and its scripts do not fail", `broken.length === 0`)
		}
		v.open("/setup/domain")
		shows(t, ctx, "buttons to copy", `[...document.querySelectorAll("[data-copy]")].length === 2 && ![...document.querySelectorAll("[data-copy]")].some(b => b.hidden)`)
	}
}
