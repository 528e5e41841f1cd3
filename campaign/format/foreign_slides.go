package format

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
)

// What the keys of a slide's content say. A key that is not here is part of what is said: its name
// goes before its text.
var (
	headlineKeys = []string{"headline", "title", "heading"}
	silentKeys   = []string{
		"headline", "title", "heading", "subtitle", "subheadline", "subheading", "text", "body", "description", "desc", "content",
		"paragraph", "paragraphs", "label", "value", "item", "items", "point", "points", "bullet", "bullets", "list", "step", "steps",
		"stat", "stats", "data", "feature", "features", "benefit", "benefits", "example", "examples", "cta", "cta_text", "button",
		"button_text", "quote", "question", "answer", "name", "caption", "note", "intro", "outro", "summary", "message", "tagline",
		"number", "left", "right", "columns", "column", "rows", "row", "cards", "card", "sections", "section", "details", "detail",
	}
	// shapeKeys say how something looks, and nothing to a reader.
	shapeKeys = []string{
		"icon", "image", "img", "image_url", "video", "video_url", "color", "colour", "background", "layout", "style", "theme",
		"animation", "variant", "class", "class_name", "id", "type", "url", "link", "href", "src", "alignment", "position", "size",
		"width", "height", "chart_type", "order", "component",
	}
)

func keyName(key string) string { return strings.ToLower(strings.ReplaceAll(key, "-", "_")) }

// spoken is a key as a person writes it: "open_rate" is "Open rate".
func keyWords(key string) string {
	words := strings.Join(strings.FieldsFunc(key, func(r rune) bool { return r == '_' || r == '-' || r == ' ' }), " ")
	if words == "" {
		return key
	}
	first := []rune(words)
	return strings.ToUpper(string(first[0])) + string(first[1:])
}

// leaves takes all texts of a tree, in reading order. Keys that say something become text; those
// that say how something looks are left.
func (f *foreignReader) leaves(t *tree) []string {
	var out []string
	switch t.kind {
	case textTree, numberTree:
		if t.take(); strings.TrimSpace(t.text) != "" {
			out = append(out, strings.TrimSpace(t.text))
		}
	case nullTree:
		t.take()
	case listTree:
		t.seen = true
		for _, v := range t.values {
			out = append(out, f.leaves(v)...)
		}
	case objectTree:
		t.seen = true
		for i, v := range t.values {
			key := keyName(t.keys[i])
			if slices.Contains(shapeKeys, key) {
				continue
			}
			inner := f.leaves(v)
			if slices.Contains(silentKeys, key) {
				out = append(out, inner...)
			} else if len(inner) == 0 {
				v.release()
			} else if v.scalar() {
				out = append(out, keyWords(t.keys[i])+": "+inner[0])
			} else {
				out = append(append(out, keyWords(t.keys[i])+":"), inner...)
			}
		}
	}
	return out
}

// slides reads the presentation.
func (f *foreignReader) slides(t *tree) {
	f.lines["slides"] = 1
	if t == nil || t.kind == nullTree {
		return
	}
	f.place("slides", t)
	list := t.values
	t.seen = true
	if t.scalar() {
		list = []*tree{t}
	}
	for i, one := range list {
		if one.kind == nullTree {
			one.used = t.kind == listTree
			continue
		}
		if t.kind == objectTree {
			f.report(one, "is read as slide %d: slides are a list", len(f.content.Slides)+1)
		}
		f.content.Slides = append(f.content.Slides, f.slide("slides["+itoa(i)+"]", one))
	}
}

func (f *foreignReader) slide(field string, t *tree) fibonacco.Slide {
	s := fibonacco.Slide{Component: "ConceptSlide"}
	t.seen = true
	f.lines[field] = t.line
	if c := t.get("component"); c.says() {
		s.Component = oneLine(c.take().text)
	}
	if title := t.get(headlineKeys...); title.says() {
		s.Headline = f.merged(oneLine(title.take().text))
	}
	if n := t.get("narration"); n != nil {
		s.Narration = f.merged(strings.Join(f.leaves(n), "\n"))
	}
	if a := t.get("audio_file"); a.says() {
		s.Audio = a.take().text
	}
	content := t
	if t.kind == objectTree {
		content = t.get("content")
	}
	var paragraphs []string
	if content != nil {
		paragraphs = f.slideContent(&s, content)
	}
	if s.Headline == "" && len(paragraphs) > 0 && len([]rune(paragraphs[0])) <= 80 {
		s.Headline, paragraphs = oneLine(paragraphs[0]), paragraphs[1:]
	}
	s.Body = strings.Join(paragraphs, "\n")
	s.Seconds = f.seconds(t.get("duration_seconds", "duration"), s.Narration)
	return s
}

