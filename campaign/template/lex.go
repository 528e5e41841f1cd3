package template

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// lexeme is a word of an expression inside braces, cut where Liquid's own scanner cuts.
type lexeme struct {
	kind lexKind
	text string // an identifier, a string's value, a number, or the operator
}

type lexKind int

const (
	identifier lexKind = iota
	keyword            // identifier directly followed by a colon; text is without it
	property           // dot and identifier; text is without the dot
	quoted             // text is the value, escapes resolved
	number
	operator
)

var longOperators = []string{"==", "!=", ">=", "<=", ".."}

// lex cuts an expression into words. ok is false when a quotation mark is never closed.
func lex(s string) (words []lexeme, ok bool) {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case isSpace(c):
			i++
		case c == '"' || c == '\'':
			text, n := lexString(s[i:])
			if n == 0 {
				return nil, false
			}
			words, i = append(words, lexeme{quoted, text}), i+n
		case isDigit(c) || c == '-' && i+1 < len(s) && isDigit(s[i+1]):
			n := lexNumber(s[i:])
			words, i = append(words, lexeme{number, s[i : i+n]}), i+n
		case isFirst(c):
			n := lexName(s[i:])
			if i+n < len(s) && s[i+n] == ':' {
				words, i = append(words, lexeme{keyword, s[i : i+n]}), i+n+1
				break
			}
			words, i = append(words, lexeme{identifier, s[i : i+n]}), i+n
		case c == '.' && i+1 < len(s) && isFirst(s[i+1]):
			n := lexName(s[i+1:])
			words, i = append(words, lexeme{property, s[i+1 : i+1+n]}), i+1+n
		case i+1 < len(s) && slices.Contains(longOperators, s[i:i+2]):
			words, i = append(words, lexeme{operator, s[i : i+2]}), i+2
		default:
			_, n := utf8.DecodeRuneInString(s[i:])
			words, i = append(words, lexeme{operator, s[i : i+n]}), i+n
		}
	}
	return words, true
}

// lexString reads the string that s begins with; n is 0 when it does not end.
func lexString(s string) (value string, n int) {
	quote := s[0]
	if quote == '\'' {
		end := strings.IndexByte(s[1:], '\'')
		if end < 0 {
			return "", 0
		}
		return s[1 : 1+end], end + 2
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), i + 1
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteString(unescape(s[i]))
		default:
			b.WriteByte(s[i])
		}
	}
	return "", 0
}

// unescape is what a backslash and c stand for; a pair that Liquid does not know stays.
func unescape(c byte) string {
	switch c {
	case '\\', '"':
		return string(c)
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'r':
		return "\r"
	default:
		return string([]byte{'\\', c})
	}
}

func lexNumber(s string) int {
	n := 1
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n+1 < len(s) && s[n] == '.' && isDigit(s[n+1]) {
		for n++; n < len(s) && isDigit(s[n]); {
			n++
		}
	}
	return n
}

func lexName(s string) int {
	n := 1
	for n < len(s) && (isFirst(s[n]) || isDigit(s[n]) || s[n] == '-') {
		n++
	}
	if n < len(s) && s[n] == '?' {
		n++
	}
	return n
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isFirst reports whether a name may begin with c: a letter, an underscore, or part of a
// character beyond ASCII.
func isFirst(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= utf8.RuneSelf
}
