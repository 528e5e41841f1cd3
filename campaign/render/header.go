package render

import (
	"strings"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco/campaign/template"
)

// maxColumn is how long a header line gets before it is folded.
const maxColumn = 76

// appendText writes the text of an unstructured header, such as Subject, folded, and as RFC 2047
// encoded words when it is not plain ASCII. col is the column dst is in. s may hold anything:
// what could end the line becomes a blank.
func appendText(dst []byte, col int, s string) []byte {
	if !isLine(s) {
		s = string(template.Header.Append(nil, s))
	}
	s = strings.TrimSpace(s)
	if !isPlain(s) {
		dst, _ = appendEncoded(dst, col, s)
		return dst
	}
	for {
		n := nextFold(s)
		if col+n > maxColumn && s[0] == ' ' {
			dst, col = append(dst, '\r', '\n'), 0
		}
		dst, col = append(dst, s[:n]...), col+n
		if s = s[n:]; s == "" {
			return dst
		}
	}
}

// nextFold is where s may be broken next: at the first blank behind a word.
func nextFold(s string) int {
	i := 0
	for i < len(s) && s[i] == ' ' {
		i++
	}
	for i < len(s) && s[i] != ' ' {
		i++
	}
	return i
}

// isLine reports whether s is printable ASCII.
func isLine(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// isPlain reports whether s may stand in a header as it is.
func isPlain(s string) bool { return s != "" && isLine(s) && !strings.Contains(s, "=?") }

const (
	wordBegin = "=?utf-8?q?"
	wordEnd   = "?="
)

// appendEncoded writes s as encoded words of at most 75 characters, one a line. It uses only the
// characters that are allowed in a name before an address as well.
func appendEncoded(dst []byte, col int, s string) ([]byte, int) {
	dst, col = append(dst, wordBegin...), col+len(wordBegin)
	for _, r := range s {
		var raw [utf8.UTFMax]byte
		n := utf8.EncodeRune(raw[:], r)
		size := 3 * n
		if n == 1 && isAtom(raw[0]) || r == ' ' {
			size = 1
		}
		if col+size+len(wordEnd) > maxColumn {
			dst = append(append(append(dst, wordEnd...), "\r\n "...), wordBegin...)
			col = 1 + len(wordBegin)
		}
		col += size
		switch {
		case r == ' ':
			dst = append(dst, '_')
		case size == 1:
			dst = append(dst, raw[0])
		default:
			for _, c := range raw[:n] {
				dst = append(dst, '=', hexDigits[c>>4], hexDigits[c&15])
			}
		}
	}
	return append(dst, wordEnd...), col + len(wordEnd)
}

func isAtom(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!*+-/", c) >= 0
}

// appendMailbox writes an address with a name before it, or alone when name is "".
func appendMailbox(dst []byte, col int, name, address string) []byte {
	name = template.Clean(name)
	if name == "" {
		return append(dst, address...)
	}
	if col, dst = appendPhrase(dst, col, name); col+len(address)+3 > maxColumn {
		dst = append(dst, '\r', '\n')
	}
	return append(append(append(dst, " <"...), address...), '>')
}

// appendPhrase writes a name: bare, quoted or encoded, whichever it needs.
func appendPhrase(dst []byte, col int, name string) (int, []byte) {
	if !isPlain(name) {
		dst, col = appendEncoded(dst, col, name)
		return col, dst
	}
	bare := true
	for i := range len(name) {
		bare = bare && (name[i] == ' ' || isAtom(name[i]))
	}
	from := len(dst)
	if bare {
		dst = append(dst, name...)
	} else {
		dst = append(dst, '"')
		for i := range len(name) {
			if name[i] == '"' || name[i] == '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, name[i])
		}
		dst = append(dst, '"')
	}
	return col + len(dst) - from, dst
}

// isAddress reports whether s can stand in angle brackets and in an SMTP command: local@domain in
// printable ASCII without blanks, brackets and separators. Whether anybody lives there is for
// fibonacco.ValidEmail.
func isAddress(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at == len(s)-1 || len(s) > 254 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || strings.IndexByte(`<>()[],;:\"`, s[i]) >= 0 {
			return false
		}
	}
	return strings.IndexByte(s[:at], '@') < 0
}
