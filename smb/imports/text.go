package imports

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	xunicode "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// counter counts the bytes that were read of the file.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

const sampleSize = 64 << 10 // what is looked at to tell encoding, format and separator

// openText takes a byte order mark off and turns UTF-16 into UTF-8. Other bytes stay as they
// are: whether they are UTF-8 or Windows-1252 is told value by value, see text.
func openText(r io.Reader) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(r, sampleSize)
	start, err := b.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var wide *xunicode.Endianness
	little, big := xunicode.LittleEndian, xunicode.BigEndian
	switch {
	case bytes.HasPrefix(start, []byte{0xef, 0xbb, 0xbf}):
		_, err := b.Discard(3)
		return b, err
	case bytes.HasPrefix(start, []byte{0xff, 0xfe}):
		wide = &little
	case bytes.HasPrefix(start, []byte{0xfe, 0xff}):
		wide = &big
	default:
		// Without a mark, every second byte of Western text in UTF-16 is zero.
		zero := [2]int{}
		for i, c := range start {
			if c == 0 {
				zero[i%2]++
			}
		}
		switch half := len(start) / 2; {
		case half > 4 && zero[1] > half*3/4 && zero[0] == 0:
			wide = &little
		case half > 4 && zero[0] > half*3/4 && zero[1] == 0:
			wide = &big
		}
	}
	if wide == nil {
		return b, nil
	}
	decoder := xunicode.UTF16(*wide, xunicode.UseBOM).NewDecoder()
	return bufio.NewReaderSize(transform.NewReader(b, decoder), sampleSize), nil
}

// text is a value as it is stored: UTF-8, without space around it, every run of blanks, line
// breaks and control characters inside it as one space. Bytes that are not UTF-8 are read as
// Windows-1252, which Latin-1 is a part of. A zero byte stays, to be refused.
func text(s string) string {
	if tidy(s) {
		return s
	}
	if !utf8.ValidString(s) {
		if decoded, err := charmap.Windows1252.NewDecoder().String(s); err == nil {
			s = decoded
		}
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	blank := func(r rune) bool {
		return r != 0 && (unicode.IsSpace(r) || unicode.IsControl(r) || r == '\uFEFF' || r == '\u200B')
	}
	var b strings.Builder
	space := false
	for _, r := range s {
		if blank(r) {
			space = true
			continue
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
	}
	return b.String()
}

// tidy reports whether s is printable ASCII with single spaces inside only: most values are.
func tidy(s string) bool {
	before := byte(' ')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' || c > '~' || (c == ' ' && before == ' ') {
			return false
		}
		before = c
	}
	return s == "" || before != ' '
}

// placeholder reports whether a value is what people write for "we have none".
func placeholder(s string) bool {
	switch strings.ToLower(strings.Trim(s, ".-_ ")) {
	case "", "n/a", "na", "none", "null", "nil", "unknown", "tbd", "tba", "no", "0", "x":
		return true
	}
	return false
}
