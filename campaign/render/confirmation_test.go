package render_test

import (
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
)

func TestConfirmation(t *testing.T) {
	settings := render.Settings{CompanyName: "Zeitung für Ávery", FromName: "Sarah", FromEmail: "sarah@local.example", PostalAddress: "1 Main Street"}
	good := render.Confirmation{
		UUID: "0196f3a4-1111-7222-8333-444455556666", Email: "rosa@example.org", Business: "Rosa's\r\nBcc: <b>all</b>", Wording: "Guides",
		URL: "https://go.example.com/u/confirm/abc", At: time.Date(2026, 3, 2, 14, 0, 0, 0, time.UTC), Until: "Monday",
	}
	raw, err := good.Render(settings)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	if bcc := m.Header.Get("Bcc"); bcc != "" || strings.Contains(string(raw), "<b>all</b>") && strings.Contains(string(raw), "\nBcc:") {
		t.Errorf("a name gets into the header or the markup:\n%s", raw)
	}
	for i, line := range strings.Split(string(raw), "\r\n") {
		if len(line) > 78 || strings.ContainsAny(line, "\r\n") || !isASCII(line) {
			t.Errorf("line %d: %q", i+1, line)
		}
	}
	for name, change := range map[string]func(c *render.Confirmation){
		"address": func(c *render.Confirmation) { c.Email = "rosa@example.org\r\nBcc: x@example.org" },
		"uuid":    func(c *render.Confirmation) { c.UUID = "x" },
		"date":    func(c *render.Confirmation) { c.At = time.Time{} },
	} {
		c := good
		change(&c)
		if _, err := c.Render(settings); fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] > 126 {
			return false
		}
	}
	return true
}
