package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"

	"github.com/fibonacco/fibonacco/db"
)

// person is somebody who has the public pages before them.
type person interface {
	goTo(link string)
	sees(words ...string)
	readsSlides(slug string) (of int)
	presses(label string) // a link or a button, by what it says: a pattern
	enters(field, value string)
	ticks(field string)
	ends()
}

// userAgent is a browser with a person before it.
const userAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// reader reads pages as they come, without any script, and sends forms as a browser would.
type reader struct {
	*testing.T
	base   string
	at     *url.URL
	text   string
	page   *html.Node
	filled url.Values
}

func (r *reader) goTo(link string) { r.send(http.MethodGet, link, "", nil) }

func (r *reader) send(method, link, kind string, body io.Reader) {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), method, link, body)
	must(r.T, link, err)
	req.Header.Set("User-Agent", userAgent)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := http.DefaultClient.Do(req)
	must(r.T, link, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	must(r.T, link, err)
	if resp.StatusCode >= 500 {
		r.Fatalf("%s: %d", link, resp.StatusCode)
	}
	r.at, r.text, r.filled = resp.Request.URL, string(raw), url.Values{}
	r.page, err = html.Parse(strings.NewReader(r.text))
	must(r.T, link, err)
}

func (r *reader) sees(words ...string) {
	r.Helper()
	seen := shown(r.page)
	for _, text := range words {
		if !strings.Contains(seen, text) {
			r.Fatalf("%s does not say %q: %s", r.at.Path, text, seen)
		}
	}
}

// readsSlides reports what the page's script would.
func (r *reader) readsSlides(slug string) (of int) {
	r.Helper()
	for n := range r.page.Descendants() {
		if n.Data == "section" && strings.Contains(attr(n, "class"), "slide") && !strings.Contains(attr(n, "class"), "ending") {
			of++
		}
	}
	page := *r
	tell := func(what string, body map[string]any) string {
		page.send(http.MethodPost, r.base+"/api/v1/content/"+slug+"/track/"+what, "application/json", strings.NewReader(db.JSON(body)))
		return page.text
	}
	var visit struct{ View string }
	must(r.T, "start", json.Unmarshal([]byte(tell("start", map[string]any{"recipient": r.at.Query().Get("r")})), &visit))
	for slide := 1; slide <= of; slide++ {
		tell("slide", map[string]any{"view": visit.View, "slide": slide, "seconds": slide})
	}
	tell("complete", map[string]any{"view": visit.View, "seconds": of})
	tell("approval-click", map[string]any{"view": visit.View})
	return of
}

func (r *reader) enters(field, value string) { r.filled.Set(field, value) }
func (r *reader) ticks(field string)         { r.filled.Set(field, "yes") }
func (r *reader) ends()                      {}

func (r *reader) presses(label string) {
	r.Helper()
	says := regexp.MustCompile(label)
	for n := range r.page.Descendants() {
		if (n.Data != "a" && n.Data != "button") || !says.MatchString(shown(n)) {
			continue
		}
		if n.Data == "a" {
			r.goTo(r.at.ResolveReference(r.parse(attr(n, "href"))).String())
			return
		}
		form := n.Parent
		for form.Data != "form" {
			form = form.Parent
		}
		values := url.Values{attr(n, "name"): {attr(n, "value")}}
		for field := range form.Descendants() {
			if field.Data == "input" && attr(field, "type") != "checkbox" {
				values.Set(attr(field, "name"), attr(field, "value"))
			}
		}
		for field, typed := range r.filled {
			values[field] = typed
		}
		r.send(http.MethodPost, r.at.ResolveReference(r.parse(attr(form, "action"))).String(),
			"application/x-www-form-urlencoded", strings.NewReader(values.Encode()))
		return
	}
	r.Fatalf("%s has nothing to press that says %s: %s", r.at.Path, label, shown(r.page))
}

func (r *reader) parse(link string) *url.URL {
	u, err := url.Parse(link)
	must(r.T, link, err)
	return u
}

