package ui

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// mountDuplicates adds pairs that may be the same business, and making one of two (M1-26).
func (u *ui) mountDuplicates(page func(pattern string, h handler)) {
	page("GET /duplicates", u.duplicates)
	page("POST /duplicates/dismiss", u.dismissDuplicate)
	page("POST /duplicates/restore", u.restoreDuplicate)
	page("POST /businesses/{id}/merge", u.mergeBusinesses)
	page("POST /merges/{uuid}/undo", u.undoMerge)
}

// duplicatesShown bounds the list: it is looked for anew at every call.
const duplicatesShown = 50

// duplicateData is pairs, of everybody or of one business.
type duplicateData struct {
	Of     *fibonacco.SMB // nil: everybody's
	Pairs  []fibonacco.DuplicatePair
	Merges []fibonacco.Merge
	Towns  towns
	Menu   filterMenu
	Zone   *time.Location
	Now    time.Time
	Full   bool   // there may be more
	Looked bool   // Pairs is what was found
	Look   string // the address that looks
}

// duplicates answers at once, and looks when it is asked to: in a large installation that takes a
// while. With scripts the page asks by itself.
func (u *ui) duplicates(w http.ResponseWriter, r *http.Request) error {
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	var community int64
	if v := r.URL.Query().Get("community_id"); v != "" {
		if community, err = idOf(v); err != nil {
			return err
		}
	}
	var pairs []fibonacco.DuplicatePair
	look := r.URL.Query().Get("look") != ""
	if look {
		if pairs, err = u.Merges.Duplicates(r.Context(), community, duplicatesShown); err != nil {
			return err
		}
	}
	kept := url.Values{}
	if community > 0 {
		kept.Set("community_id", strconv.FormatInt(community, 10))
	}
	l := readLedger(fibonacco.SMBListing, "/duplicates", kept)
	d := duplicateData{Pairs: pairs, Towns: t, Menu: oneOf(l.towns(t), l), Full: len(pairs) == duplicatesShown, Looked: look}
	kept.Set("look", "1")
	d.Look = pathWith("/duplicates", kept)
	fr := u.frame(r, "Possible duplicates", "/duplicates")
	if look && r.Header.Get("HX-Request") == "true" {
		u.show(w, r, http.StatusOK, pairList(fr, d))
		return nil
	}
	fr.Toast = duplicateToast(r, nil)
	u.show(w, r, http.StatusOK, duplicatesPage(fr, d))
	return nil
}

// oneOf makes a menu's choices exclude each other.
func oneOf(m filterMenu, l ledger) filterMenu {
	for i := range m.Choices {
		if at, err := url.Parse(m.Choices[i].Path); err == nil && !m.Choices[i].On {
			values := strings.Split(at.Query().Get("community_id"), ",")
			m.Choices[i].Path = l.with("community_id", values[len(values)-1])
		}
	}
	return m
}

var duplicateToasts = map[string]string{
	"unmerged":  "They are two records again.",
	"restored":  "The pair is proposed again.",
	"dismissed": "The pair is not proposed again. You can still merge the two from either record.",
}

// duplicatesOf are those of one business, and the merges it was part of: a page, or a panel for the
// record that asks for it when everything else is there.
func (u *ui) duplicatesOf(w http.ResponseWriter, r *http.Request) error {
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
	d := duplicateData{Of: s, Towns: t, Zone: zone(t.zone(s.CommunityID))}
	d.Now = u.Clock.Now().In(d.Zone)
	if d.Pairs, err = u.Merges.DuplicatesOf(r.Context(), id); err != nil {
		return err
	}
	if d.Merges, err = u.Merges.ListMerges(r.Context(), id); err != nil {
		return err
	}
	fr := u.frame(r, "Duplicates of "+s.BusinessName, "/businesses")
	if r.Header.Get("HX-Request") == "true" {
		u.show(w, r, http.StatusOK, duplicatePanel(fr, d, 3))
		return nil
	}
	fr.Toast = duplicateToast(r, s)
	u.show(w, r, http.StatusOK, duplicatesOfPage(fr, d))
	return nil
}

