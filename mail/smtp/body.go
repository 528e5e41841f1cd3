package smtp

import "bytes"

// writeBody writes a message and the final dot. A message that is as it should be (CRLF line ends,
// no line begins with a dot) is written as it is, from where it is.
func writeBody(w output, message []byte) {
	if !hasLineEnds(message) {
		message = mendLineEnds(message)
	}
	if len(message) > 0 && message[0] == '.' {
		w.put(".")
	}
	for rest := message; ; {
		i := bytes.Index(rest, []byte("\n."))
		if i < 0 {
			w.putBytes(rest)
			break
		}
		w.putBytes(rest[:i+1])
		w.put(".")
		rest = rest[i+1:]
	}
	if len(message) > 0 && message[len(message)-1] != '\n' {
		w.put("\r\n")
	}
	w.put(".\r\n")
}

// hasLineEnds reports whether each CR is followed by an LF, and each LF is after a CR.
func hasLineEnds(message []byte) bool {
	lines := 0
	for rest := message; ; lines++ {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			break
		}
		if i == 0 || rest[i-1] != '\r' {
			return false
		}
		rest = rest[i+1:]
	}
	return bytes.Count(message, []byte{'\r'}) == lines
}

// mendLineEnds makes CRLF of each lone CR or LF, so that no server, whatever it takes for a line end,
// can see the end of the message anywhere but at its end.
func mendLineEnds(message []byte) []byte {
	mended := make([]byte, 0, len(message)+len(message)/32)
	for i, c := range message {
		switch {
		case c == '\n' && i > 0 && message[i-1] == '\r':
		case c == '\r' || c == '\n':
			mended = append(mended, '\r', '\n')
		default:
			mended = append(mended, c)
		}
	}
	return mended
}
