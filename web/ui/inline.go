package ui

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// mountInline adds changing a field where it stands in the table.
func (u *ui) mountInline(page func(pattern string, h handler)) {
	page("GET /cells/{id}/{field}/edit", u.editField)
	page("POST /cells/{id}/{field}", u.storeField)
	page("GET /cells/{id}/{field}", u.showField)
}

// inlineField is a field that can be changed in the table.
type inlineField struct {
	Key, Name string
	Type      string // of the input
	Complete  string // what browsers may fill in: nothing of the visitor's own
	value     func(*fibonacco.SMB) string
	change    func(*fibonacco.SMBChange, *string)
	Field     string // its name in errors
}

var inlineFields = []inlineField{
	{Key: "contact", Name: "Contact", Type: "text", Field: "primary_contact_name", value: func(s *fibonacco.SMB) string { return s.PrimaryContactName }, change: func(c *fibonacco.SMBChange, v *string) { c.PrimaryContactName = v }},
	{Key: "email", Name: "E-mail", Type: "email", Field: "primary_email", value: func(s *fibonacco.SMB) string { return s.PrimaryEmail }, change: func(c *fibonacco.SMBChange, v *string) { c.PrimaryEmail = v }},
	{Key: "phone", Name: "Phone", Type: "tel", Field: "primary_phone", value: func(s *fibonacco.SMB) string { return phone(s.PrimaryPhone) }, change: func(c *fibonacco.SMBChange, v *string) { c.PrimaryPhone = v }},
}

// inlineData is one field of one business in the table, shown or about to be changed.
type inlineData struct {
	inlineField
	ID       int64
	Business string
	Value    string // as it is stored
	Typed    string
	Version  int
	Wrong    string // why what was typed cannot be stored
	Taken    bool   // somebody else changed the business meanwhile: Value is what they left
	Saved    bool
}

// Cell is the address of the field: asked for it is shown, posted to it is stored.
func (d inlineData) Cell() string { return "/cells/" + strconv.FormatInt(d.ID, 10) + "/" + d.Key }

// Box is the id of the cell's content.
func (d inlineData) Box() string { return d.Key + "-" + strconv.FormatInt(d.ID, 10) }

func inlineOf(s *fibonacco.SMB, key string) (inlineData, bool) {
	for _, f := range inlineFields {
		if f.Key == key {
			v := f.value(s)
			return inlineData{inlineField: f, ID: s.ID, Business: s.BusinessName, Value: v, Typed: v, Version: s.Version}, true
		}
	}
	return inlineData{}, false
}

func (row businessRow) inline(key string) inlineData {
	d, _ := inlineOf(&row.SMB, key)
	return d
}

// readInline is the field that an address names.
func (u *ui) readInline(r *http.Request) (inlineData, error) {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return inlineData{}, err
	}
	s, err := u.SMBs.Find(r.Context(), id)
	if err != nil {
		return inlineData{}, err
	}
	d, ok := inlineOf(s, r.PathValue("field"))
	if !ok {
		return d, fibonacco.Errorf(fibonacco.NotFound, "This field is not changed here.")
	}
	return d, nil
}

func (u *ui) showField(w http.ResponseWriter, r *http.Request) error {
	d, err := u.readInline(r)
	if err != nil {
		return err
	}
	u.show(w, r, http.StatusOK, inlineCell(u.frame(r, "", ""), d))
	return nil
}

func (u *ui) editField(w http.ResponseWriter, r *http.Request) error {
	d, err := u.readInline(r)
	if err != nil {
		return err
	}
	return u.showInlineForm(w, r, http.StatusOK, d)
}

// showInlineForm is the form in the table, or, without scripts, on a page of its own.
func (u *ui) showInlineForm(w http.ResponseWriter, r *http.Request, status int, d inlineData) error {
	if r.Header.Get("HX-Request") == "true" {
		u.show(w, r, http.StatusOK, inlineForm(d)) // htmx shows nothing of an answer that is an error
		return nil
	}
	u.show(w, r, status, inlinePage(u.frame(r, d.Name+" of "+d.Business, businessesPath), d))
	return nil
}

func (u *ui) storeField(w http.ResponseWriter, r *http.Request) error {
	field := posted(w, r)
	d, err := u.readInline(r)
	if err != nil {
		return err
	}
	d.Typed = strings.TrimSpace(field("value"))
	version, err := strconv.Atoi(field("version"))
	if err != nil {
		return fibonacco.Errorf(fibonacco.Malformed, "The form did not arrive whole. Try again.")
	}
	change := fibonacco.SMBChange{IfVersion: &version}
	d.change(&change, &d.Typed)
	stored, err := u.SMBs.Update(r.Context(), d.ID, change)
	var known *fibonacco.Error
	switch {
	case err == nil:
	case errors.As(err, &known) && known.Code == fibonacco.Conflict:
		// d was read before, and may be of either side of the other change: what is shown beside what
		// was typed is what there is now.
		now, err := u.readInline(r)
		if err != nil {
			return err
		}
		now.Typed, now.Taken = d.Typed, true
		return u.showInlineForm(w, r, http.StatusConflict, now)
	case errors.As(err, &known) && known.Code == fibonacco.Invalid:
		if d.Wrong = reasonOf(known.Fields, d.Field); d.Wrong == "" {
			d.Wrong = known.Message
		}
		return u.showInlineForm(w, r, http.StatusUnprocessableEntity, d)
	default:
		return err
	}
	if r.Header.Get("HX-Request") != "true" {
		http.Redirect(w, r, businessPath(d.ID), http.StatusSeeOther)
		return nil
	}
	shown, _ := inlineOf(stored, d.Key)
	shown.Saved = true
	u.show(w, r, http.StatusOK, inlineCell(u.frame(r, "", ""), shown))
	return nil
}
