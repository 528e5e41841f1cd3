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
	"time"

	"github.com/fibonacco/fibonacco"
)

// editData is the form of one record. Each field carries the value that it had when the form was made,
// so that only what somebody has changed is sent, and so that a change by somebody else is seen for
// what it is: a difference in one field, to be looked at.
type editData struct {
	*fibonacco.SMB
	Community string
	Groups    []editGroup
	Version   int
	Wrong     []editField // those that cannot be stored, for the summary
	Conflict  *editConflict
}

type editGroup struct {
	Name   string
	Fields []editField
}

// editConflict says who was faster.
type editConflict struct {
	Said  string      // "Sam Lee changed this a minute ago."
	Both  []editField // changed by both: one of two values must be chosen
	Other []editField // changed by them alone: their value stays unless the form changes it
}

// editBusiness shows the form.
func (u *ui) editBusiness(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	s, err := u.SMBs.Find(r.Context(), id)
	if err != nil {
		return err
	}
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	u.show(w, r, http.StatusOK, businessEditPage(u.frame(r, "Edit "+s.BusinessName, "/businesses"), newEdit(s, t)))
	return nil
}

func newEdit(s *fibonacco.SMB, t towns) editData {
	d := editData{SMB: s, Community: t.name(s.CommunityID), Version: s.Version}
	for _, g := range editGroups {
		group := editGroup{Name: g.name}
		for _, spec := range g.fields {
			value := spec.get(s)
			f := editField{editSpec: spec, Value: value, Was: value}
			if spec.options != nil {
				f.Options = spec.options(t, value)
			}
			group.Fields = append(group.Fields, f)
		}
		d.Groups = append(d.Groups, group)
	}
	return d
}

// saveBusiness stores what the form has changed, unless somebody else changed the record since it was
// made: then both are shown, and nothing is stored.
func (u *ui) saveBusiness(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 256<<10)
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return fibonacco.Errorf(fibonacco.Invalid, "The form cannot be read. Go back and try again.")
	}
	now, err := u.SMBs.Find(r.Context(), id)
	if err != nil {
		return err
	}
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	d := newEdit(now, t)
	d.fill(r.PostForm)
	version, err := strconv.Atoi(r.PostFormValue("version"))
	if err != nil {
		return fibonacco.Errorf(fibonacco.Invalid, "The form is not complete. Load the page again.")
	}
	if version != now.Version {
		return u.showConflict(w, r, d)
	}
	change, some := d.change(now)
	d.unchosen(r.PostForm)
	if d.wrong(); len(d.Wrong) > 0 {
		return u.showEdit(w, r, http.StatusUnprocessableEntity, d)
	}
	if !some {
		return u.redone(w, r, businessPath(id), "unchanged", nil)
	}
	change.IfVersion = &version
	updated, err := u.SMBs.Update(r.Context(), id, change)
	switch fibonacco.CodeOf(err) {
	case "":
		http.Redirect(w, r, fmt.Sprintf("%s?done=saved&v=%d", businessPath(id), updated.Version), http.StatusSeeOther) //nolint:gosec // numbers
		return nil
	case fibonacco.Conflict: // somebody was faster by a moment
		if now, err = u.SMBs.Find(r.Context(), id); err != nil {
			return err
		}
		d = newEdit(now, t)
		d.fill(r.PostForm)
		return u.showConflict(w, r, d)
	case fibonacco.Invalid:
		d.refuse(err)
		return u.showEdit(w, r, http.StatusUnprocessableEntity, d)
	}
	return err
}

func (u *ui) showEdit(w http.ResponseWriter, r *http.Request, status int, d editData) error {
	u.show(w, r, status, businessEditPage(u.frame(r, "Edit "+d.BusinessName, "/businesses"), d))
	return nil
}

// showConflict shows the form on top of the record as it is now.
func (u *ui) showConflict(w http.ResponseWriter, r *http.Request, d editData) error {
	c := &editConflict{Said: u.lastChange(r.Context(), d.ID)}
	for gi := range d.Groups {
		for fi := range d.Groups[gi].Fields {
			f := &d.Groups[gi].Fields[fi]
			now := f.get(d.SMB)
			mine, theirs := f.Value != f.Was, now != f.Was
			f.Theirs = now
			switch {
			case mine && theirs && f.Value != now:
				f.Both = true
				c.Both = append(c.Both, *f)
			case theirs:
				c.Other = append(c.Other, *f)
				f.Value = now
			}
			f.Was = now
		}
	}
	d.Conflict = c
	return u.showEdit(w, r, http.StatusConflict, d)
}

// lastChange says who changed a record last, and when, as far as it is known.
func (u *ui) lastChange(ctx context.Context, id int64) string {
	const somebody = "This was changed while you were writing."
	if u.Audit == nil {
		return somebody
	}
	page, err := u.Audit.ListAudit(ctx, fibonacco.ListQuery{Filter: changesOf(id), Size: 1})
	if err != nil || len(page.Data) == 0 {
		return somebody
	}
	e := page.Data[0]
	who := e.ActorName
	if madeBy(ctx, e) {
		who = "You"
	}
	return fmt.Sprintf("%s changed this %s.", who, changedAgo(e.At, u.Clock.Now()))
}