// pairOf is the two businesses of a form, and the page that it stands on.
func pairOf(r *http.Request) (a, b int64, path string, err error) {
	if a, err = idOf(r.FormValue("a")); err != nil {
		return 0, 0, "", err
	}
	if b, err = idOf(r.FormValue("b")); err != nil {
		return 0, 0, "", err
	}
	if r.FormValue("from") == "record" {
		return a, b, businessPath(a) + "/duplicates", nil
	}
	return a, b, "/duplicates?look=1", nil
}

func (u *ui) dismissDuplicate(w http.ResponseWriter, r *http.Request) error {
	a, b, path, err := pairOf(r)
	if err != nil {
		return err
	}
	return u.redone(w, r, path, fmt.Sprintf("dismissed&a=%d&b=%d", a, b), u.Merges.DismissDuplicate(r.Context(), a, b))
}

func (u *ui) restoreDuplicate(w http.ResponseWriter, r *http.Request) error {
	a, b, path, err := pairOf(r)
	if err != nil {
		return err
	}
	return u.redone(w, r, path, "restored", u.Merges.RestoreDuplicate(r.Context(), a, b))
}

// duplicateToast says what has just been done, with the way back from it.
func duplicateToast(r *http.Request, of *fibonacco.SMB) toast {
	q := r.URL.Query()
	said := toast{Text: duplicateToasts[q.Get("done")]}
	a, errA := idOf(q.Get("a"))
	b, errB := idOf(q.Get("b"))
	if q.Get("done") == "dismissed" && errA == nil && errB == nil {
		back := url.Values{"a": {strconv.FormatInt(a, 10)}, "b": {strconv.FormatInt(b, 10)}}
		if of != nil {
			back.Set("from", "record")
		}
		said.Undo = pathWith("/duplicates/restore", back)
	}
	return said
}

// mergeData is two records on their way to become one.
type mergeData struct {
	*fibonacco.MergePreview
	Towns  towns
	Choose map[string]string
	Rows   []mergeRow
	Asked  string // an id that was typed and leads nowhere
}

// mergeRow is one field in which the two differ.
type mergeRow struct {
	Name, Label         string
	Keep, Other, Result string
	Chosen              string // survivor, other or ""
	Rule                string // what decides, where nobody chooses; "" where one may
}

func (u *ui) mergeForm(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	s, err := u.SMBs.Find(r.Context(), id)
	if err != nil {
		return err
	}
	fr := u.frame(r, "Merge "+s.BusinessName, "/businesses")
	other, err := idOf(otherID(r.FormValue("other")))
	if err != nil || other == id {
		u.show(w, r, http.StatusOK, mergeWithPage(fr, s, r.FormValue("other")))
		return nil
	}
	d, err := u.previewMerge(r, id, other)
	if err != nil {
		return err
	}
	u.show(w, r, http.StatusOK, mergePage(fr, d))
	return nil
}

// otherID takes a number, or the address of a record as it is copied from a browser.
func otherID(text string) string {
	text = strings.TrimSpace(text)
	if _, after, ok := strings.Cut(text, "/businesses/"); ok {
		text, _, _ = strings.Cut(after, "?")
		text, _, _ = strings.Cut(text, "#")
		text, _, _ = strings.Cut(text, "/")
	}
	return text
}