// slideContent reads the nested part: texts that stand by themselves are the body, those in lists and
// objects are items.
func (f *foreignReader) slideContent(s *fibonacco.Slide, t *tree) (paragraphs []string) {
	merged := func(texts []string) []string {
		for i := range texts {
			texts[i] = f.merged(texts[i])
		}
		return texts
	}
	if t.scalar() {
		return merged(f.leaves(t))
	}
	t.seen = true
	for i, v := range t.values {
		key := ""
		if t.kind == objectTree {
			key = keyName(t.keys[i])
		}
		switch {
		case slices.Contains(shapeKeys, key):
		case t.kind == objectTree && v.scalar():
			texts := merged(f.leaves(v))
			switch {
			case len(texts) == 0 && !slices.Contains(silentKeys, key):
				v.release()
			case len(texts) == 0:
			case s.Headline == "" && slices.Contains(headlineKeys, key):
				s.Headline = oneLine(texts[0])
			case slices.Contains(silentKeys, key):
				paragraphs = append(paragraphs, texts...)
			default:
				paragraphs = append(paragraphs, f.merged(keyWords(t.keys[i]))+": "+texts[0])
			}
		default:
			items := f.items(v)
			if named := t.kind == objectTree && !slices.Contains(silentKeys, key); named && len(items) == 0 {
				v.release()
			} else if named {
				items = append([]string{keyWords(t.keys[i]) + ":"}, items...)
			}
			s.Items = append(s.Items, merged(items)...)
		}
	}
	return paragraphs
}

// items is one item per text, and one per object that holds nothing but texts: "Label: value".
func (f *foreignReader) items(t *tree) []string {
	if t.kind != listTree {
		return f.leaves(t)
	}
	var out []string
	t.seen = true
	for _, v := range t.values {
		if v.kind != objectTree {
			out = append(out, f.items(v)...)
			continue
		}
		flat := !slices.ContainsFunc(v.values, func(one *tree) bool { return !one.scalar() })
		texts := f.leaves(v)
		if flat && len(texts) > 1 {
			texts = []string{texts[0] + ": " + strings.Join(texts[1:], ", ")}
		}
		out = append(out, texts...)
	}
	return out
}

// seconds is how long a slide is; when the file does not say, as long as its narration takes.
func (f *foreignReader) seconds(t *tree, narration string) int {
	said := spoken(words(narration, one))
	if t == nil || t.kind == nullTree {
		return min(said, 600)
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(t.text), 64)
	if !t.scalar() || err != nil || v < 0 || v > 600 || v != v {
		f.report(t, "must be 0 to 600 seconds; the narration takes %d", said)
		return min(said, 600) // and stays unused, so that it is kept
	}
	if t.take(); v != math.Trunc(v) {
		f.keep(t)
	}
	return int(math.Ceil(v))
}

// articleOf reads the article: Markdown, or an object of headings and texts.
func (f *foreignReader) articleOf(t *tree) {
	f.lines["article"] = 1
	if t == nil || t.kind == nullTree {
		return
	}
	f.place("article", t)
	var text string
	if t.scalar() {
		text = strings.Join(f.leaves(t), "")
	} else {
		var parts []string
		f.sectionsOf(t, &parts, 2)
		text = strings.Join(parts, "\n\n")
	}
	source := f.merged(text)
	if _, err := render.CompileArticle(source); err != nil {
		f.report(t, "cannot be read as Markdown (%v); it is shown as plain text", err)
		source = markdownOf(text, func(name string) { f.unknown[name] = true })
	}
	if f.content.ArticleBody = strings.TrimSpace(source); f.content.ArticleBody != "" {
		f.content.ArticleBody += "\n"
	}
}

// sectionsOf writes an article that is an object down as Markdown.
func (f *foreignReader) sectionsOf(t *tree, parts *[]string, level int) {
	if t.scalar() {
		*parts = append(*parts, f.leaves(t)...)
		return
	}
	t.seen = true
	for i, v := range t.values {
		key := ""
		if t.kind == objectTree {
			if key = keyName(t.keys[i]); slices.Contains(shapeKeys, key) {
				continue
			}
		}
		said := len(*parts)
		switch {
		case v.scalar() && slices.Contains(headlineKeys, key):
			for _, s := range f.leaves(v) {
				*parts = append(*parts, strings.Repeat("#", min(level, 6))+" "+oneLine(s))
			}
		case v.scalar() && (key == "" || slices.Contains(silentKeys, key)):
			*parts = append(*parts, f.leaves(v)...)
		case v.scalar():
			for _, s := range f.leaves(v) {
				*parts = append(*parts, keyWords(t.keys[i])+": "+s)
			}
		case v.kind == listTree && len(v.values) > 0 && v.values[0].scalar() && key != "sections":
			if key != "" && !slices.Contains(silentKeys, key) {
				*parts = append(*parts, keyWords(t.keys[i])+":")
			}
			var lines []string
			for _, s := range f.items(v) {
				lines = append(lines, "- "+oneLine(s))
			}
			*parts = append(*parts, strings.Join(lines, "\n"))
		default:
			if key != "" && !slices.Contains(silentKeys, key) {
				*parts = append(*parts, strings.Repeat("#", min(level, 6))+" "+keyWords(t.keys[i]))
			}
			next := level
			if v.kind == objectTree {
				next++
			}
			f.sectionsOf(v, parts, next)
		}
		if said == len(*parts) && t.kind == objectTree && !slices.Contains(silentKeys, key) {
			v.release()
		}
	}
}
