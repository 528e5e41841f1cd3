package approval

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
)

// tidy trims what was typed, and checks all of it at once (M4-05). The token's part is not looked at.
func tidy(r fibonacco.ApprovalRequest) (fibonacco.ApprovalRequest, error) {
	r.Name, r.Role = strings.Join(strings.Fields(r.Name), " "), strings.Join(strings.Fields(r.Role), " ")
	r.Email, r.Phone = fibonacco.NormalizeEmail(r.Email), strings.TrimSpace(r.Phone)
	if strings.ContainsFunc(r.SourceURL, unicode.IsControl) || !utf8.ValidString(r.SourceURL) {
		r.SourceURL = "" // a browser sends none like it, and nobody misses it
	}
	var bad []fibonacco.FieldError
	refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
	for _, f := range []struct {
		name, value string
		most        int
	}{{"name", r.Name, 255}, {"email", r.Email, 254}, {"phone", r.Phone, 50}, {"role", r.Role, 100}} {
		switch {
		case !utf8.ValidString(f.value) || strings.ContainsFunc(f.value, unicode.IsControl):
			refuse(f.name, "holds a character that cannot be written")
		case utf8.RuneCountInString(f.value) > f.most:
			refuse(f.name, "is longer than the field holds")
		case f.name == "name" && f.value == "":
			refuse(f.name, "is missing")
		case f.name == "email" && !fibonacco.ValidEmail(f.value):
			refuse(f.name, "is not an e-mail address")
		case f.name == "phone" && f.value != "" && !dialable(f.value):
			refuse(f.name, "is not a telephone number")
		}
	}
	if !r.ContactConsent {
		refuse("consent", "must be ticked: without it nobody may write to you about this")
	}
	return r, fibonacco.InvalidFields("the form is not complete", bad)
}

// dialable reports whether a text has the digits of a telephone number and nothing odd. An extension
// may follow.
func dialable(phone string) bool {
	digits := 0
	for _, r := range phone {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune("+-(). /xext#", unicode.ToLower(r)):
			return false
		}
	}
	return digits >= 7 && digits <= 20
}
