package ui

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// mountTeam adds the people who may come in.
func (u *ui) mountTeam(page func(pattern string, h handler)) {
	page("GET /team", u.team)
	page("POST /team", u.invite)
	page("POST /team/{id}/role", u.changeRole)
	page("POST /team/{id}/disable", u.disableUser)
	page("POST /team/{id}/enable", u.enableUser)
	page("POST /team/{id}/password", u.resetPassword)
	page("POST /team/{id}/sessions", u.endUserSessions)
	page("POST /team/{id}/communities", u.limitUser)
	page("POST /team/{id}/totp", u.resetSecondFactor)
}

// teamForm is the form of an invitation with what was typed, what is wrong with it, and the link that
// came of it, which is shown once.
type teamForm struct {
	Name, Email string
	Role        fibonacco.Role
	Communities []string // ids
	Towns       []fibonacco.CommunityCount
	Roles       []fibonacco.Role
	Wrong       []fibonacco.FieldError
	Error       string
	Link        *fibonacco.PasswordLink
	LinkFor     string
}

// Why is what is wrong with a field.
func (f teamForm) Why(field string) string {
	for _, w := range f.Wrong {
		if w.Field == field {
			return w.Reason
		}
	}
	return ""
}

func (u *ui) team(w http.ResponseWriter, r *http.Request) error {
	return u.showTeam(w, r, http.StatusOK, teamForm{})
}

func (u *ui) showTeam(w http.ResponseWriter, r *http.Request, status int, form teamForm) error {
	if u.Demo != nil {
		fr := u.frame(r, "Team", "/team")
		fr.How = ""
		u.show(w, r, http.StatusNotFound, noTeam(fr))
		return nil
	}
	q := r.URL.Query()
	if r.Method != http.MethodGet {
		q = nil
	}
	l := readLedger(fibonacco.UserListing, "/team", q)
	page, err := u.Access.ListUsers(r.Context(), l.asked())
	if err != nil {
		return err
	}
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	fr := u.frame(r, "Team", "/team")
	fr.Toast.Text = teamToasts[r.URL.Query().Get("done")]
	form.Towns = t.all
	form.Roles = slices.DeleteFunc(slices.Clone(fibonacco.Roles), func(role fibonacco.Role) bool { return role == fibonacco.Owner || !fr.may(role) })
	d := ledgerData{
		ledger: l, Title: "Team", About: "Who may come in, and what they may do.", Label: "People",
		Menus:   []filterMenu{l.menu("role", "Role", func(v string) string { return capital(v) })},
		Columns: []column{{Name: "Name"}, {Name: "Role"}, {Name: "Sees", Wide: true}, {Name: "Signs in with", Wide: true}, {Name: "Last seen", Wide: true}, {Name: ""}},
		Next:    l.next(page.Next),
		Empty:   [2]string{"Nobody yet", "Invite the first person."},
		How: "A link to set a password is shown once and mailed to nobody: hand it over yourself, for whoever has it becomes that person. It is good for four days. " +
			"Whoever is limited to communities sees nothing of the others: not in a list, a search, an export or the audit log. " +
			"Keeping somebody out ends their sessions at once and stops their tokens within five seconds; nothing of theirs is deleted. The last admin of everything stays.",
		Above: teamPanel(form),
	}
	b := l.box(findParam, "Search people", "Name or e-mail")
	d.Box = &b
	now := fibonacco.SystemClock{}.Now()
	for _, user := range page.Data {
		seen := cell{Text: "Never"}
		if user.LastSeenAt != nil {
			seen = cell{Text: ago(*user.LastSeenAt, now), Title: fullTime(*user.LastSeenAt)}
		}
		state := badge{"ink", capital(string(user.Role))}
		switch {
		case user.Disabled:
			state = badge{"", capital(string(user.Role)) + ", kept out"}
		case user.Invited:
			state = badge{"open", capital(string(user.Role)) + ", invited"}
		}
		me := fr.Who != nil && fr.Who.UserID == user.ID
		d.Rows = append(d.Rows, ledgerRow{Key: "user-" + strconv.FormatInt(user.ID, 10), Dim: user.Disabled, Cells: []cell{
			{Text: user.Name, Sub: user.Email}, badged(state), text(seesWords(user, t)), text(waysWords(user)), seen, {More: userActions(user, me, form.Roles, t.all)},
		}})
	}
	u.show(w, r, status, ledgerPage(fr, d))
	return nil
}

var teamToasts = map[string]string{
	"role": "Role changed. It holds from the next click on.", "disabled": "They are kept out, and their sessions have ended.", "enabled": "They may come in again.",
	"sessions": "All their sessions have ended.", "communities": "What they see has changed. It holds from the next click on.",
	"totp": "No code is asked of them any more, and their sessions have ended. Passkeys stay.",
}

