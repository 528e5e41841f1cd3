package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/fibonacco/fibonacco/web/api"
)

// firstLoadMost is what a page may bring along for a browser that has seen nothing of the house.
const firstLoadMost = 150_000

// walkWidths are a telephone and a screen.
var walkWidths = []int64{390, 1440}

// Every page of staff, of a house with something on each: as those who work there get it, and in their
// browsers.
func TestStaffPages(t *testing.T) {
	t.Parallel()
	w, guests := settleHouse(t)
	pages := findPages(t, guests["Ada Admin"], seldom(w)...)
	guardsPages(t, guests, pages)
	t.Run("in a browser", func(t *testing.T) {
		if os.Getenv("FIBONACCO_TEST_CHROMIUM") == "" {
			if os.Getenv("CI") == "true" {
				t.Fatal("FIBONACCO_TEST_CHROMIUM is not set: run the tests with `make test`")
			}
			t.Skip("FIBONACCO_TEST_CHROMIUM is not set: `make test` sets it")
		}
		for _, width := range walkWidths {
			t.Run(fmt.Sprint(width), func(t *testing.T) {
				t.Parallel()
				walksPages(t, guests["Ada Admin"], width, pages)
			})
		}
		t.Run("River", func(t *testing.T) {
			t.Parallel()
			walksRiver(t, w, guests["Ada Admin"])
		})
	})
}

// walksPages opens every page in a browser: nothing is logged, nothing fails, nothing comes from
// elsewhere, nothing is wider than the screen, and whatever takes the keyboard shows that it has it. On
// a screen the pages are also loaded as if by a browser that knows nothing, which is counted, and those
// with filters are reloaded, left and come back to.
func walksPages(t *testing.T, g *guest, width int64, pages []staffPage) {
	t.Helper()
	b := staffBrowser(t, g, width)
	for _, p := range pages {
		if p.whole {
			b.walks(g.base+p.path, width > 1000)
		}
	}
	t.Logf("the heaviest first load is %.0f bytes, of %s", b.most, b.heaviest)
	b.ends()
}

// walker is a browser of staff that writes down whatever goes wrong.
type walker struct {
	*browser
	base string

	mu    sync.Mutex
	wrong []string
	bytes float64

	most     float64 // bytes of the heaviest page
	heaviest string
}

// staffBrowser is a browser in which a guest is signed in.
func staffBrowser(t *testing.T, g *guest, width int64) *walker {
	t.Helper()
	b := &walker{browser: browse(t, width, 900), base: g.base}
	_, err := chromedp.Call(b.ctx, network.SetCookie, network.SetCookieParams{Name: api.SessionCookie, Value: g.session, URL: g.base, Path: "/"})
	must(t, "the session", err)
	_, err = chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	must(t, "no motion", err)
	_, err = chromedp.Call(b.ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	must(t, "focus", err)
	must(t, "listen", chromedp.Listen(b.ctx, b.note))
	return b
}

// note writes down what a browser tells of.
func (b *walker) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	add := func(format string, args ...any) { b.wrong = append(b.wrong, fmt.Sprintf(format, args...)) }
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			for _, arg := range e.Args {
				add("console: %s %s", arg.Value, arg.Description)
			}
		}
	case *runtime.EventExceptionThrown:
		add("exception: %s %v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			add("log: %s %s", e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if at := e.Request.URL; !strings.HasPrefix(at, b.base+"/") && !strings.HasPrefix(at, "data:") {
			add("a request to somebody else: %s", at)
		}
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 {
			add("%s: %d", e.Response.URL, e.Response.Status)
		}
	case *network.EventLoadingFailed:
		if !e.Canceled { // leaving a page ends its stream
			add("a request failed: %s %s", e.ErrorText, e.BlockedReason)
		}
	case *network.EventLoadingFinished:
		b.bytes += e.EncodedDataLength
	}
}

// walks looks at one page.
func (b *walker) walks(link string, desk bool) {
	b.Helper()
	_, err := chromedp.Call(b.ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: desk})
	must(b.T, "cache", err)
	b.mu.Lock()
	b.bytes = 0
	b.mu.Unlock()
	b.goTo(link)
	b.until("fonts and pictures", `document.fonts.status === "loaded" && document.readyState === "complete"`)
	b.mu.Lock()
	loaded := b.bytes
	b.mu.Unlock()
	if loaded > b.most {
		b.most, b.heaviest = loaded, link
	}
	if desk && (loaded > firstLoadMost || loaded < 30_000) {
		b.Errorf("%s loads %.0f bytes, and may load %d", link, loaded, firstLoadMost)
	}
	b.finds(link, pageIsSound)
	if desk {
		_, err = chromedp.Call(b.ctx, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: "keyDown", Key: "Tab", Code: "Tab", WindowsVirtualKeyCode: 9})
		must(b.T, "the keyboard", err)
		b.finds(link, firstStopIsSkipLink)
		b.finds(link, focusIsVisible)
		b.keepsItsState(link)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.wrong {
		b.Errorf("%d wide, %s: %s", b.width, link, line)
	}
	b.wrong = nil
}

