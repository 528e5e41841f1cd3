package pdf_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/learning/pdf"
)

const prose = `<h2>One page with your facts</h2><p>Someone in Port Avery is <em>standing</em> on a <strong>side</strong>walk, see
<a href="https://example.org/a?b=1&amp;c=(2)">the guide</a> or <a href="/learn/next">the next</a> or <a href="javascript:alert(1)">nothing</a>.</p>
<ol start="3"><li>Read it.<ul><li>As a stranger</li></ul></li><li><p>Call.</p><p>Twice.</p></li></ol><blockquote><p>Quoted</p></blockquote>
<pre><code>a  b
c</code></pre><table><thead><tr><th>Day</th><th>Opens</th></tr></thead><tbody><tr><td>Monday</td><td>9 a.m.</td></tr></tbody></table><hr>
<p>Before <img src="/static/shop.png" alt="A shop"> after</p>`

func content() *fibonacco.LearningPage {
	return &fibonacco.LearningPage{
		Content: fibonacco.Content{
			Slug: "a-page-you-control", Type: "hook", Title: "A page for Marisol & Sons", UpdatedAt: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC),
			Slides: []fibonacco.Slide{
				{Component: "HeroSlide", Headline: "Your facts, in one place", Body: "About ninety seconds.", Narration: "Hello Marisol."},
				{Component: "StepSlide", Headline: "Three steps", Items: []string{"Look: read the page.", "Say yes.", "Try it."}},
				{Component: "Mystery", Headline: "And then?"},
			},
		},
		ArticleHTML: prose, For: "Marisol & Sons", ApprovalURL: "https://go.example.com/approve/SECRET",
	}
}

var press = &pdf.Press{Company: fibonacco.CompanyConfig{Name: "Port Avery Local", PostalAddress: "200 Market Street, Port Avery, NY 11231"}, Base: "https://go.example.com"}

// document is what a reader finds in a file.
type document struct {
	raw   string // every stream unpacked
	pages []string
	links []string
}

func (d document) text() string { return strings.Join(d.pages, "\f") }

var (
	stream = regexp.MustCompile(`(?s)stream\n(.*?)\nendstream`)
	shown  = regexp.MustCompile(`(?s)\(((?:\\.|[^\\)])*)\) Tj`)
	uri    = regexp.MustCompile(`(?s)/URI \(((?:\\.|[^\\)])*)\)`)
)

// read unpacks a file and returns what its pages show, stretch by stretch.
func read(t interface{ Fatalf(string, ...any) }, file []byte) (d document) {
	if !bytes.HasPrefix(file, []byte("%PDF-1.")) || !bytes.HasSuffix(bytes.TrimSpace(file), []byte("%%EOF")) {
		t.Fatalf("no PDF: %.40q", file)
	}
	for _, m := range uri.FindAllSubmatch(file, -1) {
		d.links = append(d.links, unescape(string(m[1])))
	}
	d.raw = string(stream.ReplaceAllFunc(file, func(s []byte) []byte {
		z, err := zlib.NewReader(bytes.NewReader(stream.FindSubmatch(s)[1]))
		if err != nil {
			return s
		}
		plain, err := io.ReadAll(z)
		if err != nil {
			t.Fatalf("a stream cannot be unpacked: %v", err)
		}
		if bytes.Contains(plain, []byte(" Tj ET")) {
			var words []string
			for _, m := range shown.FindAllSubmatch(plain, -1) {
				words = append(words, wide(unescape(string(m[1]))))
			}
			d.pages = append(d.pages, strings.Join(words, "|"))
		}
		return plain
	}))
	return d
}

func unescape(s string) string {
	return regexp.MustCompile(`(?s)\\(.)`).ReplaceAllStringFunc(s, func(e string) string {
		if e[1] == 'r' {
			return "\r"
		}
		return e[1:]
	})
}

func wide(s string) string {
	units := make([]uint16, 0, len(s)/2)
	for i := 0; i+1 < len(s); i += 2 {
		units = append(units, binary.BigEndian.Uint16([]byte(s[i:i+2])))
	}
	return string(utf16.Decode(units))
}

