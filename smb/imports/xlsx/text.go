package xlsx

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// appendText appends a text of the file as it is meant: entities, and what Excel writes as
// _x000D_, become their characters; characters that XML cannot hold are left out.
func appendText(to, raw []byte, cdata bool) []byte {
	if !cdata {
		for {
			i := bytes.IndexByte(raw, '&')
			if i < 0 {
				break
			}
			to = appendEscaped(to, raw[:i])
			raw = raw[i:]
			n := 0
			if to, n = appendEntity(to, raw); n == 0 {
				to, n = append(to, '&'), 1
			}
			raw = raw[n:]
		}
	}
	return appendEscaped(to, raw)
}

// appendEntity appends the character that the entity at the start of raw stands for, and says how
// long it is; 0 when it is none.
func appendEntity(to, raw []byte) ([]byte, int) {
	end := bytes.IndexByte(raw[:min(len(raw), 12)], ';')
	if end < 2 {
		return to, 0
	}
	switch name := string(raw[1:end]); name {
	case "amp":
		return append(to, '&'), end + 1
	case "lt":
		return append(to, '<'), end + 1
	case "gt":
		return append(to, '>'), end + 1
	case "quot":
		return append(to, '"'), end + 1
	case "apos":
		return append(to, '\''), end + 1
	default:
		if name[0] != '#' {
			return to, 0
		}
		digits, base := name[1:], 10
		if len(digits) > 1 && (digits[0] == 'x' || digits[0] == 'X') {
			digits, base = digits[1:], 16
		}
		n, err := strconv.ParseUint(digits, base, 32)
		if err != nil {
			return to, 0
		}
		return appendRune(to, rune(n)), end + 1
	}
}

// appendEscaped appends a text in which _xHHHH_ is a character.
func appendEscaped(to, raw []byte) []byte {
	for {
		i := bytes.Index(raw, []byte("_x"))
		if i < 0 {
			return append(to, raw...)
		}
		to = append(to, raw[:i]...)
		raw = raw[i:]
		if len(raw) >= 7 && raw[6] == '_' {
			if n, err := strconv.ParseUint(string(raw[2:6]), 16, 32); err == nil {
				to, raw = appendRune(to, rune(n)), raw[7:]
				continue
			}
		}
		to, raw = append(to, "_x"...), raw[2:]
	}
}

// appendRune leaves out what is no character, and the control characters that mean nothing here.
func appendRune(to []byte, r rune) []byte {
	if r < ' ' && r != '\t' && r != '\n' && r != '\r' || !utf8.ValidRune(r) {
		return to
	}
	return utf8.AppendRune(to, r)
}