func (u *ui) previewMerge(r *http.Request, id, other int64) (d mergeData, err error) {
	d.Choose = chosenOf(r)
	if d.MergePreview, err = u.Merges.PreviewMerge(r.Context(), id, other, d.Choose); err != nil {
		return d, err
	}
	if d.Towns, err = u.towns(r.Context()); err != nil {
		return d, err
	}
	at := zone(d.Towns.zone(d.Survivor.CommunityID))
	for _, field := range d.Fields {
		if strings.HasPrefix(field.Name, "services_") {
			field.Keep, field.Other, field.Result = u.serviceNames(field.Keep), u.serviceNames(field.Other), u.serviceNames(field.Result)
		}
		row := mergeRow{
			Name: field.Name, Label: mergeLabel(field.Name), Keep: mergeValue(field.Name, field.Keep, at), Other: mergeValue(field.Name, field.Other, at),
			Result: mergeValue(field.Name, field.Result, at), Chosen: d.Choose[field.Name],
		}
		if !slices.Contains(choosable, field.Name) {
			row.Rule = mergeRule(field.Name)
		}
		d.Rows = append(d.Rows, row)
	}
	return d, nil
}

// serviceNames are the services of a list in the words of their offerings.
func (u *ui) serviceNames(v any) any {
	kinds, ok := v.([]string)
	if !ok {
		return v
	}
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = u.serviceName(kind)
	}
	return names
}

// choosable are the fields of which one value remains. Of the others the merge makes one of both.
var choosable = []string{
	"business_name", "dba_name", "business_type", "category", "primary_contact_name", "primary_email", "primary_phone", "address", "city", "state", "zip",
	"coordinates", "service_model", "subscription_tier", "source", "programme",
}

// mergeRule says what becomes of a field that nobody chooses about.
func mergeRule(name string) string {
	switch {
	case strings.HasPrefix(name, "last_"):
		return "the later one"
	case strings.HasSuffix(name, "_opted_in"), name == "do_not_contact":
		return "a no of either stays a no"
	}
	return "both together"
}

// chosenOf are the choices of a form, "choose-primary_phone=other".
func chosenOf(r *http.Request) map[string]string {
	choose := map[string]string{}
	_ = r.ParseForm() // what cannot be read chooses nothing
	for name, values := range r.Form {
		if field, ok := strings.CutPrefix(name, "choose-"); ok && (values[0] == "survivor" || values[0] == "other") {
			choose[field] = values[0]
		}
	}
	return choose
}

func (u *ui) mergeBusinesses(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	other, err := idOf(r.PostFormValue("other"))
	if err != nil {
		return err
	}
	m, err := u.Merges.MergeSMBs(r.Context(), id, other, chosenOf(r))
	if err != nil {
		return err
	}
	http.Redirect(w, r, fmt.Sprintf("%s?done=merged&merge=%s", businessPath(m.SurvivorID), url.QueryEscape(m.UUID)), http.StatusSeeOther) //nolint:gosec // a number, and a uuid
	return nil
}

func (u *ui) undoMerge(w http.ResponseWriter, r *http.Request) error {
	if err := u.Merges.UndoMerge(r.Context(), strings.ToLower(r.PathValue("uuid"))); err != nil {
		return err
	}
	if id, err := idOf(r.FormValue("survivor")); err == nil {
		return u.redone(w, r, businessPath(id), "unmerged", nil)
	}
	return u.redone(w, r, "/duplicates?look=1", "unmerged", nil)
}

// mergeLabel is a field of a merge in words: those of the form, where it has them.
func mergeLabel(name string) string {
	for _, g := range editGroups {
		for _, field := range g.fields {
			if field.Name == name {
				return field.Label
			}
		}
	}
	if label, ok := map[string]string{
		"programme": "Place in the programme", "do_not_contact": "Do not contact", "email_opted_in": "May get e-mail", "rvm_opted_in": "May get voicemail",
		"sms_opted_in": "May get text messages", "phone_opted_in": "May be called", "last_email_open": "Last opened a mail", "last_email_click": "Last clicked in one",
		"last_content_view": "Last read a page", "last_approval": "Last said yes", "total_approvals": "Approvals", "total_meetings": "Meetings",
		"services_activated": "Services that work", "services_approved_pending": "Services under way", "coordinates": "Place on the map",
	}[name]; ok {
		return label
	}
	return capital(strings.ReplaceAll(name, "_", " "))
}

