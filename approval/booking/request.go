package booking

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
)

// tidyRequest trims what was typed, and checks all of it at once.
func tidyRequest(r fibonacco.BookingRequest) (fibonacco.BookingRequest, error) {
	var c checker
	if r.Name = c.text("name", r.Name, 80); r.Name == "" {
		c.refuse("name", "is missing")
	} else if looksLikeLink(r.Name) {
		// It is mailed to the address that was typed, which may be anybody's: no advertising.
		c.refuse("name", "must be a name, without a web address")
	}
	if r.Email = fibonacco.NormalizeEmail(r.Email); r.Email == "" {
		c.refuse("email", "is missing: the confirmation goes there")
	} else if !fibonacco.ValidEmail(r.Email) {
		c.refuse("email", "is not an email address, for example name@example.com")
	}
	if r.Phone = c.text("phone", r.Phone, 50); r.Phone != "" && !dialable(r.Phone) {
		c.refuse("phone", "is not a telephone number, for example (718) 555-0142")
	}
	r.Note = strings.TrimSpace(strings.ReplaceAll(r.Note, "\r\n", "\n"))
	switch {
	case !utf8.ValidString(r.Note) || strings.ContainsFunc(r.Note, func(r rune) bool { return r != '\n' && r != '\t' && unicode.IsControl(r) }):
		c.refuse("note", "holds a character that cannot be written")
	case utf8.RuneCountInString(r.Note) > 1000:
		c.refuse("note", "must be at most 1,000 characters long")
	}
	r.Start = r.Start.UTC().Truncate(time.Second)
	return r, fibonacco.InvalidFields("the form is not complete", c.bad)
}

func looksLikeLink(s string) bool {
	s = strings.ToLower(s)
	return strings.Contains(s, "://") || strings.Contains(s, "www.") || strings.ContainsAny(s, "/\\@") ||
		strings.Contains(s, ".com") || strings.Contains(s, ".net") || strings.Contains(s, ".org")
}

// emailKey tells one mailbox from another: neither case nor what stands behind a plus makes a second.
func emailKey(email string) string {
	local, domain, _ := strings.Cut(strings.ToLower(email), "@")
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + domain
}

// formKey is the same for the same form with the same time and mailbox. It is nil for a caller that
// tells no forms apart.
func formKey(smbID int64, r fibonacco.BookingRequest) any {
	if r.Form == "" {
		return nil
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %d %s %s", smbID, r.Kind, r.Start.Unix(), emailKey(r.Email), r.Form))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
