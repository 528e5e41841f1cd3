// Package plaintext makes what somebody typed, or a file brought in, into text that is safe to keep and
// to show: no control characters, none that turn the direction of the text around them, no broken
// UTF-8. What the text says, and every sign in it, stays: escaping is the business of who shows it.
package plaintext

import (
	"strings"
	"unicode"
)

// Line is text on one line, without space at its ends and with single spaces between words.
func Line(s string) string {
	return strings.Join(strings.Fields(clean(s)), " ")
}

// Paragraphs is text of several lines; paragraphs are apart by one empty line.
func Paragraphs(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n\n").Replace(s)
	var out []string
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.TrimSpace(clean(line))
		if line == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, line)
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

// Cut is at most so many characters of a text.
func Cut(s string, most int) string {
	n := 0
	for i := range s {
		if n == most {
			return strings.TrimSpace(s[:i])
		}
		n++
	}
	return s
}

func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r' || r == '\v' || r == '\f' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			return ' '
		case unicode.IsControl(r), turns(r), r == '\ufeff', r&0xfffe == 0xfffe, r >= 0xfdd0 && r <= 0xfdef:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// turns is true of the marks that change the direction of text beyond themselves.
func turns(r rune) bool { return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' }
