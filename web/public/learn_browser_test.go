package public_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/public"
	"github.com/fibonacco/fibonacco/web/static"
)

// reports notes what a page tells about its visit.
type reports struct {
	mu   sync.Mutex
	told []string // "slide 2", "complete"
}

func (l *reports) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var told struct {
		View, Recipient string
		Slide           int
	}
	_ = json.NewDecoder(r.Body).Decode(&told)
	what := r.PathValue("what")
	switch {
	case what == "start":
		_, _ = io.WriteString(w, `{"view":"v1"}`)
		what += " " + told.Recipient
	case told.View != "v1":
		what += " of no view"
	case told.Slide > 0:
		what += " " + string(rune('0'+told.Slide))
	}
	l.mu.Lock()
	l.told = append(l.told, what)
	l.mu.Unlock()
}

func (l *reports) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.told, ", ")
}

// presentation is a learning page in a Chromium that FIBONACCO_TEST_CHROMIUM names.
type presentation struct {
	t   *testing.T
	ctx context.Context
	url string
	*reports
}

func present(t *testing.T) *presentation {
	t.Helper()
	path := os.Getenv("FIBONACCO_TEST_CHROMIUM")
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("FIBONACCO_TEST_CHROMIUM is not set: run the tests with `make test`")
		}
		t.Skip("FIBONACCO_TEST_CHROMIUM is not set: `make test` sets it")
	}
	p := &presentation{t: t, reports: &reports{}}
	mux := http.NewServeMux()
	f := newFakes()
	f.page = sixSlides()
	deps := f.deps()
	deps.Prints = presses{}
	public.Mount(mux, deps)
	mux.Handle(static.Prefix, static.Handler())
	mux.Handle("POST /api/v1/content/good/track/{what}", p.reports)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p.url = server.URL + "/learn/good?r=x"
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	ctx, closeBrowser := chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true),
	))
	t.Cleanup(closeBrowser)
	p.ctx = ctx
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `window.broken = []; document.addEventListener("securitypolicyviolation", e => broken.push(e.violatedDirective + " " + e.blockedURI))`,
	}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *presentation) open() {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.Navigate(p.url)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *presentation) do(expression string) {
	p.t.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[chromedp.Void](expression)); err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
}

func (p *presentation) key(name string) {
	p.t.Helper()
	p.do(`document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "` + name + `", bubbles: true, cancelable: true}))`)
}

