package public

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// typed is a form with what was typed into it and what of it was refused.
type typed struct {
	values  url.Values
	refused []fibonacco.FieldError
	robot   bool        // the field that people do not see was filled in
	instead []time.Time // times to pick from, because the one that was asked for is taken
}

func (f *typed) value(name string) string { return f.values.Get(name) }

// reason is why a field was refused; "" when it was not.
func (f *typed) reason(name string) string {
	for _, r := range f.refused {
		if r.Field == name {
			return r.Reason
		}
	}
	return ""
}

// fieldID is a field's name as an id of the page: "kinds-0-minutes" of "kinds[0].minutes".
func fieldID(name string) string {
	return strings.NewReplacer("[", "-", "]", "", ".", "-").Replace(name)
}

// describedBy names what explains a field: its hint, and why it was refused.
func (f *typed) describedBy(name string, hint bool) string {
	var ids []string
	if hint {
		ids = append(ids, fieldID(name)+"-hint")
	}
	if f.reason(name) != "" {
		ids = append(ids, fieldID(name)+"-error")
	}
	return strings.Join(ids, " ")
}

// fieldsOf is what an error refuses.
func fieldsOf(err error) []fibonacco.FieldError {
	var e *fibonacco.Error
	if errors.As(err, &e) {
		return e.Fields
	}
	return nil
}