// roleWords are the roles with what they may, from most to least.
var roleWords = []struct {
	Role     fibonacco.Role
	May, Not string
}{
	{fibonacco.Admin, "Everything, with the team, tokens, settings and deliverability.", ""},
	{fibonacco.Manager, "Everything about businesses and the programme: campaigns, archives and erasures, pausing all mail; sees settings and the audit log.", "No people, no tokens, no settings."},
	{fibonacco.Operator, "The daily work: import, add and change businesses, start, pause and resume, settle mails, approvals.", "Deletes no business, changes no campaign, pauses no mail of all."},
	{fibonacco.Viewer, "Looks at everything but the house.", "Changes nothing."},
}

func seesWords(user fibonacco.User, t towns) string {
	if len(user.Communities) == 0 {
		return "Every community"
	}
	var names []string
	for _, id := range user.Communities {
		names = append(names, t.name(id))
	}
	return strings.Join(names, ", ")
}

func waysWords(user fibonacco.User) string {
	ways := []string{"password"}
	if user.Invited {
		ways = nil
	}
	if user.TOTP {
		ways = append(ways, "code")
	}
	if user.Passkeys > 0 {
		ways = append(ways, plural(user.Passkeys, "passkey", "passkeys"))
	}
	return capital(strings.Join(ways, ", "))
}

func (u *ui) invite(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fibonacco.Errorf(fibonacco.Malformed, "The form could not be read.")
	}
	form := teamForm{Name: r.PostFormValue("name"), Email: r.PostFormValue("email"), Role: fibonacco.Role(r.PostFormValue("role")), Communities: r.PostForm["community"]}
	user := fibonacco.User{Name: form.Name, Email: form.Email, Role: form.Role}
	for _, text := range form.Communities {
		id, err := idOf(text)
		if err != nil {
			return err
		}
		user.Communities = append(user.Communities, id)
	}
	made, link, err := u.Access.InviteUser(r.Context(), user)
	if err == nil {
		return u.showTeam(w, r, http.StatusCreated, teamForm{Link: link, LinkFor: made.Name})
	}
	var known *fibonacco.Error
	if !errors.As(err, &known) || known.Code != fibonacco.Invalid && known.Code != fibonacco.Conflict {
		return err
	}
	form.Wrong, form.Error = known.Fields, known.Message
	return u.showTeam(w, r, http.StatusUnprocessableEntity, form)
}

func (u *ui) changeRole(w http.ResponseWriter, r *http.Request) error {
	role := fibonacco.Role(r.PostFormValue("role"))
	return u.onUser(w, r, "role", func(id int64) error {
		_, err := u.Access.UpdateUser(r.Context(), id, fibonacco.UserChange{Role: &role})
		return err
	})
}

func (u *ui) disableUser(w http.ResponseWriter, r *http.Request) error {
	return u.onUser(w, r, "disabled", func(id int64) error { _, err := u.Access.DisableUser(r.Context(), id); return err })
}

func (u *ui) enableUser(w http.ResponseWriter, r *http.Request) error {
	return u.onUser(w, r, "enabled", func(id int64) error { _, err := u.Access.EnableUser(r.Context(), id); return err })
}

func (u *ui) endUserSessions(w http.ResponseWriter, r *http.Request) error {
	return u.onUser(w, r, "sessions", func(id int64) error { _, err := u.Access.EndSessions(r.Context(), id); return err })
}

// limitUser sets the communities that somebody sees; none ticked lifts the limit.
func (u *ui) limitUser(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fibonacco.Errorf(fibonacco.Malformed, "The form could not be read.")
	}
	communities := []int64{}
	for _, text := range r.PostForm["community"] {
		id, err := idOf(text)
		if err != nil {
			return err
		}
		communities = append(communities, id)
	}
	return u.onUser(w, r, "communities", func(id int64) error {
		_, err := u.Access.UpdateUser(r.Context(), id, fibonacco.UserChange{Communities: &communities})
		return err
	})
}

func (u *ui) resetSecondFactor(w http.ResponseWriter, r *http.Request) error {
	return u.onUser(w, r, "totp", func(id int64) error { return u.Access.ResetSecondFactor(r.Context(), id) })
}

// resetPassword shows the link to set another one, once.
func (u *ui) resetPassword(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	user, err := u.Access.FindUser(r.Context(), id)
	if err != nil {
		return err
	}
	link, err := u.Access.ResetPassword(r.Context(), id)
	if err != nil {
		return fmt.Errorf("reset the password of user %d: %w", id, err)
	}
	return u.showTeam(w, r, http.StatusOK, teamForm{Link: link, LinkFor: user.Name})
}

func (u *ui) onUser(w http.ResponseWriter, r *http.Request, what string, change func(id int64) error) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	return u.redone(w, r, "/team", what, change(id))
}