func made(t testing.TB, set func(*fibonacco.LearningPage) ([]byte, error), page *fibonacco.LearningPage) document {
	t.Helper()
	file, err := set(page)
	if err != nil {
		t.Fatal(err)
	}
	again, err := set(page)
	if err != nil || !bytes.Equal(file, again) {
		t.Errorf("the same page made other bytes: %v", err)
	}
	return read(t, file)
}

func contains(t *testing.T, d document, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(d.text(), w) {
			t.Errorf("%q is missing in\n%s", w, d.text())
		}
	}
}

func TestArticle(t *testing.T) {
	t.Parallel()
	d := made(t, press.Article, content())
	contains(t, d, "For Marisol & Sons", "A page for Marisol & Sons", "One page with your facts", "standing", "side|walk", "the guide",
		"3.|Read it.", "•|As a stranger", "4.|Call.", "Twice.", "Quoted", "a\u00a0\u00a0b|c", "Day|Opens|Monday|9 a.m.", "Picture: A shop",
		"Port Avery Local", "200 Market Street, Port Avery, NY 11231", "https://go.example.com/learn/a-page-you-control", "Page 1 of 1")
	want := "https://example.org/a?b=1&c=(2) https://go.example.com/learn/next https://go.example.com/static/shop.png https://go.example.com/learn/a-page-you-control"
	if got := strings.Join(d.links, " "); got != want {
		t.Errorf("links %s, want %s", got, want)
	}
	if strings.Contains(d.raw, "SECRET") || strings.Contains(d.raw, "javascript") {
		t.Error("a signed link, or a script, is in the paper")
	}
	if !strings.Contains(d.raw, "/FontFile2") || !strings.Contains(d.raw, "/Lang (en-US)") {
		t.Error("the font is not embedded, or the language is not said")
	}
}

func TestArticleWithoutProse(t *testing.T) {
	t.Parallel()
	page := content()
	page.ArticleHTML, page.For = "", ""
	d := made(t, press.Article, page)
	contains(t, d, "Your facts, in one place", "1.|Look:| read the page.", "And then?")
	if strings.Contains(d.text(), "For Marisol") {
		t.Error("it is for somebody")
	}
}

func TestHandout(t *testing.T) {
	t.Parallel()
	page := content()
	for range 3 {
		page.Slides = append(page.Slides, page.Slides...)
	}
	d := made(t, press.Handout, page)
	contains(t, d, "Slide 1|Your facts, in one place|About ninety seconds.|“Hello Marisol.”|Notes", "Slide 24|And then?|Notes",
		fmt.Sprintf("Page 2 of %d", len(d.pages)), "200 Market Street")
	for i, p := range d.pages {
		// What belongs to a slide is on its page.
		if strings.Contains(p, "Three steps") && !strings.Contains(p, "Try it.") {
			t.Errorf("a slide is torn apart on page %d:\n%s", i+1, p)
		}
	}
}

func TestPagesAndTheirBreaks(t *testing.T) {
	t.Parallel()
	page := content()
	page.ArticleHTML = strings.Repeat("<h3>A heading</h3><p>"+strings.Repeat("some words that fill lines ", 40)+"end.</p>", 14)
	d := made(t, press.Article, page)
	if len(d.pages) < 4 {
		t.Fatalf("%d pages", len(d.pages))
	}
	contains(t, d, fmt.Sprintf("Page %d of %d", len(d.pages), len(d.pages)))
	for i, p := range d.pages {
		body, _, _ := strings.Cut(p, "|"+content().Title+"|Page")
		if strings.HasSuffix(body, "A heading") {
			t.Errorf("page %d ends with a heading", i+1)
		}
	}
}

func TestTextWithoutGlyphs(t *testing.T) {
	t.Parallel()
	page := content()
	page.Title = "Café Ωmega Жук 🍕👩🏽‍🍳 שלום ﬁne Ａ\u202eevil\u0000"
	d := made(t, press.Article, page)
	contains(t, d, "Café Ωmega Жук □□ □□□□ ﬁne Aevil", "□ stands for a character")
	page.Title = "Shown: ń “quoted” – €5 ½"
	d = made(t, press.Article, page)
	contains(t, d, page.Title)
	if strings.Contains(d.text(), "stands for") {
		t.Error("a note about nothing")
	}
}

