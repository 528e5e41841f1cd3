package format

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/template"
)

// Libraries of other makers are JSON files, one per campaign, with the campaign, its landing page,
// its slides, its e-mails and perhaps an article as separate objects. They are read leniently: what
// can be used is made to fit, what has no place here is kept with the page (Content.Metadata), and
// both are reported. Nothing is dropped in silence.

// foreignReader turns one such file into a document. It marks in the tree what it has used.
type foreignReader struct {
	*document
	metadata map[string]any
	unknown  map[string]bool // placeholders, as they are written
}

// isForeign reports whether a JSON file is of another maker: ours has no key "campaign".
func isForeign(root *tree) bool {
	return root != nil && root.kind == objectTree && slices.Contains(root.keys, "campaign")
}

// foreign reads the file.
func (d *document) foreign(root *tree) {
	d.lenient = true
	f := &foreignReader{document: d, metadata: map[string]any{}, unknown: map[string]bool{}}
	root.unclean(func(t *tree) {
		f.at(t.line, t.path, Warning, "held control characters, or a key that is too long; they were left out")
	})
	c := root.get("campaign")
	if c.kind != objectTree {
		f.at(c.line, "campaign", Error, "must be an object with id, type, day, title and subject")
		d.unread = true
		return
	}
	f.campaignOf(c, root)
	f.mails(root.get("emails", "email"), c)
	f.titles(c)
	f.slides(root.get("slides"))
	f.articleOf(root.get("article"))
	if page := root.get("landing_page"); page != nil {
		f.metadata["landing_page"] = page.take().any()
	}
	f.rest(root)
	for _, name := range slices.Sorted(maps.Keys(f.unknown)) {
		f.at(1, "", Warning, fmt.Sprintf("holds the unknown placeholder %s, which stays as it is written", quote(name)))
	}
	if len(f.metadata) > 0 {
		d.content.Metadata = f.metadata
	}
}

// report warns about a part of the file.
func (f *foreignReader) report(t *tree, format string, args ...any) {
	f.at(t.line, t.path, Warning, fmt.Sprintf(format, args...))
}

// keep puts a value that cannot be used as it is among the metadata, as written.
func (f *foreignReader) keep(t *tree) {
	kept, _ := f.metadata["kept"].(map[string]any)
	if kept == nil {
		kept = map[string]any{}
		f.metadata["kept"] = kept
	}
	name := t.path
	for n := 2; ; n++ {
		if _, taken := kept[name]; !taken {
			break
		}
		name = t.path + " (" + itoa(n) + ")"
	}
	kept[name] = t.any()
}

// campaignOf reads id, type, week, day and what names the landing page.
func (f *foreignReader) campaignOf(c, root *tree) {
	d := &f.document.campaign
	id := c.get("id")
	if f.place("id", id); id != nil && id.scalar() {
		d.ID = fitID(id.text)
		f.fitted(id, d.ID)
	}
	if d.ID == "" {
		d.ID = fitID(strings.TrimSuffix(f.file, ".json"))
		if d.ID == "" {
			d.ID = "C-1"
		}
		f.warn("id", "is missing, or has nothing to make an id of: it is %s, after the file", d.ID)
	}
	kind, given := c.get("type"), ""
	if f.place("type", kind); kind.says() {
		given = kind.text
	}
	t, ok := fitType(given, d.ID)
	if !ok {
		t = fibonacco.Conv
		f.warn("type", "is %q, which is none of ours: kept as %s, which has no day", quote(given), t)
	}
	if d.Type = t; kind.says() {
		f.fitted(kind, string(t))
	}
	d.Day = f.number("day", c.get("day"))
	if d.Day < 0 {
		d.Day = 0
	}
	if week := c.get("week"); week != nil {
		if given := f.number("week", week); d.Day > 0 && given != (d.Day+6)/7 {
			f.report(week, "is %d, but day %d is in week %d", given, d.Day, (d.Day+6)/7)
		}
	}
	d.Week = (d.Day + 6) / 7
	f.lines["day"], f.lines["week"] = max(f.lines["day"], 1), max(f.lines["week"], 1)
	if service := c.get("service_type", "service"); service.says() {
		if _, known := Services[service.text]; known {
			d.ServiceType = service.take().text
		}
	}
	f.slugOf(c, root)
}

// place notes where a field of ours comes from.
func (f *foreignReader) place(field string, t *tree) {
	if t != nil {
		f.lines[field] = t.line
	}
}