func attr(n *html.Node, name string) string {
	if i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name }); i >= 0 {
		return n.Attr[i].Val
	}
	return ""
}

// shown is the words below a node and in its fields.
func shown(n *html.Node) string {
	var words []string
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			words = append(words, strings.Fields(d.Data)...)
		}
	}
	return strings.Join(words, " ")
}

// browser is a person with a Chromium, as wide as a telephone or a screen.
type browser struct {
	*testing.T
	ctx   context.Context //nolint:containedctx // chromedp's handle of a tab
	width int64
	close context.CancelFunc
}

func browse(t *testing.T, width, height int64) *browser {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	b := &browser{T: t, width: width}
	b.ctx, b.close = chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(
		chromedp.ExecPath(os.Getenv("FIBONACCO_TEST_CHROMIUM")), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.UserAgent(userAgent),
	))
	_, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600,
	})
	must(t, "the screen", err)
	_, err = chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `window.broken = []; document.addEventListener("securitypolicyviolation", e => broken.push(e.violatedDirective + " " + e.blockedURI))`,
	})
	must(t, "listen", err)
	return b
}

func (b *browser) goTo(link string) {
	b.Helper()
	must(b.T, link, chromedp.Do(b.ctx, chromedp.Navigate(link)))
}

// until waits until an expression is true.
func (b *browser) until(what, expression string) {
	b.Helper()
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression))
		if err == nil && ok { // while a page goes and another comes there is none to ask
			return
		}
		if time.Now().After(deadline) {
			text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.pathname + ": " + document.body.innerText`))
			b.Fatalf("%d wide, %s: never (%v) on %s", b.width, what, err, text)
		}
	}
}

// sees also says that the page is no wider than the screen, and keeps to its own policy.
func (b *browser) sees(words ...string) {
	b.Helper()
	for _, text := range words {
		b.until(text, `document.body.textContent.replace(/\s+/g, " ").includes(`+db.JSON(text)+`)`)
	}
	wrong, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](fmt.Sprintf(
		`(document.documentElement.scrollWidth > %d ? "it is too wide " : "") + (window.broken || []).join(", ")`, b.width)))
	if err != nil || wrong != "" {
		b.Errorf("%d wide, %s: %s %v", b.width, words[0], wrong, err)
	}
}

// readsSlides goes through the presentation by its keys.
func (b *browser) readsSlides(string) (of int) {
	b.Helper()
	b.until("the presentation", `!document.querySelector("[data-controls]").hidden`)
	// Nobody reads a slide faster than the server names the visit, but for a test.
	b.until("the visit", `performance.getEntriesByType("resource").some(e => e.name.endsWith("/track/start") && e.responseEnd > 0)`)
	of, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`document.querySelectorAll(".slide:not(.ending)").length`))
	must(b.T, "slides", err)
	for slide := 1; slide <= of; slide++ {
		at := fmt.Sprintf("%d of %d", slide, of)
		b.until(at, `document.querySelector("[data-place]").textContent === "`+at+`"`)
		b.run(`document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true, cancelable: true}))`)
	}
	b.until("the end", `document.querySelector(".ending").offsetParent !== null`)
	return of
}

func (b *browser) presses(label string) {
	b.Helper()
	b.until("press "+label, `(() => {
		const hit = [...document.querySelectorAll("a, button")].find(e => e.offsetParent && new RegExp(`+db.JSON(label)+`).test(e.textContent.trim().replace(/\s+/g, " ")));
		if (hit) hit.click();
		return !!hit;
	})()`)
}

func (b *browser) enters(field, value string) {
	b.Helper()
	b.run(`document.querySelector("[name=` + field + `]").value = ` + db.JSON(value))
}

func (b *browser) ticks(field string) {
	b.Helper()
	b.run(`document.querySelector("[name=` + field + `]").checked = true`)
}

func (b *browser) run(expression string) {
	b.Helper()
	_, err := chromedp.Run(b.ctx, chromedp.Evaluate[chromedp.Void](expression))
	must(b.T, expression, err)
}

func (b *browser) ends() { b.close() }
