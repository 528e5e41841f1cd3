package format

import (
	"bytes"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
)

// document is one file while it is being read.
type document struct {
	file     string
	campaign fibonacco.Campaign
	content  fibonacco.Content
	lines    map[string]int // where a field's text begins
	problems []Problem
	lenient  bool // what is missing or unusual is a warning: the file is of another maker, or written by hand on a page
	idle     bool // says of itself that it is not in use
	unread   bool // not even the front matter could be read: nothing more to check
}

// strict is an error in a library of ours; in a lenient file, where the product can do without, a
// warning.
func (d *document) strict(field, format string, args ...any) {
	s := Error
	if d.lenient {
		s = Warning
	}
	d.at(d.line(field), field, s, fmt.Sprintf(format, args...))
}

// style warns about what our own texts keep to, and others do not: their files would be nothing but
// warnings.
func (d *document) style(field, format string, args ...any) {
	if !d.lenient {
		d.warn(field, format, args...)
	}
}

func (d *document) error(field, format string, args ...any) {
	d.at(d.line(field), field, Error, fmt.Sprintf(format, args...))
}

func (d *document) warn(field, format string, args ...any) {
	d.at(d.line(field), field, Warning, fmt.Sprintf(format, args...))
}

// line is where a field's text begins; a missing field is reported at the top.
func (d *document) line(field string) int { return max(d.lines[field], 1) }

func (d *document) at(line int, field string, s Severity, message string) {
	d.problems = append(d.problems, Problem{File: d.file, Line: line, Field: field, Message: message, Severity: s})
}

// fileError says that the file cannot be used at all.
func (d *document) fileError(message string) {
	d.at(0, "", Error, message)
	d.unread = true
}

func (d *document) failed() bool {
	for _, p := range d.problems {
		if p.Severity == Error {
			return true
		}
	}
	return false
}

// parse reads a file into a document; what it means is for lint.
func parse(name string, data []byte) *document {
	d := &document{file: name, lines: map[string]int{}}
	text, ok := d.decode(data)
	if !ok {
		return d
	}
	if isJSON(name) {
		if root, err := parseTree(text); err == nil && isForeign(root) {
			d.foreign(root)
			return d
		}
		d.front(strings.ReplaceAll(text, "\t", " "), 0, true) // inside a JSON string a tab is written \t
		return d
	}
	rest, ok := strings.CutPrefix(text, "---\n")
	if !ok {
		d.at(1, "", Error, "does not begin with front matter: a line of three dashes")
		d.unread = true
		return d
	}
	front, body, ok := cutLine(rest, "---")
	if !ok {
		d.at(1, "", Error, "has front matter without end: a second line of three dashes")
		d.unread = true
		return d
	}
	d.front(front, 1, false)
	d.sections(body, 3+strings.Count(front, "\n"))
	return d
}

func isJSON(name string) bool { return strings.EqualFold(path.Ext(name), ".json") }

// decode makes the bytes of a file into clean text with "\n" at the end of a line.
func (d *document) decode(data []byte) (string, bool) {
	if len(data) > maxFile {
		d.fileError(fmt.Sprintf("is longer than %d KB", maxFile>>10))
		return "", false
	}
	if rest, found := bytes.CutPrefix(data, []byte("\ufeff")); found {
		d.at(1, "", Warning, "begins with a byte order mark")
		data = rest
	}
	if i := bytes.Index(data, []byte("\r\n")); i >= 0 {
		d.at(1, "", Warning, "has Windows line ends")
		data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	}
	line, tab := 1, 0
	for rest := data; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && n == 1:
			d.at(line, "", Error, "is not UTF-8")
			d.unread = true
			return "", false
		case r == '\n':
			line++
		case r == '\t' && tab == 0:
			tab = line
		case r < ' ' && r != '\t' || r >= 0x7f && r < 0xa0 || r == '\ufeff':
			d.at(line, "", Error, fmt.Sprintf("holds the control character %U", r))
			d.unread = true
			return "", false
		}
		rest = rest[n:]
	}
	if tab > 0 && !isJSON(d.file) {
		d.at(tab, "", Warning, "holds a tab; use blanks")
	}
	return string(data), true
}

// cutLine cuts text at the first line that is exactly what; ok is false without one.
func cutLine(text, what string) (before, after string, ok bool) {
	if rest, found := strings.CutPrefix(text, what+"\n"); found {
		return "", rest, true
	}
	if before, after, ok = strings.Cut(text, "\n"+what+"\n"); ok {
		return before + "\n", after, true
	}
	if before, ok = strings.CutSuffix(text, "\n"+what); ok {
		return before + "\n", "", true
	}
	return text, "", false
}

// sections reads "# Email" and "# Article"; line is where body begins.
func (d *document) sections(body string, line int) {
	var field string
	start := line
	var text []string
	finish := func() {
		if field != "" {
			d.section(field, start, text)
		} else if i := firstText(text); i >= 0 {
			d.at(start+i, "", Error, `has text before "# Email"`)
		}
		text = nil
	}
	fenced := false
	for i, l := range strings.Split(body, "\n") {
		fenced = fenced != strings.HasPrefix(strings.TrimLeft(l, " "), "```")
		heading, found := strings.CutPrefix(l, "# ")
		if !found || fenced {
			text = append(text, l)
			continue
		}
		finish()
		start = line + i + 1
		switch strings.TrimSpace(heading) {
		case "Email":
			field = "email"
		case "Article":
			field = "article"
		default:
			d.at(line+i, "", Error, fmt.Sprintf("has the unknown section %q; it is Email or Article", quote(heading)))
			field = "unknown"
		}
		if field != "unknown" && d.lines[field] != 0 {
			d.at(line+i, field, Error, "is there twice")
		}
	}
	finish()
}

// quote shortens text out of a file for a message.
func quote(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

// section stores the text of a section that begins in the given line.
func (d *document) section(field string, line int, text []string) {
	if i := firstText(text); i > 0 {
		line, text = line+i, text[i:]
	}
	d.lines[field] = line
	s := trimText(strings.Join(text, "\n"))
	switch field {
	case "email":
		d.campaign.BodyMarkdown = s
	case "article":
		d.content.ArticleBody = s
	}
}

// trimText is a text of several lines as it is kept: nothing around it, and one line end.
func trimText(s string) string {
	if s = strings.TrimSpace(s); s != "" {
		s += "\n"
	}
	return s
}

// firstText is the first line that is not blank, or -1.
func firstText(lines []string) int {
	for i, l := range lines {
		if strings.TrimSpace(l) != "" {
			return i
		}
	}
	return -1
}
