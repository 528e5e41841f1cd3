package plaintext_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco/approval/plaintext"
)

func TestLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"  Marisol \t Hair\r\nStudio ": "Marisol Hair Studio",
		"a\x00b\x1bc\u202ed\u2066e":    "abcde",
		"caf\xe9":                      "caf\ufffd",
		"👩\u200d🔧 Ünïcode <b>":         "👩\u200d🔧 Ünïcode <b>",
		"\ufeffa\uffff\ufdd0":          "a",
		"\u00a0 \u2003":                "",
	} {
		if got := plaintext.Line(in); got != want {
			t.Errorf("Line(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestParagraphs(t *testing.T) {
	t.Parallel()
	if got, want := plaintext.Paragraphs("\r\n\n one \r two\n\n\n\nthree\u2029four\x00\n"), "one\ntwo\n\nthree\n\nfour"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// What comes out is valid, stays as it is when it goes in again, and fits XML.
func TestCleanText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		for name, clean := range map[string]func(string) string{"line": plaintext.Line, "paragraphs": plaintext.Paragraphs} {
			out := clean(in)
			if clean(out) != out || !utf8.ValidString(out) || strings.ContainsAny(out, "\x00\r\u202e") || name == "line" && strings.Contains(out, "\n") {
				t.Fatalf("%s of %q is %q", name, in, out)
			}
			var b strings.Builder
			if err := xml.EscapeText(&b, []byte(out)); err != nil {
				t.Fatal(err)
			}
			for d := xml.NewDecoder(strings.NewReader("<a>" + b.String() + "</a>")); ; {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%s of %q: %v", name, in, err)
				}
			}
		}
		n := rapid.IntRange(0, 20).Draw(t, "most")
		if cut := plaintext.Cut(plaintext.Line(in), n); utf8.RuneCountInString(cut) > n {
			t.Fatalf("%q has more than %d characters", cut, n)
		}
	})
}

func TestWebAddress(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"www.example.com": "https://www.example.com", "http://example.com/a?b=c#d": "http://example.com/a?b=c#d", "HTTPS://example.com:8443/": "https://example.com:8443/",
		"javascript:alert(1)": "", "javascript://example.com/%0aalert(1)": "", "data:text/html,a.b": "", "file:///etc/pass.wd": "", "localhost": "", "https://a:b@example.com": "",
		`https://example.com/"onclick="x`: "", "example.com/<b>": "", "": "", "//example.com": "", "https://": "", "https://...": "", "mailto:a@example.com": "",
	} {
		if got, ok := plaintext.WebAddress(in); ok != (want != "") || ok && got != want || !ok && got != in {
			t.Errorf("WebAddress(%q) = %q, %v", in, got, ok)
		}
	}
}
