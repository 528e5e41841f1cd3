package render_test

import (
	"bytes"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco/campaign/render"
)

// odd is what fields and subjects really hold.
var odd = []string{
	"", " ", "Marisol", "O'Brien & Sons", `"Best" <b>Cuts</b>`, "<script>alert(1)</script>", "élan", "寿司 太郎", "💈 Barber",
	"a\nb\r\nc", "{{ first_name }}", "*A* [x](http://evil.example)", "=3D=\r\n", "From here", ".", "..", "a, b", `back\slash`,
	"=?utf-8?q?x?=", "a  b", strings.Repeat("x", 255), strings.Repeat("é", 255), strings.Repeat("ab ", 85), "a\x00b", "\u202egnirts",
	"--=_0190b5a0-0000-7000-8000-000000000001", "\U00100000\U00100003",
}

func values() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom(odd), rapid.String(), rapid.StringMatching(`[a-z .=\n]{0,200}`))
}

func TestQuotedPrintable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var encoded []byte
		var plain string
		for _, s := range rapid.SliceOfN(values(), 1, 6).Draw(t, "pieces") {
			var col int
			before := len(encoded)
			encoded, col = render.AppendQP(encoded, []byte(s))
			if got := len(encoded) - bytes.LastIndexByte(encoded[before:], '\n') - 1 - before; got != col {
				t.Fatalf("%q ends in column %d, not %d", s, got, col)
			}
			if col > 0 {
				encoded = append(encoded, "=\r\n"...)
			}
			plain += strings.ReplaceAll(s, "\r", "")
		}
		got, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(encoded)))
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.ReplaceAll(plain, "\n", "\r\n"); string(got) != want {
			t.Fatalf("got %q, want %q, encoded %q", got, want, encoded)
		}
		checkLines(t, encoded, 76)
	})
}

// checkLines looks for what careless servers break: long lines, bare line ends, 8-bit, dots.
func checkLines(t interface{ Fatalf(string, ...any) }, message []byte, most int) {
	for line := range bytes.SplitSeq(message, []byte("\r\n")) {
		if len(line) > most {
			t.Fatalf("line of %d characters: %q", len(line), line)
		}
		if bytes.ContainsAny(line, "\r\n\x00") || bytes.HasPrefix(line, []byte(".")) || bytes.HasPrefix(line, []byte("From ")) {
			t.Fatalf("bad line %q", line)
		}
		if bytes.HasSuffix(line, []byte(" ")) || bytes.HasSuffix(line, []byte("\t")) {
			t.Fatalf("line %q ends in a blank", line)
		}
		for _, c := range line {
			if c >= 0x80 {
				t.Fatalf("8-bit line %q", line)
			}
		}
	}
}

func TestSubjectHeader(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := values().Draw(t, "subject")
		header := append([]byte("Subject: "), render.AppendText(nil, len("Subject: "), s)...)
		for line := range strings.SplitSeq(string(header), "\r\n") {
			if len(line) > 76 && strings.Contains(strings.TrimSpace(line[1:]), " ") && !strings.HasPrefix(line, "Subject: ") {
				t.Fatalf("line of %d characters could be folded: %q", len(line), line)
			}
			if len(line) > 998 || strings.ContainsAny(line, "\r\n") {
				t.Fatalf("bad line %q", line)
			}
		}
		m, err := mail.ReadMessage(bytes.NewReader(append(header, "\r\n\r\n"...)))
		if err != nil {
			t.Fatalf("%q: %v", header, err)
		}
		if len(m.Header) != 1 {
			t.Fatalf("%q became the headers %v", s, m.Header)
		}
		got, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if err != nil {
			t.Fatal(err)
		}
		if want := oneLine(s); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

// oneLine is a subject as its reader should see it.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return strings.TrimSpace(s)
}

func TestMailbox(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := values().Draw(t, "name")
		header := render.AppendMailbox([]byte("To: "), len("To: "), name, "marisol@hair.example")
		m, err := mail.ReadMessage(bytes.NewReader(append(header, "\r\n\r\n"...)))
		if err != nil {
			t.Fatalf("%q: %v", header, err)
		}
		list, err := m.Header.AddressList("To")
		if err != nil || len(list) != 1 || len(m.Header) != 1 || list[0].Address != "marisol@hair.example" {
			t.Fatalf("%q became %v, %v", header, m.Header, err)
		}
	})
	for name, want := range map[string]string{
		"":                 "marisol@hair.example",
		"Marisol Vega":     "Marisol Vega <marisol@hair.example>",
		"Vega, Marisol":    `"Vega, Marisol" <marisol@hair.example>`,
		`Marisol "M" Vega`: `"Marisol \"M\" Vega" <marisol@hair.example>`,
		"José":             "=?utf-8?q?Jos=C3=A9?= <marisol@hair.example>",
	} {
		if got := string(render.AppendMailbox(nil, 0, name, "marisol@hair.example")); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
