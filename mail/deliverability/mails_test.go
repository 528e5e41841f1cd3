package deliverability_test

import (
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/mail/deliverability"
)

const goodMail = `From: Sarah <sarah@shop.test>
To: owner@bakery.test
Subject: A page
Date: Mon, 02 Mar 2026 15:00:00 +0000
Message-ID: <1@shop.test>
MIME-Version: 1.0
List-Unsubscribe: <https://go.shop.test/u/x>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
Content-Type: multipart/alternative; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

Hello.
--b
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<html><head><style>a b c d e f</style></head><body><p>Hello <a href=3D"https://go.shop.test/t/1">there</a></p>
<div style=3D"display: none"><p>many words that nobody sees<img src=3D"x"></div>
<img src=3D"https://go.shop.test/p/1" width=3D"1" height=3D"1"></body></html>
--b--
`

func TestMails(t *testing.T) {
	words := strings.Repeat("word ", 70)
	for what, tc := range map[string]struct {
		old, new string // of the good mail
		name     string
		state    string
		says     string
	}{
		"one click":             {"", "", "unsubscribe", "ok", "in all of 1 mail"},
		"no way out":            {"List-Unsubscribe:", "X-Other:", "unsubscribe", "failed", "no List-Unsubscribe (it)"},
		"more than a click":     {"List-Unsubscribe-Post:", "X-Other:", "unsubscribe", "failed", "more than one click"},
		"by mail only":          {"<https://go.shop.test/u/x>", "<mailto:out@shop.test>", "unsubscribe", "failed", "no web address"},
		"in clear":              {"<https://go.shop.test/u/x>", "<http://go.shop.test/u/x>", "unsubscribe", "warning", "no https"},
		"headers":               {"", "", "headers", "ok", "once each"},
		"no date":               {"Date:", "X-Date:", "headers", "failed", "no Date"},
		"two subjects":          {"To: ", "Subject: more\nTo: ", "headers", "failed", "several Subject"},
		"from elsewhere":        {"sarah@shop.test", "sarah@other.test", "headers", "warning", "From is of other.test"},
		"no plain text":         {"text/plain", "text/calendar", "headers", "warning", "no part of plain text"},
		"a long line":           {"Hello.", strings.Repeat("x", 999), "headers", "failed", "998 bytes"},
		"no mail":               {`multipart/alternative; boundary="b"`, "multipart/", "mails", "failed", "cannot be read: it"},
		"small":                 {"", "", "size", "ok", "shown whole"},
		"large":                 {"<p>", "<p>" + strings.Repeat("word =\n", 15<<10), "size", "warning", "70 KB"},
		"clipped":               {"<p>", "<p>" + strings.Repeat("word =\n", 30<<10), "size", "failed", "102 KB"},
		"no pictures":           {"", "", "pictures", "ok", "enough text"},
		"a picture and words":   {"<p>", "<p>" + words + "<img src=3D'a.png' alt=3D''>", "pictures", "ok", "enough text"},
		"hardly words":          {"<p>", "<p><img src=3D'a.png' alt=3D'A'>", "pictures", "warning", "1 picture beside 2 words"},
		"a picture without alt": {"<p>", "<p>" + words + "<img src=3D'a.png'>", "pictures", "warning", "1 picture without an alt text"},
		"own links":             {"", "", "links", "ok", "the sending domain"},
		"foreign links":         {"https://go.shop.test/t/1", "https://www.other.test/", "links", "warning", "lead to other.test, and mail comes from shop.test"},
		"links in clear":        {"https://go.shop.test/t/1", "http://go.shop.test/t/1", "links", "warning", "without https"},
		"short links":           {"https://go.shop.test/t/1", "https://bit.ly/x", "links", "failed", "bit.ly"},
		"bare addresses":        {"https://go.shop.test/t/1", "https://192.0.2.1/x", "links", "failed", "192.0.2.1"},
	} {
		t.Run(what, func(t *testing.T) {
			text := goodMail
			if tc.old != "" {
				text = strings.Replace(text, tc.old, tc.new, 1)
			}
			s := deliverability.Setup{FromDomain: "shop.test", Mails: []deliverability.Mail{{Name: "it", Message: []byte(strings.ReplaceAll(text, "\n", "\r\n"))}}}
			f := find(t, deliverability.Check(t.Context(), zone{}.serve(t), s), tc.name)
			if f.State != tc.state || !strings.Contains(f.Found, tc.says) || (f.State == "ok") != (f.Advice == "") {
				t.Errorf("%+v", f)
			}
		})
	}
}

// What many mails have is said once, with some of their names.
func TestManyMails(t *testing.T) {
	var s deliverability.Setup
	s.FromDomain = "shop.test"
	bad := strings.ReplaceAll(strings.Replace(goodMail, "List-Unsubscribe:", "X-Other:", 1), "\n", "\r\n")
	for _, name := range []string{"A", "B", "C", "D", "E"} {
		s.Mails = append(s.Mails, deliverability.Mail{Name: name, Message: []byte(bad)})
	}
	f := find(t, deliverability.Check(t.Context(), zone{}.serve(t), s), "unsubscribe")
	if f.Found != "no List-Unsubscribe (A, B, C and 2 more)" {
		t.Errorf("%+v", f)
	}
}

func FuzzReadMail(f *testing.F) {
	f.Add([]byte(strings.ReplaceAll(goodMail, "\n", "\r\n")))
	f.Add([]byte("From: a@b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGEgaHJlZj0iaHR0cDovL3gvIj4="))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a--"))
	f.Fuzz(func(t *testing.T, message []byte) {
		s := deliverability.Setup{FromDomain: "shop.test", Mails: []deliverability.Mail{{Name: "it", Message: message}}}
		for _, one := range deliverability.CheckMails(s) {
			if one.Name == "" || one.State == "" || one.Found == "" || (one.State == "ok") != (one.Advice == "") {
				t.Errorf("%+v", one)
			}
		}
	})
}
