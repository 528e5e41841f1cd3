package smtp

import "bytes"

// writeBody writes a message and the final dot. A message that is as it should be (CRLF line ends,
// no line begins with a dot) is written as it is, from where it is.
func writeBody(w output, message []byte) {
	if isPlain(message) {
		w.putBytes(message)
	} else {
		writeStuffed(w, message)
	}
	if n := len(message); n > 0 && message[n-1] != '\n' && message[n-1] != '\r' {
		w.put("\r\n")
	}
	w.put(".\r\n")
}

// isPlain reports whether a message can go over the wire byte by byte.
func isPlain(message []byte) bool {
	if len(message) > 0 && message[0] == '.' {
		return false
	}
	lines := 0
	for rest := message; ; lines++ {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			break
		}
		if i == 0 || rest[i-1] != '\r' || (i+1 < len(rest) && rest[i+1] == '.') {
			return false
		}
		rest = rest[i+1:]
	}
	return bytes.Count(message, []byte{'\r'}) == lines // every CR belongs to a line end
}

// writeStuffed doubles dots at the beginning of lines. A lone CR or LF becomes a line end, so
// that no server can see the end of the message anywhere but at its end.
func writeStuffed(w output, message []byte) {
	for len(message) > 0 {
		if message[0] == '.' {
			w.put(".")
		}
		i := bytes.IndexAny(message, "\r\n")
		if i < 0 {
			w.putBytes(message)
			return
		}
		w.putBytes(message[:i])
		w.put("\r\n")
		if message[i] == '\r' && i+1 < len(message) && message[i+1] == '\n' {
			i++
		}
		message = message[i+1:]
	}
}
