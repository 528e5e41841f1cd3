package template

import (
	"unicode/utf8"
)

// Escape says where a template's output goes, and so what a value may not bring along.
type Escape int

// The targets. Only values are escaped; a template's own text is its author's, except that a
// Header is one line whoever wrote it.
const (
	HTML   Escape = iota // element text or a quoted attribute: & < > " ' become entities
	Text                 // plain text, as it is
	Header               // one line: every control character and line separator becomes a blank
)

// Append puts s onto dst as the target wants values.
func (e Escape) Append(dst []byte, s string) []byte {
	switch e {
	case HTML:
		return appendHTML(dst, s)
	case Header:
		return appendHeader(dst, s)
	default:
		return append(dst, s...)
	}
}

// appendHTML escapes exactly as Liquid's HtmlEscaper does.
func appendHTML(dst []byte, s string) []byte {
	from := 0
	for i := range len(s) {
		var entity string
		switch s[i] {
		case '&':
			entity = "&amp;"
		case '\'':
			entity = "&#39;"
		case '<':
			entity = "&lt;"
		case '>':
			entity = "&gt;"
		case '"':
			entity = "&#34;"
		default:
			continue
		}
		dst = append(append(dst, s[from:i]...), entity...)
		from = i + 1
	}
	return append(dst, s[from:]...)
}

// appendHeader makes a line break impossible, whatever s holds.
func appendHeader(dst []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r < ' ', r == 0x7f, r >= 0x80 && r < 0xa0, r == '\u2028', r == '\u2029':
			dst = append(dst, ' ')
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