// changedAgo is ago in a sentence: "a minute ago".
func changedAgo(at, now time.Time) string {
	switch d := now.Sub(at); {
	case d < time.Minute:
		return "a moment ago"
	case d < 2*time.Minute:
		return "a minute ago"
	}
	return strings.Replace(ago(at, now), " min ", " minutes ", 1)
}

func changesOf(id int64) fibonacco.Filter {
	return fibonacco.Filter{"entity": "smb", "entity_id": strconv.FormatInt(id, 10), "action": "smb.updated"}
}

// madeBy reports whether whoever asks made a change. Where people have no account, as in the demo, it
// is the name that tells.
func madeBy(ctx context.Context, e fibonacco.AuditEntry) bool {
	p := principal(ctx)
	switch {
	case p == nil || e.ActorKind != "user":
		return false
	case e.UserID != nil:
		return *e.UserID == p.UserID
	}
	return p.UserID == 0 && p.Name == e.ActorName
}

// undoEdit takes one's own last change back, if nothing has happened to the record since.
func (u *ui) undoEdit(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	version, err := strconv.Atoi(r.FormValue("v"))
	if err != nil {
		return fibonacco.Errorf(fibonacco.Invalid, "This change is not known. Open the record and edit it.")
	}
	page, err := u.Audit.ListAudit(r.Context(), fibonacco.ListQuery{Filter: changesOf(id), Size: 1})
	if err != nil {
		return fmt.Errorf("last change of business %d: %w", id, err)
	}
	if len(page.Data) == 0 || !madeBy(r.Context(), page.Data[0]) {
		return fibonacco.Errorf(fibonacco.Conflict, "Somebody else has changed this business since. Open the record and edit it.")
	}
	change, err := undoing(page.Data[0])
	if err != nil {
		return fmt.Errorf("take a change of business %d back: %w", id, err)
	}
	change.IfVersion = &version
	if _, err := u.SMBs.Update(r.Context(), id, change); err != nil {
		if fibonacco.CodeOf(err) == fibonacco.Conflict {
			return fibonacco.Errorf(fibonacco.Conflict, "This business has changed since. Open the record and edit it.")
		}
		return err
	}
	return u.redone(w, r, businessPath(id), "undone", nil)
}

// fill puts what was sent into the fields.
func (d *editData) fill(form url.Values) {
	for gi := range d.Groups {
		for fi := range d.Groups[gi].Fields {
			f := &d.Groups[gi].Fields[fi]
			if was, ok := form["was-"+f.Name]; ok {
				f.Was = normalLines(was[0])
			}
			if value, ok := form[f.Name]; ok {
				f.Value = strings.TrimSpace(normalLines(value[0]))
			} else {
				f.Value = f.Was
			}
			if form.Get("choose-"+f.Name) == "theirs" {
				f.Value = f.Was
			}
			if f.Options != nil {
				f.Options = reselect(f.Options, f.Value)
			}
		}
	}
}

// unchosen refuses a field of which both values were shown, and none was chosen.
func (d *editData) unchosen(form url.Values) {
	for gi := range d.Groups {
		for fi := range d.Groups[gi].Fields {
			f := &d.Groups[gi].Fields[fi]
			if slices.Contains(form["both"], f.Name) && form.Get("choose-"+f.Name) == "" {
				f.Both, f.Theirs, f.Error = true, f.Was, "Choose which of both values stays."
			}
		}
	}
}

// normalLines takes the line ends of forms away.
func normalLines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// change is what the form has made different, and whether that is anything.
func (d *editData) change(s *fibonacco.SMB) (change fibonacco.SMBChange, some bool) {
	for gi := range d.Groups {
		for fi := range d.Groups[gi].Fields {
			f := &d.Groups[gi].Fields[fi]
			if f.Value == f.Was {
				continue
			}
			some = true
			f.Error = f.put(&change, s, f.Value)
		}
	}
	return change, some
}

// refuse puts the reasons of an Invalid error beside their fields.
func (d *editData) refuse(err error) {
	var e *fibonacco.Error
	if !errors.As(err, &e) {
		return
	}
	for _, bad := range e.Fields {
		name, _, _ := strings.Cut(bad.Field, "[")
		name, _, _ = strings.Cut(name, ".")
		for gi := range d.Groups {
			for fi := range d.Groups[gi].Fields {
				if f := &d.Groups[gi].Fields[fi]; f.Name == name {
					f.Error = f.advice(bad.Reason)
				}
			}
		}
	}
	d.wrong()
	if len(d.Wrong) == 0 {
		d.Wrong = []editField{{editSpec: editSpec{Name: "business_name", Label: "This"}, Error: e.Message}}
	}
}

func (d *editData) wrong() {
	d.Wrong = nil
	for _, g := range d.Groups {
		for _, f := range g.Fields {
			if f.Error != "" {
				d.Wrong = append(d.Wrong, f)
			}
		}
	}
}
