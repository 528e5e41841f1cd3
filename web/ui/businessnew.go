package ui

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// mountNewBusiness adds the form for one more business.
func (u *ui) mountNewBusiness(page func(pattern string, h handler)) {
	page("GET /businesses/new", u.newBusiness)
	page("POST /businesses/new", u.addBusiness)
}

// newBusinessField is a text of the form.
type newBusinessField struct{ Name, Label, Type, Hint string }

var newBusinessFields = []newBusinessField{
	{"business_name", "Name", "text", ""},
	{"category", "Category", "text", "What it is, for example Bakery. Mails use it."},
	{"primary_contact_name", "Contact", "text", "Mails begin with the first name."},
	{"primary_email", "E-mail", "email", ""},
	{"primary_phone", "Phone", "tel", "In any form, for example (718) 555-0142."},
	{"address", "Street", "text", ""},
	{"city", "City", "text", ""},
	{"state", "State", "text", "Two letters, for example NY."},
	{"zip", "ZIP", "text", ""},
	{"tags", "Tags", "text", "Words of your own, with commas between."},
}

// newBusinessForm is the form with what was typed, what is wrong with it, and who it may be already.
type newBusinessForm struct {
	Typed  url.Values
	Towns  []townChoice
	Wrong  []fibonacco.FieldError
	Error  string
	Likely []likelySame
}

// townChoice is a community with what its time zone means now.
type townChoice struct{ ID, Text string }

// likelySame is a business that may be the one that is about to be added.
type likelySame struct {
	fibonacco.SMB
	Community, Why string
}

// Why is what is wrong with a field.
func (f newBusinessForm) Why(field string) string { return reasonOf(f.Wrong, field) }

func (u *ui) newBusiness(w http.ResponseWriter, r *http.Request) error {
	return u.showNewBusiness(w, r, http.StatusOK, newBusinessForm{Typed: url.Values{"community_id": {r.URL.Query().Get("community")}}})
}

func (u *ui) showNewBusiness(w http.ResponseWriter, r *http.Request, status int, form newBusinessForm) error {
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	now := u.Clock.Now()
	for _, c := range t.all {
		form.Towns = append(form.Towns, townChoice{strconv.FormatInt(c.ID, 10), fmt.Sprintf("%s (%s time, %s now)", c.Name, place(c.Timezone), clockTime(now.In(zone(c.Timezone))))})
	}
	u.show(w, r, status, newBusinessPage(u.frame(r, "Add a business", businessesPath), form))
	return nil
}

func (u *ui) addBusiness(w http.ResponseWriter, r *http.Request) error {
	field := posted(w, r)
	s := fibonacco.SMB{
		BusinessName: field("business_name"), Category: field("category"), PrimaryContactName: field("primary_contact_name"), PrimaryEmail: field("primary_email"),
		PrimaryPhone: field("primary_phone"), Address: field("address"), City: field("city"), State: strings.ToUpper(strings.TrimSpace(field("state"))), ZIP: field("zip"),
		Tags: readTyped(field("tags")), EmailOptedIn: field("email_opted_in") == "1", RVMOptedIn: field("rvm_opted_in") == "1", Source: "manual",
	}
	form := newBusinessForm{Typed: r.PostForm}
	var err error
	if s.CommunityID, err = strconv.ParseInt(field("community_id"), 10, 64); err != nil {
		form.Error, form.Wrong = "The business is not added yet.", []fibonacco.FieldError{{Field: "community_id", Reason: "has to be chosen"}}
		return u.showNewBusiness(w, r, http.StatusUnprocessableEntity, form)
	}
	if field("anyway") != "1" {
		if form.Likely, err = u.likelySame(r.Context(), s); err != nil {
			return err
		}
		if len(form.Likely) > 0 {
			return u.showNewBusiness(w, r, http.StatusConflict, form)
		}
	}
	added, err := u.SMBs.Create(r.Context(), s)
	var known *fibonacco.Error
	switch {
	case err == nil:
		http.Redirect(w, r, businessPath(added.ID), http.StatusSeeOther)
		return nil
	case errors.As(err, &known) && known.Code == fibonacco.Invalid:
		form.Error, form.Wrong = "The business is not added yet.", known.Fields
		return u.showNewBusiness(w, r, http.StatusUnprocessableEntity, form)
	}
	return err
}

// likelySame are businesses with the same address, the same number, or the same name in the same
// community. Each is looked up by an index.
func (u *ui) likelySame(ctx context.Context, s fibonacco.SMB) ([]likelySame, error) {
	t, err := u.towns(ctx)
	if err != nil {
		return nil, err
	}
	town := fibonacco.FilterValue(strconv.FormatInt(s.CommunityID, 10))
	var all []likelySame
	for _, q := range []struct {
		value, why string
		where      fibonacco.Filter
	}{
		{s.PrimaryEmail, "The same e-mail address", fibonacco.Filter{"primary_email": fibonacco.FilterValue(strings.TrimSpace(s.PrimaryEmail))}},
		{s.PrimaryPhone, "The same phone number", fibonacco.Filter{"primary_phone": fibonacco.FilterValue(strings.TrimSpace(s.PrimaryPhone))}},
		{s.BusinessName, "The same name in the same community", fibonacco.Filter{"business_name": fibonacco.FilterValue(strings.TrimSpace(s.BusinessName)), "community_id": town}},
	} {
		if strings.TrimSpace(q.value) == "" {
			continue
		}
		page, err := u.Directory.QuerySMBs(ctx, fibonacco.SMBQuery{Filter: fibonacco.SMBFilter{Where: q.where}, Size: 5})
		if fibonacco.CodeOf(err) == fibonacco.Invalid {
			continue // what was typed is nothing that could be found: storing it says what is wrong
		}
		if err != nil {
			return nil, fmt.Errorf("look for the same business: %w", err)
		}
		for _, found := range page.Data {
			if !slices.ContainsFunc(all, func(l likelySame) bool { return l.ID == found.ID }) {
				all = append(all, likelySame{found, t.name(found.CommunityID), q.why})
			}
		}
	}
	return all, nil
}
