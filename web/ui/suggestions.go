package ui

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/fibonacco/fibonacco"
)

// mountSuggestions adds what approvers gave that differs from what is on file (M4-08).
func (u *ui) mountSuggestions(page func(pattern string, h handler)) {
	page("GET /suggestions", u.suggestions)
	page("POST /suggestions/{id}/accept", u.acceptSuggestion)
	page("POST /suggestions/{id}/dismiss", u.dismissSuggestion)
	page("POST /suggestions/{id}/reopen", u.reopenSuggestion)
}

// openSuggestions are those of one business that wait for somebody.
func (u *ui) openSuggestions(ctx context.Context, smbID int64) ([]fibonacco.ContactSuggestion, error) {
	page, err := u.Suggestions.ListSuggestions(ctx, fibonacco.ListQuery{
		Filter: fibonacco.Filter{"smb_id": strconv.FormatInt(smbID, 10), "status": "suggested"}, Size: 10,
	})
	if err != nil {
		return nil, fmt.Errorf("suggestions about business %d: %w", smbID, err)
	}
	return page.Data, nil
}

func (u *ui) suggestions(w http.ResponseWriter, r *http.Request) error {
	l := readLedger(fibonacco.ContactSuggestionListing, "/suggestions", r.URL.Query())
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	asked := l.asked()
	if asked.Filter["status"] == "" { // what waits is what people come for
		asked.Filter["status"] = "suggested"
	}
	page, err := u.Suggestions.ListSuggestions(r.Context(), asked)
	if err != nil {
		return err
	}
	fr := u.frame(r, "Suggested contact details", "/suggestions")
	fr.Toast = suggestionToast(r)
	d := ledgerData{
		ledger: l, Title: "Suggested contact details", About: "What people typed when they approved a service, where it differs from what is on file.", Label: "Suggestions",
		Tabs:    suggestionTabs(l),
		Menus:   []filterMenu{l.towns(t)},
		Columns: []column{{Name: "Business"}, {Name: "On file, and suggested"}, {Name: "State"}, {Name: "Given", Wide: true}, {Name: ""}},
		Next:    l.next(page.Next),
		Empty:   [2]string{"Nothing is suggested", "When somebody approves a service with another name, address or number than is on file, it waits here. Nothing is overwritten by itself."},
		How: "Who approves a service is not always who is on file. Use new details when you believe they are the better ones: the record changes in your name, and you can take it back. " +
			"Keeping what is on file does not change the approval, which keeps what was typed.",
	}
	now := u.Clock.Now()
	for _, c := range page.Data {
		at := zone(t.zone(c.CommunityID))
		row := ledgerRow{Key: fmt.Sprint("suggestion-", c.ID), Dim: c.Status == "rejected", Cells: []cell{
			{Text: c.BusinessName, Sub: t.name(c.CommunityID), Link: businessPath(c.SMBID)},
			{More: suggestedChanges(c)},
			badged(suggestionBadge(c.Status)),
			{Text: moment(c.SuggestedAt.In(at), now.In(at)), Title: fullTime(c.SuggestedAt.In(at))},
			{},
		}}
		if c.Status == "suggested" && fr.may(fibonacco.Operator) {
			row.Cells[4].More = suggestionActions(c, "list")
		}
		d.Rows = append(d.Rows, row)
	}
	u.show(w, r, http.StatusOK, ledgerPage(fr, d))
	return nil
}

func suggestionToast(r *http.Request) toast {
	id, err := idOf(r.URL.Query().Get("suggestion"))
	switch done := r.URL.Query().Get("done"); {
	case done == "accepted":
		return toast{Text: "The new details are on file."}
	case done == "kept" && err == nil:
		return toast{Text: "Kept as it is.", Undo: fmt.Sprintf("/suggestions/%d/reopen", id)}
	case done == "reopened":
		return toast{Text: "The suggestion waits again."}
	}
	return toast{}
}

const everySuggestion = "suggested,completed,rejected"

func suggestionTabs(l ledger) []choice {
	status := l.query.Get("status")
	return []choice{
		{"Waiting", l.with("status", ""), status == "" || status == "suggested"},
		{"Used", l.with("status", "completed"), status == "completed"},
		{"Kept as it was", l.with("status", "rejected"), status == "rejected"},
		{"All", l.with("status", everySuggestion), status == everySuggestion},
	}
}

func suggestionBadge(status string) badge {
	switch status {
	case "suggested":
		return badge{"honey", "Waiting"}
	case "completed":
		return badge{"leaf", "Used"}
	}
	return badge{"", "Kept as it was"}
}

// suggestedWord is a field of a suggestion in words.
func suggestedWord(field string) string {
	return map[string]string{"primary_contact_name": "Person", "primary_email": "E-mail", "primary_phone": "Phone"}[field]
}

func suggestedValue(field, value string) string {
	if value == "" {
		return "nothing"
	}
	if field == "primary_phone" {
		return phone(value)
	}
	return value
}

func (u *ui) acceptSuggestion(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	var version *int
	if v, err := strconv.Atoi(r.PostFormValue("version")); err == nil {
		version = &v
	}
	fields := r.PostForm["field"]
	if r.PostFormValue("all") != "" {
		fields = nil
	} else if len(fields) == 0 {
		return fibonacco.Errorf(fibonacco.Invalid, "Tick what you want to use, or use all of it.")
	}
	s, err := u.Suggestions.AcceptSuggestion(r.Context(), id, fields, version)
	if err != nil {
		if fibonacco.CodeOf(err) == fibonacco.Conflict {
			return fibonacco.Errorf(fibonacco.Conflict, "Somebody has decided about this suggestion, or changed the business, since you opened the page. Load it again and look at both.")
		}
		return err
	}
	if r.PostFormValue("from") == "list" {
		return u.redone(w, r, "/suggestions", "accepted", nil)
	}
	return u.redone(w, r, fmt.Sprintf("%s?v=%d", businessPath(s.ID), s.Version), "accepted", nil)
}

func (u *ui) dismissSuggestion(w http.ResponseWriter, r *http.Request) error {
	return u.decideSuggestion(w, r, "kept", u.Suggestions.DismissSuggestion)
}

func (u *ui) reopenSuggestion(w http.ResponseWriter, r *http.Request) error {
	return u.decideSuggestion(w, r, "reopened", u.Suggestions.ReopenSuggestion)
}

func (u *ui) decideSuggestion(w http.ResponseWriter, r *http.Request, done string, decide func(context.Context, int64) error) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := decide(r.Context(), id); err != nil {
		return err
	}
	path := fmt.Sprintf("/suggestions?suggestion=%d", id)
	if from := r.FormValue("from"); from == "record" {
		page, err := u.Suggestions.ListSuggestions(r.Context(), fibonacco.ListQuery{Filter: fibonacco.Filter{"id": strconv.FormatInt(id, 10)}, Size: 1})
		if err != nil {
			return fmt.Errorf("find suggestion %d: %w", id, err)
		}
		if len(page.Data) == 1 {
			path = fmt.Sprintf("%s?suggestion=%d", businessPath(page.Data[0].SMBID), id)
		}
	}
	return u.redone(w, r, path, done, nil)
}
