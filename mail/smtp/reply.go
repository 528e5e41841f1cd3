package smtp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
)

// A server that sends more than this in one reply is not one to talk to. The buffer's size
// limits a line.
const (
	maxReplyLines = 100
	readBuffer    = 4 << 10
)

// errGarbled is a reply that is not SMTP, or not one to this command. It is treated like a broken
// connection: after it nobody knows what the server means.
var errGarbled = errors.New("garbled reply")

// readReply reads one reply, all its lines, and appends their text, parted by line feeds, to
// text, whose memory is reused.
func readReply(r *bufio.Reader, text []byte) (code int, _ []byte, err error) {
	text = text[:0]
	for n := range maxReplyLines {
		line, err := r.ReadSlice('\n')
		if err != nil {
			if errors.Is(err, bufio.ErrBufferFull) {
				err = fmt.Errorf("%w: a line is too long", errGarbled)
			}
			return 0, text, err
		}
		c, more, rest, ok := parseReplyLine(line)
		if !ok || (n > 0 && c != code) {
			return 0, text, errGarbled
		}
		if n > 0 {
			text = append(text, '\n')
		}
		code, text = c, append(text, rest...)
		if !more {
			return code, text, nil
		}
	}
	return 0, text, fmt.Errorf("%w: too many lines", errGarbled)
}

// parseReplyLine takes "250-text" or "250 text" or "250" apart.
func parseReplyLine(line []byte) (code int, more bool, text []byte, ok bool) {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) < 3 {
		return 0, false, nil, false
	}
	for _, c := range line[:3] {
		if c < '0' || c > '9' {
			return 0, false, nil, false
		}
		code = code*10 + int(c-'0')
	}
	if code < 200 || code > 599 {
		return 0, false, nil, false
	}
	if len(line) == 3 {
		return code, false, nil, true
	}
	switch line[3] {
	case ' ':
		return code, false, line[4:], true
	case '-':
		return code, true, line[4:], true
	}
	return 0, false, nil, false
}

// enhanced finds the status code of RFC 3463 that many servers put before the text: "4.7.1 …".
func enhanced(text []byte) (class, subject, detail int, ok bool) {
	var n [3]int
	for i := range n {
		digits := 0
		for len(text) > 0 && text[0] >= '0' && text[0] <= '9' && digits < 3 {
			n[i] = n[i]*10 + int(text[0]-'0')
			text = text[1:]
			digits++
		}
		if digits == 0 {
			return 0, 0, 0, false
		}
		if i < 2 {
			if len(text) == 0 || text[0] != '.' {
				return 0, 0, 0, false
			}
			text = text[1:]
		}
	}
	if len(text) > 0 && text[0] != ' ' && text[0] != '\n' {
		return 0, 0, 0, false
	}
	return n[0], n[1], n[2], true
}