func TestPictures(t *testing.T) {
	t.Parallel()
	img := image.NewNRGBA(image.Rect(0, 0, 40, 30))
	img.Set(3, 3, color.NRGBA{200, 10, 10, 90})
	var asPNG, asJPEG bytes.Buffer
	if err := png.Encode(&asPNG, img); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&asJPEG, img, nil); err != nil {
		t.Fatal(err)
	}
	// A header that promises far more than anybody should unpack.
	bomb := bytes.Clone(asPNG.Bytes())
	copy(bomb[16:24], []byte{0, 1, 0, 0, 0, 1, 0, 0})
	for name, c := range map[string]struct {
		file  []byte
		shown bool
	}{
		"png": {asPNG.Bytes(), true}, "jpeg": {asJPEG.Bytes(), true}, "bomb": {bomb, false}, "broken": {asPNG.Bytes()[:60], false},
		"no picture": {[]byte("<svg/>"), false}, "not there": {nil, false},
	} {
		asked := ""
		p := *press
		p.Picture = func(src string) []byte { asked = src; return c.file }
		d := made(t, p.Article, content())
		if got := strings.Contains(d.raw, "/Subtype /Image"); got != c.shown || got == strings.Contains(d.text(), "Picture: A shop") || asked != "/static/shop.png" {
			t.Errorf("%s: shown %v, asked for %q", name, got, asked)
		}
	}
}

// Whatever stands in a page, its papers can be read, end, and lead nowhere that they should not.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"<script>alert(1)</script>", "{{ x }}", ") Tj ET (", `\`, "\x00", "\u202e", "🏳️‍🌈", strings.Repeat("W", 10<<10), strings.Repeat("\u0301", 500), "\xff\xfe", "שלום",
		"<table>" + strings.Repeat("<tr><td>x<td>y", 300), strings.Repeat("<ul><li>", 200), strings.Repeat("<blockquote>a", 150), "<img src=x alt='" + strings.Repeat("q", 5000) + "'>",
		"<a href='java&#10;script:x'>a</a><a href='http://x/%zz'>b</a><a href='//evil'>c</a><a href='https://a/)(\\'>d</a>", "<pre>" + strings.Repeat("a\n", 500), "<td colspan=99999>",
	}
	pieces = append(pieces, strings.Join(pieces, " "))
	for _, text := range pieces {
		page := content()
		page.Title, page.For, page.Slug, page.ArticleHTML = text, text, "a-page", text
		page.Slides = []fibonacco.Slide{{Headline: text, Body: text, Narration: text, Items: []string{text, text}}}
		for _, set := range []func(*fibonacco.LearningPage) ([]byte, error){press.Article, press.Handout} {
			file, err := set(page)
			if err != nil {
				t.Fatal(err)
			}
			d := read(t, file)
			if n := len(d.pages); n < 1 || n > 60 {
				t.Errorf("%d pages of %.40q", n, text)
			}
			for _, l := range d.links {
				if !strings.HasPrefix(l, "https://") && !strings.HasPrefix(l, "http://") {
					t.Errorf("leads to %q", l)
				}
			}
			for _, act := range []string{"/JavaScript", "/JS ", "/Launch", "/OpenAction <<"} {
				if bytes.Contains(stream.ReplaceAll(file, nil), []byte(act)) {
					t.Errorf("the file acts: %s", act)
				}
			}
		}
	}
}

// FuzzProse reads any HTML. What comes of it on paper, TestHostileTexts holds.
func FuzzProse(f *testing.F) {
	f.Add(prose)
	f.Add("<table><tr><td><table><tr><th>a<p>b</table>")
	f.Add("<ol start=-9><li><pre>a\n\tb</pre><blockquote><h1><a href='tel:1'>x")
	f.Fuzz(func(t *testing.T, html string) {
		links, size := press.Links(html)
		for _, l := range links {
			if !regexp.MustCompile(`^(https?://|mailto:|tel:)`).MatchString(l) {
				t.Fatalf("%q leads to %q", html, l)
			}
		}
		if size > 8*len(html)+1000 { // a tab in code is four blanks of two bytes; a table in a table is said twice
			t.Fatalf("%d bytes of text from %d", size, len(html))
		}
	})
}

func BenchmarkArticle(b *testing.B) {
	page := content()
	page.ArticleHTML = strings.Repeat(prose, 6)
	for b.Loop() {
		if _, err := press.Article(page); err != nil {
			b.Fatal(err)
		}
	}
}