// until waits until something holds.
func (p *presentation) until(what string, holds func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !holds(); time.Sleep(30 * time.Millisecond) {
		if time.Now().After(deadline) {
			text, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.body.innerText.slice(0, 900)`))
			p.t.Fatalf("%s: never; told %s\n%s", what, p, text)
		}
	}
}

func (p *presentation) shows(what, expression string) {
	p.t.Helper()
	p.until(what, func() bool {
		ok, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](expression))
		return err == nil && ok
	})
}

// at says that a slide, and no other, is to be seen. 0 is the screen at the end.
func (p *presentation) at(headline string) {
	p.t.Helper()
	p.shows(headline, `(() => {
		const seen = [...document.querySelectorAll(".slide")].filter(s => s.offsetParent);
		return seen.length === 1 && seen[0].querySelector("h1, h2").textContent === "`+headline+`";
	})()`)
}

func sixSlides() *fibonacco.LearningPage {
	return &fibonacco.LearningPage{
		Content: fibonacco.Content{Slug: "good", Title: "A page", AudioBaseURL: "/nowhere", Slides: []fibonacco.Slide{
			{Component: "HeroSlide", Headline: "Hero", Narration: "Hero words", Seconds: 1, Audio: "1.mp3"},
			{Component: "ConceptSlide", Headline: "Concept", Body: "Concept body", Narration: "Concept words", Seconds: 1},
			{Component: "DataSlide", Headline: "Data", Items: []string{"Factors: 3. Not four.", "Source: a book"}, Seconds: 60},
			{Component: "StepSlide", Headline: "Step", Items: []string{"First do this"}, Seconds: 60},
			{Component: "ComparisonSlide", Headline: "Comparison", Items: []string{"It is: one", "It is not: two"}},
			{Component: "CTASlide", Headline: "Yes or no", Body: "Either is fine"},
		}},
		ArticleHTML: "<h2>Article</h2>", For: "Marisol", ApprovalURL: "https://go.example.com/approve/TOKEN",
		Related: []fibonacco.RelatedContent{{Slug: "next", Type: "howto", Title: "What is next"}},
	}
}

// A reader goes through the slides, leaves, and comes back where the page was left.
func TestPresentationInABrowser(t *testing.T) {
	t.Parallel()
	p := present(t)
	button := `getComputedStyle(document.querySelector("[data-approval]")).visibility === "visible"`
	p.open()
	p.at("Hero")
	p.until("the first slide's report", func() bool { return p.String() == "start x, slide 1" })
	p.key("ArrowRight")
	p.at("Concept")
	p.key("ArrowLeft")
	p.at("Hero")
	p.do(`for (let i = 0; i < 2; i++) document.querySelector("[data-do=next]").click()`)
	p.at("Data")
	p.shows("no button yet", "!("+button+")")
	// A finger goes on, and back; up and down is scrolling.
	p.do(`window.swipe = (dx, dy) => {
		const stage = document.querySelector(".stage"), touch = (x, y) => new Touch({identifier: 1, target: stage, clientX: x, clientY: y});
		stage.dispatchEvent(new TouchEvent("touchstart", {touches: [touch(200, 200)]}));
		stage.dispatchEvent(new TouchEvent("touchend", {changedTouches: [touch(200 + dx, 200 + dy)]}));
	}; swipe(-120, 10)`)
	p.at("Step")
	p.shows("the button with the fourth slide", button)
	p.do(`swipe(-60, 200)`)
	p.at("Step")

	p.open()
	p.at("Step") // where the page was left
	p.shows("saying so", `!document.querySelector("[data-resumed]").hidden && document.querySelector("[data-place]").textContent === "4 of 6"`)
	p.key("End")
	p.at("Yes or no")
	p.key("ArrowRight")
	p.at("That is all of it")
	p.shows("what goes with it", `document.querySelector(".ending .related a").getAttribute("href") === "/learn/next?r=x"`)
	p.key("Home")
	p.at("Hero")
	// Reports travel each on its own, and arrive in any order.
	since := func() []string {
		told := p.String()
		all := strings.Split(told[strings.LastIndex(told, "start x, ")+len("start x, "):], ", ")
		slices.Sort(all)
		return all
	}
	p.until("the end's report", func() bool { return slices.Equal(since(), []string{"complete", "slide 1", "slide 4", "slide 6"}) })
	p.do(`const paper = document.querySelector("[data-download]"); paper.addEventListener("click", (e) => e.preventDefault()); paper.click()`)
	p.until("the download's report", func() bool { return slices.Contains(since(), "download") })
	broken, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`window.broken.join(", ")`))
	if err != nil || broken != "" {
		t.Errorf("the page breaks its own policy: %s (%v)", broken, err)
	}
}

// Narration begins when the reader asks for it. A file that is missing, and a browser without a voice,
// do not hold it up.
func TestNarrationInABrowser(t *testing.T) {
	t.Parallel()
	p := present(t)
	p.open()
	p.at("Hero")
	p.shows("silence", `document.querySelector("[data-do=play]").getAttribute("aria-pressed") === "false"`)
	p.key(" ")
	p.shows("playing", `document.querySelector("[data-do=play]").getAttribute("aria-pressed") === "true"`)
	p.at("Data") // by itself, past a slide whose file is missing and one without
	p.shows("the captions", `document.querySelectorAll(".caption").length === 2`)
	p.key("Escape")
	p.shows("silence", `document.querySelector("[data-do=play]").getAttribute("aria-pressed") === "false"`)
}

// Without scripts the page is an article with everything in it.
func TestLearnPageWithoutScripts(t *testing.T) {
	t.Parallel()
	p := present(t)
	if _, err := chromedp.Call(p.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	p.open()
	for _, headline := range []string{"Hero", "Concept", "Data", "Step", "Comparison", "Yes or no", "Article"} {
		p.shows(headline, `[...document.querySelectorAll("h1, h2")].some(h => h.offsetParent && h.textContent === "`+headline+`")`)
	}
	p.shows("no dead buttons", `![...document.querySelectorAll("button")].some(b => b.offsetParent)`)
	equal(t, "reports", p.String(), "")
}

// The page with everything it needs stays under 100 KB before pictures.
func TestLearnPageIsLight(t *testing.T) {
	f := newFakes()
	f.page = sixSlides()
	f.page.ArticleHTML = strings.Repeat("<p>An article has some seven hundred words of this and that.</p>", 70)
	mux := http.NewServeMux()
	mount(mux, f)
	mux.Handle(static.Prefix, static.Handler())
	total := 0
	load := func(target string) string {
		r := get(target)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d", target, w.Code)
		}
		total += w.Body.Len()
		if w.Header().Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(bytes.NewReader(w.Body.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(z)
			return string(text)
		}
		return w.Body.String()
	}
	html := load("/learn/good?r=x")
	fonts := 0
	for _, m := range regexp.MustCompile(`(?:<link rel="stylesheet" href|<script src)="([^"]+)"`).FindAllStringSubmatch(html, -1) {
		text := load(m[1])
		if font := regexp.MustCompile(`url\("([^"]*latin-wght[^"]*)"\)`).FindStringSubmatch(text); font != nil {
			load(font[1])
			fonts++
		}
	}
	equal(t, "fonts", fonts, 1)
	if total > 100_000 {
		t.Errorf("the page takes %d bytes", total)
	}
}
