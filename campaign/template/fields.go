package template

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The placeholders a campaign may hold.
const (
	FirstName    = "first_name"    // may be unknown: give it a default
	BusinessName = "business_name" // always known
	Community    = "community"     // always known
	Category     = "category"      // may be unknown: give it a default

	CompanyName    = "company_name"    // voicemail scripts only
	OptOutNumber   = "opt_out_number"  // voicemail scripts only
	CallbackNumber = "callback_number" // voicemail scripts only
)

// Known is every placeholder, in the order a list shows them.
var Known = []string{FirstName, BusinessName, Community, Category, CompanyName, OptOutNumber, CallbackNumber}

// VoicemailOnly is the placeholders that mean something in a voicemail script and nowhere else.
var VoicemailOnly = []string{CompanyName, OptOutNumber, CallbackNumber}

// Fields are the values of the placeholders for one recipient. "" means unknown, which is what
// the default filter and {% if %} look at.
type Fields struct {
	FirstName      string
	BusinessName   string
	Community      string
	Category       string
	CompanyName    string
	OptOutNumber   string
	CallbackNumber string
}

// FirstPrivate and the runes above it stand for nothing in any script. A value never holds them
// once it is clean, so they can mark places in a text.
const FirstPrivate = '\U000F0000'

// maxField is how long a cleaned value may be, in runes: as long as the database's columns.
const maxField = 255

// Clean returns the fields as they may be shown to people: each on one line, without control
// and text-direction characters, runs of white space as one blank and none at the ends, at most
// 255 runes, valid UTF-8. A value of nothing but white space becomes "", so that defaults apply.
func (f Fields) Clean() Fields {
	for i := range Known {
		if v := f.pointer(i); !isClean(*v) {
			*v = clean(*v)
		}
	}
	return f
}

// Clean is what Fields.Clean does to one value.
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	return clean(s)
}

// pointer is the value of Known[i].
func (f *Fields) pointer(i int) *string {
	switch i {
	case 0:
		return &f.FirstName
	case 1:
		return &f.BusinessName
	case 2:
		return &f.Community
	case 3:
		return &f.Category
	case 4:
		return &f.CompanyName
	case 5:
		return &f.OptOutNumber
	default:
		return &f.CallbackNumber
	}
}

func fieldIndex(name string) int { return slices.Index(Known, name) }

// isClean is true for the common case: printable ASCII of modest length, single blanks inside.
func isClean(s string) bool {
	if len(s) > maxField {
		return false
	}
	blank := true
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || c == ' ' && blank {
			return false
		}
		blank = c == ' '
	}
	return !blank || s == ""
}

func clean(s string) string {
	var b strings.Builder
	blank, runes := false, 0
	for _, r := range s { // an invalid byte arrives as utf8.RuneError
		switch {
		case unicode.IsSpace(r):
			blank = true
			continue
		case unicode.IsControl(r), isDirection(r), r == '\ufeff', r >= FirstPrivate:
			continue
		}
		if blank && runes > 0 {
			b.WriteByte(' ')
			runes++
		}
		if runes++; runes > maxField {
			break
		}
		blank = false
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " ")
}

// isDirection reports whether r turns the direction of text: a name could hide another with it.
func isDirection(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u200e' || r == '\u200f' || r == '\u061c'
}

// Cut shortens s to at most n runes, without leaving half a character.
func Cut(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
