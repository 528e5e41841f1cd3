package ui

import (
	"fmt"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

// tokens is everybody's access tokens, without their secrets, which nobody has.
func (u *ui) tokens(w http.ResponseWriter, r *http.Request) error {
	if u.Demo != nil {
		return fibonacco.Errorf(fibonacco.NotFound, "Nobody has an account in the demo.")
	}
	l := readLedger(fibonacco.TokenListing, "/settings/tokens", r.URL.Query())
	page, err := u.Access.ListTokens(r.Context(), l.asked())
	if err != nil {
		return err
	}
	owners, err := u.owners(r, page.Data)
	if err != nil {
		return err
	}
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	fr := u.frame(r, "Access tokens", "/settings")
	fr.Toast.Text = map[string]string{"revoked": "Token revoked. Every node refuses it within five seconds."}[r.URL.Query().Get("done")]
	d := ledgerData{
		ledger: l, Title: "Access tokens", About: "Programs that use the API, whose they are, and what they may do.", Label: "Access tokens",
		Tabs:    settingsTabs(fr, "/settings/tokens"),
		Menus:   []filterMenu{l.menu("role", "Role", func(v string) string { return capital(v) })},
		Columns: []column{{Name: "Token"}, {Name: "Whose"}, {Name: "May", Wide: true}, {Name: "Sees", Wide: true}, {Name: "Last used", Wide: true}, {Name: "Good until", Wide: true}, {Name: ""}},
		Next:    l.next(page.Next),
		Empty:   [2]string{"No tokens yet", "Everybody makes their own on the page of their account. What they make appears here, to be revoked when nobody knows it any more."},
		How: "A token never may more than the person it belongs to, and ends with them. Only its first characters are kept, to know it by. " +
			"Revoke what has not been used for long: whoever still needs it makes another. Tokens that belong to nobody are made on the command line: fibonacco token create.",
		Actions: ownTokensLink(),
	}
	b := l.box("prefix", "First characters of a token", "First characters, for example fib_3fZk")
	d.Box = &b
	now := fibonacco.SystemClock{}.Now()
	for _, token := range page.Data {
		used := cell{Text: capital(usedAt(token.LastUsedAt, now)), Sub: token.LastUsedIP}
		d.Rows = append(d.Rows, ledgerRow{
			Key: fmt.Sprint("token-", token.ID), Dim: token.ExpiresAt != nil && !token.ExpiresAt.After(now),
			Cells: []cell{
				{Text: token.Name, Sub: token.Prefix + "…"},
				ownerCell(token, owners),
				{Text: capital(string(token.Role)), Sub: abilitiesOf(token)},
				text(seesWords(fibonacco.User{Communities: token.Communities}, t)), used, text(capital(expiry(token.ExpiresAt, now))),
				{More: revokeForm(token)},
			},
		})
	}
	u.show(w, r, http.StatusOK, ledgerPage(fr, d))
	return nil
}

// owners are the people whose tokens a page shows, by id.
func (u *ui) owners(r *http.Request, tokens []fibonacco.AccessToken) (map[int64]*fibonacco.User, error) {
	all := map[int64]*fibonacco.User{}
	for _, t := range tokens {
		if t.UserID == nil || all[*t.UserID] != nil {
			continue
		}
		user, err := u.Access.FindUser(r.Context(), *t.UserID)
		if err != nil && fibonacco.CodeOf(err) != fibonacco.NotFound {
			return nil, err
		}
		all[*t.UserID] = user
	}
	return all, nil
}

func ownerCell(t fibonacco.AccessToken, owners map[int64]*fibonacco.User) cell {
	switch {
	case t.UserID == nil:
		return cell{Text: "Nobody’s", Sub: "made on the command line or by the API"}
	case owners[*t.UserID] == nil:
		return cell{Text: fmt.Sprint("User ", *t.UserID), Sub: "not yours to see"}
	case owners[*t.UserID].Disabled:
		return cell{Text: owners[*t.UserID].Name, Sub: "kept out, and so is this"}
	}
	return cell{Text: owners[*t.UserID].Name, Sub: owners[*t.UserID].Email}
}

func (u *ui) revokeAnyToken(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	return u.redone(w, r, "/settings/tokens", "revoked", u.Access.RevokeToken(r.Context(), id))
}
