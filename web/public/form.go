package public

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

const formLimit = 64 << 10 // bytes of a posted form

// honeypot is a field that people do not see, and programs fill in.
const honeypot = "website"

// form is a form as a page shows it: what stands in its fields, and what is wrong with them.
type form struct {
	action string // where it goes
	values url.Values
	faults []fault
}

// fault is one thing about a form that its sender should change.
type fault struct {
	Field string // the name of its control
	Say   string // what is wrong, or what to do about it: a sentence
}

func (f form) value(name string) string { return f.values.Get(name) }
func (f form) on(name string) bool      { return f.values.Get(name) != "" }

// fault is what is wrong with a field; "" when nothing is.
func (f form) fault(name string) string {
	for _, b := range f.faults {
		if b.Field == name {
			return b.Say
		}
	}
	return ""
}

// marks are the attributes that tie a control to its hints and to what is wrong with it.
func (f form) marks(name string, hints ...string) templ.Attributes {
	all := templ.Attributes{}
	if f.fault(name) != "" {
		hints, all["aria-invalid"] = append(hints, fieldID(name)+"-error"), "true"
	}
	if len(hints) > 0 {
		all["aria-describedby"] = strings.Join(hints, " ")
	}
	return all
}

// fieldID is a field's name as an id of the page: "kinds-0-minutes" of "kinds[0].minutes".
func fieldID(name string) string {
	return strings.Trim(strings.NewReplacer("[", "-", "]", "", ".", "-").Replace(name), "-")
}

// formField is one control with its label, as it is laid out.
type formField struct {
	Name, Label, Hint string
	Type              string // of the input; "" is text, "area" several lines
	Auto              string // autocomplete; "" is off
	Mode              string // inputmode, where the type does not say it
	Most              int    // characters
	Rows              int    // of an area
	Optional          bool   // and its label says so
	Cell              bool   // one of a row, which its list says how to fill
}

func (o formField) kind() string {
	if o.Type == "" {
		return "text"
	}
	return o.Type
}

func (o formField) marks(f form) templ.Attributes {
	var hints []string
	if o.Hint != "" {
		hints = []string{fieldID(o.Name) + "-hint"}
	}
	all := f.marks(o.Name, hints...)
	all["autocomplete"] = "off"
	if o.Auto != "" {
		all["autocomplete"] = o.Auto
	}
	switch {
	case o.Mode != "":
		all["inputmode"] = o.Mode
	case o.Type == "email" || o.Type == "tel":
		all["inputmode"] = o.Type
	case o.Type == "number":
		all["inputmode"] = "numeric"
	}
	if o.Most > 0 {
		all["maxlength"] = strconv.Itoa(o.Most)
	}
	if o.Rows > 0 {
		all["rows"] = strconv.Itoa(o.Rows)
	}
	if !o.Optional && !o.Cell {
		all["aria-required"] = "true"
	}
	return all
}

// fieldWords is what a form says of its fields that were refused: a name, which the reason follows, or a whole
// sentence, which ends in a period. The members of rows are called as "rows.member" is, with # for the
// number of the row; a field that nothing is said of is the form itself.
type fieldWords map[string]string

func (w fieldWords) say(f fibonacco.FieldError) string {
	name := w.name(f.Field)
	if strings.HasSuffix(name, ".") {
		return name
	}
	return sentence(name + " " + f.Reason)
}

func (w fieldWords) name(field string) string {
	if name := w[field]; name != "" {
		return name
	}
	kind, rest, _ := strings.Cut(field, "[")
	row, member, _ := strings.Cut(rest, "].")
	if n, err := strconv.Atoi(row); err == nil && w[kind+"."+member] != "" {
		return strings.ReplaceAll(w[kind+"."+member], "#", strconv.Itoa(n+1))
	}
	return "The form"
}

// sentence is a phrase with a capital and a period.
func sentence(phrase string) string {
	if phrase == "" {
		return ""
	}
	phrase = strings.ToUpper(phrase[:1]) + phrase[1:]
	if strings.HasSuffix(phrase, "?") {
		return phrase
	}
	return phrase + "."
}

// faultsOf is the fields that an error refuses, with what say has to say of each.
func faultsOf(err error, say func(fibonacco.FieldError) string) (all []fault) {
	var e *fibonacco.Error
	if errors.As(err, &e) {
		for _, f := range e.Fields {
			all = append(all, fault{f.Field, say(f)})
		}
	}
	return all
}

// lookAgain is what a summary of faults begins with.
func lookAgain(n int) string {
	if n == 1 {
		return "One thing needs another look. Nothing is saved yet."
	}
	return strconv.Itoa(n) + " things need another look. Nothing is saved yet."
}

// readForm reads a posted form; false has answered.
func (s *site) readForm(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	if err := parseForm(r); err != nil {
		s.badForm(w, r)
		return false
	}
	return true
}

// parseForm reads a posted form of either kind. A mail program that names no kind means the
// simple one.
func parseForm(r *http.Request) error {
	kind := r.Header.Get("Content-Type")
	if kind == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if media, _, _ := mime.ParseMediaType(kind); media == "multipart/form-data" {
		return r.ParseMultipartForm(formLimit)
	}
	return r.ParseForm()
}

func (s *site) badForm(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusUnprocessableEntity, s.message("This form could not be read",
		"Nothing was changed. Please open the link in the email again and use the buttons on the page."))
}

// sameOrigin lets a browser name the page that a form was on, to us alone: without it some send a form
// as if from nowhere, and are refused as another site's.
func sameOrigin(w http.ResponseWriter) { w.Header().Set("Referrer-Policy", "same-origin") }

// seeOther leads from a form that was sent to the page that says so. The way begins with a word of our
// own routes, whatever follows it.
func seeOther(w http.ResponseWriter, r *http.Request, path string) {
	http.Redirect(w, r, path, http.StatusSeeOther) //nolint:gosec // it stays on this site: every caller's path begins with its route's own
}
