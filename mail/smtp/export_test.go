package smtp

import (
	"bufio"
	"bytes"
	"strings"
)

// ReadReply, Clean, EnvelopeAddress and Body let tests look at single parts.
var (
	Clean           = clean
	EnvelopeAddress = envelopeAddress
)

func ReadReply(s string) (code int, text string, err error) {
	code, b, err := readReply(bufio.NewReaderSize(strings.NewReader(s), readBuffer), nil)
	return code, string(b), err
}

func Enhanced(text string) (class, subject, detail int, ok bool) { return enhanced([]byte(text)) }

func Body(message []byte) []byte {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	writeBody(output{w}, message)
	w.Flush()
	return b.Bytes()
}
