package xlsx

import (
	"bytes"
	"errors"
	"io"

	xunicode "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// maxToken bounds one tag or one text. Excel's longest text has 32,767 characters.
const maxToken = 1 << 20

const mostDepth = 100 // elements inside one another

// scanner cuts XML into tags and texts. It knows as much XML as spreadsheets need, ten times as
// fast as encoding/xml: no namespaces beyond their prefixes, no entities but the built-in ones. A
// document type is refused, so nothing can be made to grow.
type scanner struct {
	r        io.Reader
	buf      []byte
	pos, end int
	eof      bool
	err      error
	depth    int // elements that are open

	// The token read last; valid until the next.
	kind  tokenKind
	name  []byte // of a tag, without its prefix
	attrs []byte // of a start tag
	text  []byte // of a text, entities still in it
	cdata bool   // the text has none
	ended bool   // of a start tag: it is its own end
}

type tokenKind int

const (
	startTag tokenKind = iota
	endTag
	textToken
)

func newScanner(r io.Reader) (*scanner, error) {
	s := &scanner{r: r, buf: make([]byte, 64<<10)}
	for s.end < 4 && !s.eof {
		s.fill()
	}
	start := s.buf[:s.end]
	switch {
	case bytes.HasPrefix(start, []byte{0xef, 0xbb, 0xbf}):
		s.pos = 3
	case bytes.HasPrefix(start, []byte{0xff, 0xfe}), bytes.HasPrefix(start, []byte{0xfe, 0xff}),
		bytes.HasPrefix(start, []byte{'<', 0}), bytes.HasPrefix(start, []byte{0, '<'}):
		order := xunicode.BigEndian
		if start[0] == 0xff || start[0] == '<' {
			order = xunicode.LittleEndian
		}
		rest := io.MultiReader(bytes.NewReader(bytes.Clone(start)), r)
		s.r = transform.NewReader(rest, xunicode.UTF16(order, xunicode.UseBOM).NewDecoder())
		s.end, s.eof = 0, false
	}
	return s, s.err
}

// fill reads more, making room first.
func (s *scanner) fill() {
	if s.pos > 0 {
		copy(s.buf, s.buf[s.pos:s.end])
		s.end -= s.pos
		s.pos = 0
	}
	if s.end == len(s.buf) {
		bigger := make([]byte, 2*len(s.buf))
		copy(bigger, s.buf[:s.end])
		s.buf = bigger
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if err != nil {
			s.eof = true
			if !errors.Is(err, io.EOF) {
				s.err = err
			}
			return
		}
		if n > 0 {
			return
		}
	}
	s.eof, s.err = true, io.ErrNoProgress
}

// find is where what begins, from or after; both counted from pos. It reads on as needed.
func (s *scanner) find(what string, from int) (int, error) {
	for {
		b := s.buf[s.pos:s.end]
		if from < len(b) {
			var i int
			if len(what) == 1 {
				i = bytes.IndexByte(b[from:], what[0])
			} else {
				i = bytes.Index(b[from:], []byte(what))
			}
			if i >= 0 {
				return from + i, nil
			}
		}
		switch {
		case s.err != nil:
			return 0, s.err
		case s.eof:
			return 0, errCutOff
		case len(b) > maxToken:
			return 0, malformed("holds a text or a tag of more than 1 MiB")
		}
		from = max(len(b)-len(what)+1, from)
		s.fill()
	}
}

// next reads one token; io.EOF at the end.
func (s *scanner) next() error {
	for {
		for s.pos == s.end {
			if s.eof {
				if s.err != nil {
					return s.err
				}
				return io.EOF
			}
			s.fill()
		}
		if s.buf[s.pos] != '<' {
			return s.readText()
		}
		again, err := s.readTag()
		if err != nil || !again {
			return err
		}
	}
}

func (s *scanner) readText() error {
	n, err := s.find("<", 0)
	if errors.Is(err, errCutOff) {
		n, err = s.end-s.pos, nil // space behind the last tag
	}
	if err != nil {
		return err
	}
	s.kind, s.text, s.cdata = textToken, s.buf[s.pos:s.pos+n], false
	s.pos += n
	return nil
}

// readTag reads what begins with "<"; again is true for what is no token: comments and the like.
func (s *scanner) readTag() (again bool, err error) {
	const longest = len("<![CDATA[")
	for s.end-s.pos < longest && !s.eof {
		s.fill()
	}
	b := s.buf[s.pos:s.end]
	switch {
	case bytes.HasPrefix(b, []byte("<!--")):
		return s.skip("-->")
	case bytes.HasPrefix(b, []byte("<![CDATA[")):
		n, err := s.find("]]>", longest)
		if err != nil {
			return false, err
		}
		s.kind, s.text, s.cdata = textToken, s.buf[s.pos+longest:s.pos+n], true
		s.pos += n + len("]]>")
		return false, nil
	case bytes.HasPrefix(b, []byte("<?")):
		return s.skip("?>")
	case bytes.HasPrefix(b, []byte("<!")):
		return false, malformed("has a document type, which no spreadsheet needs")
	}
	n, err := s.find(">", 0)
	for err == nil && !balanced(s.buf[s.pos:s.pos+n]) { // a ">" inside an attribute
		n, err = s.find(">", n+1)
	}
	if err != nil {
		return false, err
	}
	s.tag(s.buf[s.pos+1 : s.pos+n])
	s.pos += n + 1
	switch {
	case s.kind == endTag:
		s.depth--
	case !s.ended:
		s.depth++
	}
	if s.depth > mostDepth {
		return false, malformed("is nested deeper than any spreadsheet")
	}
	return false, nil
}

func (s *scanner) skip(until string) (again bool, err error) {
	n, err := s.find(until, 0)
	if err == nil {
		s.pos += n + len(until)
	}
	return err == nil, err
}

// balanced reports whether every quote of a tag is closed.
func balanced(tag []byte) bool {
	if bytes.IndexByte(tag, '\'') < 0 {
		return bytes.Count(tag, []byte{'"'})%2 == 0
	}
	open := byte(0)
	for _, c := range tag {
		switch {
		case open == 0 && (c == '"' || c == '\''):
			open = c
		case c == open:
			open = 0
		}
	}
	return open == 0
}

// tag takes a tag without its brackets apart.
func (s *scanner) tag(b []byte) {
	s.kind, s.ended, s.attrs = startTag, false, nil
	if len(b) > 0 && b[0] == '/' {
		s.kind, b = endTag, b[1:]
	} else if len(b) > 0 && b[len(b)-1] == '/' {
		s.ended, b = true, b[:len(b)-1]
	}
	s.name = b
	if i := bytes.IndexAny(b, " \t\r\n"); i >= 0 {
		s.name, s.attrs = b[:i], b[i:]
	}
	if i := bytes.IndexByte(s.name, ':'); i >= 0 {
		s.name = s.name[i+1:]
	}
}

// is reports whether the token is a tag of that kind and name.
func (s *scanner) is(kind tokenKind, name string) bool {
	return s.kind == kind && string(s.name) == name
}

// attr is an attribute of the tag, as it is written; nil when it has none of that name.
func (s *scanner) attr(name string) []byte {
	b := s.attrs
	for {
		b = bytes.TrimLeft(b, " \t\r\n")
		eq := bytes.IndexByte(b, '=')
		if eq < 0 {
			return nil
		}
		key := bytes.TrimRight(b[:eq], " \t\r\n")
		b = bytes.TrimLeft(b[eq+1:], " \t\r\n")
		if len(b) == 0 || b[0] != '"' && b[0] != '\'' {
			return nil
		}
		end := bytes.IndexByte(b[1:], b[0])
		if end < 0 {
			return nil
		}
		if string(key) == name {
			return b[1 : 1+end]
		}
		b = b[2+end:]
	}
}

// value is an attribute as a text.
func (s *scanner) value(name string) string { return string(appendText(nil, s.attr(name), false)) }

// through reads to the end of the element whose start tag was read last, and hands every token on.
// each may read elements to their end itself.
func (s *scanner) through(each func() error) error {
	if s.ended {
		return nil
	}
	for inside := s.depth; ; {
		err := s.next()
		if errors.Is(err, io.EOF) {
			return errCutOff
		}
		if err != nil || s.depth < inside {
			return err
		}
		if each != nil {
			if err := each(); err != nil {
				return err
			}
		}
	}
}
