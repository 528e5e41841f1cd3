package public

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// ownForm is a form of an owner's page as it is shown: what stands in its fields, and what is wrong
// with them.
type ownForm struct {
	action string
	values url.Values
	bad    []fibonacco.FieldError
}

func (f ownForm) value(name string) string { return f.values.Get(name) }
func (f ownForm) on(name string) bool      { return f.values.Get(name) != "" }

// reason is what is wrong with a field; "" when nothing is.
func (f ownForm) reason(name string) string {
	for _, b := range f.bad {
		if b.Field == name {
			return b.Reason
		}
	}
	return ""
}

// described names what a screen reader says of a field beside its label.
func (f ownForm) described(name string, hint bool) string {
	var ids []string
	if hint {
		ids = append(ids, ownFieldID(name)+"-hint")
	}
	if f.reason(name) != "" {
		ids = append(ids, ownFieldID(name)+"-err")
	}
	return strings.Join(ids, " ")
}

// ownFieldID is a field's name as an id: "questions[0].answer" is "questions-0-answer".
func ownFieldID(name string) string {
	return strings.Trim(strings.NewReplacer("[", "-", "]", "", ".", "-").Replace(name), "-")
}

// ownField is one field as it is laid out.
type ownField struct {
	Name, Label, Hint string
	Type              string // of the input; "" is text, "area" several lines
	Auto              string // autocomplete; "" is off
	Most              int    // characters
	Rows              int    // of an area
	Optional          bool
}

func (o ownField) kind() string {
	if o.Type == "" {
		return "text"
	}
	return o.Type
}

func (o ownField) auto() string {
	if o.Auto == "" {
		return "off"
	}
	return o.Auto
}

// badFields is what an Invalid error refuses; false for any other error.
func badFields(err error) (bad []fibonacco.FieldError, ok bool) {
	var e *fibonacco.Error
	if !errors.As(err, &e) || e.Code != fibonacco.Invalid {
		return nil, false
	}
	return e.Fields, true
}

// sentence puts a field's name before what is wrong with it: "Name is missing".
func ownSentence(label, reason string) string {
	if strings.HasSuffix(reason, "?") {
		return label + " " + reason
	}
	return label + " " + reason + "."
}

// described are the attributes that tie a field to its hint and to what is wrong with it.
func described(f ownForm, o ownField) templ.Attributes {
	a := templ.Attributes{}
	if ids := f.described(o.Name, o.Hint != ""); ids != "" {
		a["aria-describedby"] = ids
	}
	if f.reason(o.Name) != "" {
		a["aria-invalid"] = "true"
	}
	if o.Most > 0 {
		a["maxlength"] = strconv.Itoa(o.Most)
	}
	if !o.Optional {
		a["aria-required"] = "true"
	}
	return a
}