// fitted takes a value of which something else was made, and says so when it differs.
func (f *foreignReader) fitted(t *tree, ours string) {
	if t.take(); t.text != ours {
		f.report(t, "is %q; it was made %q to fit", quote(t.text), ours)
		f.keep(t)
	}
}

// number reads a whole number, which may stand in quotation marks.
func (f *foreignReader) number(field string, t *tree) int {
	f.place(field, t)
	if t == nil || t.kind == nullTree {
		return 0
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(t.text), 64)
	if !t.scalar() || err != nil || v != float64(int32(v)) {
		f.report(t, "must be a whole number; it counts as missing")
		return 0 // and stays unused, so that it is kept
	}
	if t.take(); v < 0 {
		f.report(t, "is %d; it counts as missing", int(v))
		f.keep(t)
	}
	return int(v)
}

// slugOf finds the page's name: the landing page's own, the campaign's reference to it, the title.
func (f *foreignReader) slugOf(c, root *tree) {
	d := &f.document.campaign
	f.lines["slug"] = c.line
	for _, t := range []*tree{c.get("slug"), root.get("landing_page").get("slug"), c.get("landing_page")} {
		if !t.says() {
			continue
		}
		if d.Slug = fitSlug(t.text); d.Slug != "" {
			f.place("slug", t)
			if d.Slug != t.text {
				f.report(t, "is %q; the page's name is %q", quote(t.text), d.Slug)
				f.keep(t)
			}
			if t.path != "landing_page.slug" { // that is kept with the landing page as a whole
				t.take()
			}
			return
		}
	}
	if t := c.get("title"); t.says() {
		d.Slug = fitSlug(foreignPlaceholder.ReplaceAllString(strings.ReplaceAll(t.text, "/", " "), " "))
	}
	if d.Slug == "" {
		d.Slug = slugOf(d.ID)
	}
	f.warn("slug", "is not given: the page's name is %q", d.Slug)
}

// titles reads title and subject, which stand in for one another.
func (f *foreignReader) titles(c *tree) {
	d := &f.document.campaign
	if t := c.get("title"); t.says() {
		f.place("title", t)
		d.Title = f.text(t)
	}
	if t := c.get("subject"); t.says() {
		f.place("subject", t)
		if d.Subject == "" {
			d.Subject = f.text(t)
		} else if f.merged(oneLine(t.text)) == d.Subject {
			t.take()
		} else {
			f.report(t, "differs from the e-mail's own subject, which is used")
			f.keep(t.take())
		}
	}
	plain := f.merged(d.ID)
	if d.Title == "" {
		d.Title = cmpText(d.Subject, plain)
		f.warn("title", "is missing: it is %q", quote(d.Title))
	}
	if d.Subject == "" {
		d.Subject = d.Title
		f.warn("subject", "is missing: it is the title")
	}
	if !strings.Contains(d.Title, "{") {
		d.MeetingTopic = d.Title
	}
	f.lines["title"], f.lines["subject"] = max(f.lines["title"], 1), max(f.lines["subject"], 1)
}

func cmpText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// merged is a text with our placeholders in it.
func (f *foreignReader) merged(text string) string {
	return merge(text, func(s string) string { return s }, func(name string) { f.unknown[name] = true })
}

var blanks = regexp.MustCompile(`\s+`)

func oneLine(s string) string { return strings.TrimSpace(blanks.ReplaceAllString(s, " ")) }

// column is how long a text of one line may be, in characters.
const column = 255

// text takes a text of one line, and shortens it to what its column holds.
func (f *foreignReader) text(t *tree) string {
	text := oneLine(t.take().text)
	out := f.merged(text)
	for n := column; len([]rune(out)) > column && n > 0; n -= 20 {
		out = f.merged(template.Cut(text, n))
	}
	if out != f.merged(text) {
		f.report(t, "is longer than %d characters; it was cut", column)
		f.keep(t)
	}
	return out
}

// indexed are the numbers in a path.
var indexed = regexp.MustCompile(`\[\d+\]`)

// rest keeps and reports what nobody has used. The same key in many places is reported once.
func (f *foreignReader) rest(root *tree) {
	first, count := map[string]*tree{}, map[string]int{}
	var order []string
	root.unused(func(t *tree) {
		f.keep(t)
		name := indexed.ReplaceAllString(t.path, "[]")
		if count[name]++; count[name] == 1 {
			first[name], order = t, append(order, name)
		}
	})
	for _, name := range order {
		times := ""
		if n := count[name]; n > 1 {
			times = fmt.Sprintf(" (and %d more like it)", n-1)
		}
		f.report(first[name], "has no place here; it is kept with the page%s", times)
	}
}
