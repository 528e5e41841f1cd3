package part_test

import (
	"errors"
	"fmt"
	"net/mail"
	"net/textproto"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/mail/part"
)

func TestEach(t *testing.T) {
	t.Parallel()
	nested := func(depth int) string {
		head, tail := "", ""
		for i := range depth {
			head += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
			tail = fmt.Sprintf("\r\n--b%d--", i) + tail
		}
		return head + "\r\nend" + tail + "\r\n"
	}
	for name, tc := range map[string]struct{ mail, want string }{
		"no type":          {"Subject: x\r\n\r\nHello\r\n", "text/plain=Hello\r\n;"},
		"quoted printable": {"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\n<p>caf=C3=A9</p>", "text/html=<p>café</p>;"},
		"base64":           {"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nSGFs\r\nbG8=\r\n", "text/plain=Hallo;"},
		"two": {
			"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\ntwo\r\n--b--\r\n",
			"text/plain=one;text/html=two;",
		},
		"cut off":     {"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\none", "error"},
		"no boundary": {"Content-Type: multipart/alternative\r\n\r\n--b\r\n\r\none\r\n--b--\r\n", "error"},
		"no media":    {"Content-Type: ;;\r\n\r\nHello", "error"},
		"not base64":  {"Content-Transfer-Encoding: base64\r\n\r\n!!!", "error"},
		"five":        {nested(5), "text/plain=end;"},
		"six":         {nested(6), "error"},
		"refused":     {"Content-Type: image/png\r\n\r\nx", "error"},
	} {
		m, err := mail.ReadMessage(strings.NewReader(tc.mail))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := ""
		err = part.Each(textproto.MIMEHeader(m.Header), m.Body, func(media string, content []byte) error {
			if media == "image/png" {
				return errors.New("no pictures")
			}
			got += media + "=" + string(content) + ";"
			return nil
		})
		if err != nil {
			got = "error"
		}
		if got != tc.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, tc.want)
		}
	}
}
