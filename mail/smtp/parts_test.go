package smtp_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/textproto"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco/mail/smtp"
)

func TestReadReply(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"250 Ok\r\n":                         "250 Ok",
		"250 Ok\n":                           "250 Ok",
		"250\r\n":                            "250 ",
		"250 \r\n":                           "250 ",
		"250-one\r\n250-\r\n250 three\r\nxx": "250 one\n\nthree",
		"354 Go":                             "EOF",
		"250-one\r\n":                        "EOF",
		"":                                   "EOF",
		"25\r\n":                             "garbled reply",
		"150 no\r\n":                         "garbled reply",
		"600 no\r\n":                         "garbled reply",
		"2x0 no\r\n":                         "garbled reply",
		"250_no\r\n":                         "garbled reply",
		"250-one\r\n251 two\r\n":             "garbled reply",
		"250 " + strings.Repeat("x", 5000):   "garbled reply: a line is too long",
		strings.Repeat("250-x\r\n", 101):     "garbled reply: too many lines",
	} {
		code, text, err := smtp.ReadReply(in)
		got := fmt.Sprintf("%d %s", code, text)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%.20q: %q, want %q", in, got, want)
		}
	}
}

func TestEnhanced(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"4.7.1 Slow down":   "4 7 1 true",
		"5.1.10":            "5 1 10 true",
		"2.0.0\nmore":       "2 0 0 true",
		"4.7":               "0 0 0 false",
		"4.7.":              "0 0 0 false",
		"4.7.1234 x":        "0 0 0 false",
		"10.0.0.1: blocked": "0 0 0 false",
		"":                  "0 0 0 false",
		"x 4.7.1":           "0 0 0 false",
	} {
		class, subject, detail, ok := smtp.Enhanced(text)
		if got := fmt.Sprint(class, subject, detail, ok); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// FuzzReadReply: whatever a server sends, a reply is read or refused, and what is made of it is
// fit to be shown.
func FuzzReadReply(f *testing.F) {
	for _, seed := range []string{
		"250 Ok\r\n", "250-a\r\n250 b\r\n", "421", "550 5.1.1 <who@example.com> unknown\r\n", "\xff\r\n", "250-\n250\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		code, text, err := smtp.ReadReply(in)
		if err != nil {
			return
		}
		if code < 200 || code > 599 {
			t.Errorf("code %d", code)
		}
		if !strings.HasPrefix(in, fmt.Sprint(code)) || strings.Count(text, "\n") > strings.Count(in, "\n") {
			t.Errorf("%q became %d %q", in, code, text)
		}
		smtp.Enhanced(text)
		clean := smtp.Clean(text)
		if len(clean) > 400 || strings.ContainsAny(clean, "\r\n\x00") {
			t.Errorf("%q", clean)
		}
	})
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"5.1.1 <jane@example.com>: unknown":               "5.1.1 <(address)>: unknown",
		"one\n two\t  three\x00":                          "one two three",
		`"jane doe"@example.com, JANE+x@EXAMPLE.com gone`: "(address), (address) gone",
		"jane@[192.0.2.1] is no user here":                "(address) is no user here",
		"see https://x.test/?who=jane%40example.com now":  "see https://x.test/?who=(address) now",
		"rcpt=jänë@exämple.com;":                          "rcpt=(address);",
		"SRS0=ab=cd=example.com=jane@relay.test":          "SRS0=ab=cd=example.com=(address)",
		"bad \xff bytes":                                  "bad ? bytes",
		strings.Repeat("ä", 400):                          strings.Repeat("ä", 150) + "…",
	} {
		if got := smtp.Clean(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestEnvelopeAddress(t *testing.T) {
	t.Parallel()
	const no = "refused"
	for in, want := range map[string]string{
		"jane@example.com":                        "jane@example.com",
		"Jane.O'Hara+tag@EXAMPLE.com":             "Jane.O'Hara+tag@EXAMPLE.com",
		`"jane doe"@example.com`:                  `"jane doe"@example.com`,
		"jane@[192.0.2.1]":                        "jane@[192.0.2.1]",
		"jane@bücher.example":                     "jane@xn--bcher-kva.example",
		"jürgen@example.com":                      "jürgen@example.com utf8",
		"jürgen@bücher.example":                   "jürgen@xn--bcher-kva.example utf8",
		"":                                        no,
		"jane":                                    no,
		"@example.com":                            no,
		"jane@":                                   no,
		"jane doe@example.com":                    no,
		"jane@exam ple.com":                       no,
		"jane@example.com\r\nRCPT TO:<x":          no,
		"jane\r\n@example.com":                    no,
		"\"jane\r\ndoe\"@example.com":             no,
		"jane\n@example.com":                      no,
		"jane@example.com\n":                      no,
		"jane@example.com\r":                      no,
		"jane@example.com\x00":                    no,
		"jane>@example.com":                       no,
		"<jane@example.com>":                      no,
		"jane@example.com> SIZE=1":                no,
		"jane@a.com,joe@b.com":                    no,
		"jane@\u2028example.com":                  no,
		strings.Repeat("x", 310) + "@example.com": no,
	} {
		got, utf8, err := smtp.EnvelopeAddress(in)
		switch {
		case err != nil:
			got = no
		case utf8:
			got += " utf8"
		}
		if got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func FuzzEnvelopeAddress(f *testing.F) {
	f.Add("jane@example.com")
	f.Add("j\r\n@b\u00fccher.example")
	f.Fuzz(func(t *testing.T, in string) {
		got, _, err := smtp.EnvelopeAddress(in)
		if err == nil && (strings.ContainsAny(got, "\r\n\x00<>") || len(got) > 1000) {
			t.Errorf("%q became %q", in, got)
		}
	})
}

func TestBody(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                       ".\r\n",
		"a\r\n":                  "a\r\n.\r\n",
		"a":                      "a\r\n.\r\n",
		".":                      "..\r\n.\r\n",
		".a\r\n.b\r\n..\r\n":     "..a\r\n..b\r\n...\r\n.\r\n",
		"a.b\r\n. \r\n":          "a.b\r\n.. \r\n.\r\n",
		"a\n.\nb\n":              "a\r\n..\r\nb\r\n.\r\n",
		"a\r.\rb":                "a\r\n..\r\nb\r\n.\r\n",
		"a\r\n.\r\nMAIL FROM:<>": "a\r\n..\r\nMAIL FROM:<>\r\n.\r\n",
		"a\r":                    "a\r\n.\r\n",
		"\r\n\r\n":               "\r\n\r\n.\r\n",
		"\n\n":                   "\r\n\r\n.\r\n",
	} {
		if got := string(smtp.Body([]byte(in))); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// TestBodyComesBack: a reader of the standard library sees the message, with proper line ends, and
// nothing after it.
func TestBodyComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		message := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"\r\n", "\r\n.", ".", "\r", "\n", "x", "words", "\r\n.\r\n"})).Draw(t, "message"), "")
		r := bufio.NewReader(io.MultiReader(bytes.NewReader(smtp.Body([]byte(message))), strings.NewReader("NEXT")))
		got, err := textproto.NewReader(r).ReadDotBytes()
		if err != nil {
			t.Fatal(err)
		}
		want := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(message)
		if want != "" && !strings.HasSuffix(want, "\n") {
			want += "\n"
		}
		if string(got) != want {
			t.Errorf("%q came back as %q", message, got)
		}
		if rest, _ := io.ReadAll(r); string(rest) != "NEXT" {
			t.Errorf("%q was left after %q", rest, message)
		}
	})
}
