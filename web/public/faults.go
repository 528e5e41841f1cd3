package public

import (
	"errors"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

// fault is one thing about a form that its sender should change.
type fault struct {
	Field string // the id of its control
	Say   string // what to do about it
}

// faultsOf is the fields that were refused, each with what to do, in the words of say; those that it
// does not have are told in the error's own.
func faultsOf(err error, say map[string]string) []fault {
	var e *fibonacco.Error
	if !errors.As(err, &e) {
		return nil
	}
	var all []fault
	for _, f := range e.Fields {
		words := say[f.Field]
		if words == "" {
			words = "This " + f.Reason + "."
		}
		all = append(all, fault{f.Field, words})
	}
	return all
}

// faultOf is what is wrong with a field; "" when nothing is.
func faultOf(all []fault, field string) string {
	for _, f := range all {
		if f.Field == field {
			return f.Say
		}
	}
	return ""
}

// describedBy names what explains a field: its hint, and what is wrong with it.
func describedBy(all []fault, field string, hint bool) string {
	ids := ""
	if hint {
		ids = field + "-hint"
	}
	if faultOf(all, field) != "" {
		if ids != "" {
			ids += " "
		}
		ids += field + "-fault"
	}
	return ids
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

// sameOrigin lets a browser name the page that a form was on, to us alone: without it some send a form
// as if from nowhere, and are refused as another site's.
func sameOrigin(w http.ResponseWriter) { w.Header().Set("Referrer-Policy", "same-origin") }

// seeOther leads from a form that was sent to the page that says so. The way begins with a word of our
// own routes, whatever follows it.
func seeOther(w http.ResponseWriter, r *http.Request, path string) {
	http.Redirect(w, r, path, http.StatusSeeOther) //nolint:gosec // it stays on this site: every caller's path begins with its route's own
}