func mergeValue(name string, v any, at *time.Location) string {
	switch v := v.(type) {
	case bool:
		return yesNo(v)
	case string:
		if name == "primary_phone" {
			v = phone(v)
		}
		return orWord(v, "nothing")
	case []string:
		return orWord(strings.Join(v, ", "), "nothing")
	case []fibonacco.SecondContact:
		var lines []string
		for _, p := range v {
			lines = append(lines, contactLine(p))
		}
		return orWord(strings.Join(lines, "\n"), "nobody")
	case *time.Time:
		if v == nil {
			return "never"
		}
		return v.In(at).Format("2 Jan 2006 15:04")
	case *fibonacco.Point:
		if v == nil {
			return "nothing"
		}
		return fmt.Sprintf("%.5f, %.5f", v.Latitude, v.Longitude)
	case map[string]any:
		if name == "programme" {
			return programmeWords(v)
		}
		return orWord(metadataLines(v), "nothing")
	case nil:
		return "nothing"
	}
	return metadataText(v)
}

// programmeWords are a place in the programme in a line.
func programmeWords(m map[string]any) string {
	status := fibonacco.CampaignStatus(fmt.Sprint(m["campaign_status"]))
	line := programmeBadge(status).Text
	if day := fmt.Sprint(m["manifest_destiny_day"]); day != "0" && day != "<nil>" {
		line += ", day " + day
	}
	if start, err := time.Parse(time.DateOnly, fmt.Sprint(m["manifest_destiny_start_date"])); err == nil {
		line += ", since " + start.Format("2 January 2006")
	}
	return line
}

// tableWords are what changes hands, in words.
var tableWords = map[string][2]string{
	"campaign_sends": {"mail", "mails"}, "rvm_drops": {"voicemail", "voicemails"}, "voicemail_skips": {"voicemail not sent", "voicemails not sent"},
	"approvals": {"approval", "approvals"}, "provisioning_tasks": {"service task", "service tasks"}, "content_views": {"learning page read", "learning pages read"},
	"notices": {"confirmation or reminder", "confirmations and reminders"}, "booking_pages": {"booking page", "booking pages"}, "bookings": {"booking", "bookings"},
	"review_requests": {"review request", "review requests"}, "reviews": {"review", "reviews"}, "review_pages": {"review page", "review pages"},
	"coupons": {"coupon", "coupons"}, "coupon_redemptions": {"redemption", "redemptions"}, "coupon_pages": {"coupon page", "coupon pages"},
	"community_events": {"event", "events"}, "event_posters": {"right to post events", "rights to post events"}, "business_profiles": {"public page", "public pages"},
	"callbacks": {"call", "calls"}, "email_conversations": {"mail from them", "mails from them"}, "chat_messages": {"chat message", "chat messages"},
	"chat_assistants": {"chat helper", "chat helpers"}, "chat_sessions": {"chat", "chats"}, "ai_tasks": {"task", "tasks"}, "consents": {"consent", "consents"},
	"preferences": {"preference", "preferences"}, "suppressions": {"suppression", "suppressions"}, "skips": {"step not sent", "steps not sent"},
	"score_history": {"day of score", "days of score"}, "smb_tags": {"tag", "tags"}, "smb_notes": {"note", "notes"},
	"duplicate_dismissals": {"dismissed pair", "dismissed pairs"}, "analytics_events": {"event of its history", "events of its history"},
}

// rowLines are counts of rows in words, the largest first.
func rowLines(rows map[string]int) []string {
	names := make([]string, 0, len(rows))
	for name, n := range rows {
		if n > 0 {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if rows[a] != rows[b] {
			return rows[b] - rows[a]
		}
		return strings.Compare(a, b)
	})
	var lines []string
	for _, name := range names {
		words, ok := tableWords[name]
		if !ok {
			words = [2]string{strings.ReplaceAll(name, "_", " "), strings.ReplaceAll(name, "_", " ")}
		}
		lines = append(lines, plural(rows[name], words[0], words[1]))
	}
	return lines
}
