package ui

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// audit shows who changed what (R11).
func (u *ui) audit(w http.ResponseWriter, r *http.Request) error {
	l := readLedger(fibonacco.AuditListing, "/audit", r.URL.Query())
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	page, err := u.Audit.ListAudit(r.Context(), l.asked())
	if err != nil {
		return err
	}
	d := ledgerData{
		ledger: l, Title: "Audit log", About: "Every change that a person, a token or the product itself made. It is only ever added to.", Label: "Changes",
		Menus:   []filterMenu{l.towns(t), l.menu("actor_kind", "By", func(v string) string { return actorWords[v] })},
		Columns: []column{{Name: "When"}, {Name: "Who"}, {Name: "What"}, {Name: "Of", Wide: true}, {Name: "Before and after", Wide: true}},
		Next:    l.next(page.Next),
		Empty:   [2]string{"Nothing has been changed yet", "What people, tokens and the product itself change appears here, with what was there before."},
		How: "An entry is written together with its change: one cannot be without the other. Passwords, secrets and tokens never appear. " +
			"When a business is erased, what the entries say about it is blanked, and that they were made stays.",
	}
	b := l.box("action", "What was done", "What, for example smb.updated")
	d.Box = &b
	now := u.local(t, time.Time{})
	for _, e := range page.Data {
		at := e.At.In(now.Location())
		d.Rows = append(d.Rows, ledgerRow{Key: fmt.Sprint("change-", e.ID), Cells: []cell{
			{Text: moment(at, now), Title: fullTime(at)},
			{Text: e.ActorName, Sub: actorSub(e)},
			{Text: actionWords(e.Action), Sub: e.Action},
			auditSubject(e, t),
			{More: auditFold(auditLines(e))},
		}})
	}
	u.show(w, r, http.StatusOK, ledgerPage(u.frame(r, "Audit log", "/audit"), d))
	return nil
}

var actorWords = map[string]string{"user": "People", "token": "Tokens", "system": "The product"}

func actorSub(e fibonacco.AuditEntry) string {
	sub := map[string]string{"user": "", "token": "token", "system": "by itself"}[e.ActorKind]
	if e.IP != "" {
		sub = strings.TrimPrefix(sub+", "+e.IP, ", ")
	}
	return sub
}

// actionWords makes words of "smb.bulk_updated": "Smb bulk updated" would be no English, so that the
// kind comes behind.
func actionWords(action string) string {
	kind, done, ok := strings.Cut(action, ".")
	if !ok {
		return capital(strings.ReplaceAll(action, "_", " "))
	}
	return capital(strings.ReplaceAll(done, "_", " ")) + " " + entityWord(kind)
}

func entityWord(kind string) string {
	if w, ok := map[string]string{
		"smb": "a business", "user": "a user", "token": "a token", "campaign": "a campaign", "community": "a community", "session": "a session",
		"list": "a list", "import": "an import", "segment": "a segment", "approval": "an approval", "send": "a mail", "sending": "all mail", "suppression": "a suppression",
	}[kind]; ok {
		return w
	}
	return strings.ReplaceAll(kind, "_", " ")
}

func auditSubject(e fibonacco.AuditEntry, t towns) cell {
	c := cell{Text: strings.TrimSpace(strings.ReplaceAll(e.Entity, "_", " ") + " " + e.EntityID)}
	switch e.Entity {
	case "smb":
		c.Link, c.Text = "/businesses/"+e.EntityID, "Business "+e.EntityID
	case "campaign":
		c.Link, c.Text = campaignPath(e.EntityID), e.EntityID
	}
	if e.CommunityID != nil {
		c.Sub = t.name(*e.CommunityID)
	}
	return c
}

// auditLine is one field that was changed.
type auditLine struct{ Field, Before, After string }

// auditLines are the fields of an entry by their names.
func auditLines(e fibonacco.AuditEntry) []auditLine {
	var names []string
	for name := range e.Before {
		names = append(names, name)
	}
	for name := range e.After {
		names = append(names, name)
	}
	slices.Sort(names)
	var lines []auditLine
	for _, name := range slices.Compact(names) {
		lines = append(lines, auditLine{strings.ReplaceAll(name, "_", " "), auditValue(e.Before, name), auditValue(e.After, name)})
	}
	return lines
}

func auditValue(of map[string]any, name string) string {
	v, ok := of[name]
	switch {
	case !ok:
		return ""
	case v == nil || v == "":
		return "nothing"
	}
	return fmt.Sprint(v)
}