// finds runs a script that returns what is wrong with the page.
func (b *walker) finds(link, script string) {
	b.Helper()
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](script))
	must(b.T, link, err)
	for _, line := range found {
		b.Errorf("%d wide, %s: %s", b.width, link, line)
	}
}

// keepsItsState follows the first filter of a page that has one, and reloads, goes back and forward:
// each time the page is what it was there.
func (b *walker) keepsItsState(link string) {
	b.Helper()
	filter := b.read(`[...document.querySelectorAll("main .views a:not([aria-current]), main .pick li a:not([aria-current])")].map(a => a.href)[0] || ""`)
	if filter == "" {
		return
	}
	// But for the word that a script puts there as soon as the page moves by itself, for how long a list
	// took, and for the queues, which never stand still.
	const state = `location.href + " " + (location.pathname.startsWith("/queues") ? document.querySelector("h1") : document.querySelector("main")).innerText.replace(/^(Live|Not live)\s*/m, "").replace(/\d+ ms/, "").replace(/\s+/g, " ")`
	before := b.read(state)
	b.goTo(filter)
	filtered := b.read(state)
	for _, step := range []struct {
		name string
		do   chromedp.Action[chromedp.Void]
		want string
	}{{"reload", chromedp.Reload(), filtered}, {"back", chromedp.NavigateBack(), before}, {"forward", chromedp.NavigateForward(), filtered}} {
		must(b.T, step.name, chromedp.Do(b.ctx, step.do))
		if got := b.read(state); got != step.want {
			same := 0
			for same < len(got) && same < len(step.want) && got[same] == step.want[same] {
				same++
			}
			b.Errorf("%s: after %s of %s the page is\n%s\nand was\n%s\nfrom here on\n%s", link, step.name, filter, got, step.want, got[same:])
		}
	}
	if before == filtered {
		b.Errorf("%s: the filter %s is not in the address", link, filter)
	}
}

func (b *walker) read(expression string) string {
	b.Helper()
	b.until("what comes later", `document.readyState === "complete" && !document.querySelector(".htmx-request, .htmx-added, .htmx-settling")`)
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](expression))
	must(b.T, expression, err)
	return text
}

// What the pages are asked. Each script returns a list of sentences.
const (
	pageIsSound = `(() => {
		const wrong = [], wide = document.documentElement.clientWidth, root = document.documentElement;
		if (root.scrollWidth > wide) {
			const out = [...document.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > wide + 1 && e.checkVisibility());
			wrong.push("wider than the screen, " + root.scrollWidth + ": " + out.slice(-3).map(e => e.outerHTML.slice(0, 120)).join(" | "));
		}
		if (document.querySelectorAll("h1").length !== 1) wrong.push("has " + document.querySelectorAll("h1").length + " h1");
		if (!document.querySelector("h1")?.textContent.trim()) wrong.push("its h1 says nothing");
		if (!/^.+ · Fibonacco$/.test(document.title)) wrong.push("its title is " + document.title);
		if (root.lang !== "en") wrong.push("its language is " + root.lang);
		if (document.querySelectorAll("main").length !== 1) wrong.push("has no main part, or several");
		const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
		ids.filter((id, i) => ids.indexOf(id) !== i).forEach(id => wrong.push("two elements have the id " + id));
		if (document.querySelectorAll(".btn.primary").length && [...document.querySelectorAll(".btn.primary")].filter(e => e.checkVisibility()).length > 1) wrong.push("two primary buttons show at once");
		if (![...document.querySelectorAll("main summary")].some(e => /how this works/i.test(e.textContent))) wrong.push("does not say how it works (howItWorks in web/ui/how.go)");
		if (document.querySelectorAll(".how.foot").length > 1) wrong.push("says twice how it works: once in its own template, once by howItWorks in web/ui/how.go");
		return wrong;
	})()`
	firstStopIsSkipLink = `document.activeElement.matches(".skip-link") || document.querySelector("main [autofocus]") ? [] : ["the first stop of the keyboard is " + document.activeElement.outerHTML.slice(0, 120)]`
	focusIsVisible      = `(() => {
		const looks = e => { const s = getComputedStyle(e); return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor, s.clip, s.opacity].join(); };
		const wrong = [];
		for (const e of document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")) {
			if (e.disabled || e.tabIndex < 0 || !e.checkVisibility({visibilityProperty: true})) continue;
			document.activeElement.blur();
			const around = [e, e.parentElement, e.parentElement.parentElement], before = around.map(looks).join();
			e.focus({preventScroll: true});
			if (document.activeElement !== e) wrong.push("takes no focus: " + e.outerHTML.slice(0, 120));
			else if (around.map(looks).join() === before) wrong.push("does not show that it has the focus: " + e.outerHTML.slice(0, 120));
		}
		document.activeElement.blur();
		return wrong;
	})()`
)
