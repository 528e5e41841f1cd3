package render

// A line of quoted-printable holds at most 76 characters; one of them may have to be the equals
// sign of a soft break.
const qpLine = 75

const hexDigits = "0123456789ABCDEF"

// appendQP encodes s as quoted-printable onto dst, which must be at the beginning of a line, and
// returns the column it ends in; unless that is 0 a softBreak has to follow. "\n" becomes a hard line break; carriage returns are dropped. No
// line begins with a dot or "From ", which careless mail servers change.
func appendQP(dst, s []byte) ([]byte, int) {
	col := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\n':
			dst, col = append(dst, '\r', '\n'), 0
			continue
		case c == '\r':
			continue
		case c > ' ' && c <= '~' && c != '=' || (c == ' ' || c == '\t') && (i+1 == len(s) || s[i+1] != '\n' && s[i+1] != '\r'):
			if col == 0 && (c == '.' || c == 'F' && hasFrom(s[i:])) {
				break
			}
			if col == qpLine {
				dst, col = append(dst, '=', '\r', '\n'), 0
				if c == '.' || c == 'F' && hasFrom(s[i:]) {
					break
				}
			}
			dst, col = append(dst, c), col+1
			continue
		}
		if col > qpLine-3 {
			dst, col = append(dst, '=', '\r', '\n'), 0
		}
		dst, col = append(dst, '=', hexDigits[c>>4], hexDigits[c&15]), col+3
	}
	return dst, col
}

func hasFrom(s []byte) bool { return len(s) > 4 && string(s[:5]) == "From " }

// softBreak brings dst back to the beginning of a line without the reader seeing it.
func softBreak(dst []byte, col int) []byte {
	if col == 0 {
		return dst
	}
	return append(dst, '=', '\r', '\n')
}
