package ui_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// serveRecord is serve with a cabinet that the test fills.
func serveRecord(t *testing.T, role fibonacco.Role, fill func(*cabinet)) (*site, *cabinet) {
	t.Helper()
	var c *cabinet
	s := serve(t, role, func(d *ui.Deps) {
		c = d.Records.(*cabinet)
		d.Audit = c
		if fill != nil {
			fill(c)
		}
	})
	return s, c
}

func TestTimelineOfARecord(t *testing.T) {
	t.Parallel()
	send := int64(7)
	s, c := serveRecord(t, fibonacco.Viewer, func(c *cabinet) {
		c.more = "NEXT"
		c.entries = []fibonacco.TimelineEntry{
			{ID: 5, At: monday, Kind: "email.machine_opened", Topic: "mail", Summary: "A machine loaded HOOK-001: not counted as opened.", CampaignID: "HOOK-001", SendID: &send, Details: map[string]any{"reason": "apple_mpp"}},
			{ID: 4, At: monday, Kind: "note.added", Topic: "notes", Summary: "Sam wrote a note.", Details: map[string]any{"text": "<b>Call</b> after six"}},
			{ID: 3, At: monday.AddDate(0, 0, -1), Kind: "rvm_drop.skipped", Topic: "voicemail", Summary: "No voicemail followed HOOK-001, which nobody had opened: no consent.", CampaignID: "HOOK-001", Details: map[string]any{}},
			{ID: 2, At: monday.AddDate(0, 0, -9), Kind: "something.new", Topic: "record", Summary: "Something new.", Details: map[string]any{}},
		}
	})
	a := s.get("/businesses/1?topic=mail&week=2")
	a.wants(t, http.StatusOK, "Today, Tuesday 17 November", "Yesterday, Monday 16 November", "Sunday 8 November", "<b>Call</b> after six",
		"“Can people find you on the map?”, known by the rule “apple mpp”", `class="badge">Machine`, "no consent.", "Something new.", "/sends?campaign_id=HOOK-001#send-7",
		"after=NEXT&topic=mail&week=2#timeline", `href="/businesses/1?topic=mail%2Cvoicemail&week=2#timeline"`, `href="/businesses/1?topic=mail&week=3#wk-3"`)
	if strings.Contains(a.body, "<b>Call</b>") {
		t.Error("a note is markup")
	}
	if c.asked.Filter["topic"] != "mail" || c.asked.Size != 20 {
		t.Errorf("asked %+v", c.asked)
	}
	s.get("/businesses/1?topic=gossip").wants(t, http.StatusUnprocessableEntity)
	c.entries = nil
	s.get("/businesses/1?topic=replies").wants(t, http.StatusOK, "Nothing of this kind yet")
	s.get("/businesses/1").wants(t, http.StatusOK, "Nothing has happened yet")
}

// editForm is what the form of business 1 sends when nothing was touched.
func editForm(version string, changed url.Values) url.Values {
	form := url.Values{
		"version": {version}, "business_name": {"Marisol Hair Studio"}, "was-business_name": {"Marisol Hair Studio"},
		"primary_email": {"owner1@example.org"}, "was-primary_email": {"owner1@example.org"}, "city": {""}, "was-city": {""}, "tags": {""}, "was-tags": {""},
	}
	for name, v := range changed {
		form[name] = v
	}
	return form
}

func TestEditARecord(t *testing.T) {
	t.Parallel()
	s, _ := serveRecord(t, fibonacco.Operator, nil)
	s.smbs[0].Version = 4
	s.get("/businesses/1/edit").wants(t, http.StatusOK, `name="version" value="4"`, `value="owner1@example.org"`, "Port Avery, New York time", "Save changes")
	if a := s.do("POST", "/businesses/1/edit", editForm("4", nil)); a.Header.Get("Location") != "/businesses/1?done=unchanged" || len(s.changed) != 0 {
		t.Errorf("nothing changed: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	s.do("POST", "/businesses/1/edit", editForm("4", url.Values{"primary_email": {"marisol@"}})).wants(
		t, http.StatusUnprocessableEntity, "1 field needs another look. Nothing was stored.", "must look like marisolhair.com", `href="#f-primary_email"`, `value="marisol@"`)
	a := s.do("POST", "/businesses/1/edit", editForm("4", url.Values{"city": {" Port Avery "}, "tags": {"vip, salon"}}))
	if a.Header.Get("Location") != "/businesses/1?done=saved&v=5" {
		t.Fatalf("saved: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	if c := s.changed[0]; c.City == nil || *c.City != "Port Avery" || strings.Join(c.Tags, "|") != "vip|salon" || c.PrimaryEmail != nil || c.BusinessName != nil || *c.IfVersion != 4 {
		t.Errorf("asked to change %+v", c)
	}
	s.get("/businesses/1?done=saved&v=5").wants(t, http.StatusOK, "Saved.", "/businesses/1/edit-undo?v=5", "Undo")
	if a := s.get("/businesses/1?done=saved&v=4"); strings.Contains(a.body, "edit-undo") {
		t.Error("an older change can be taken back")
	}
}

// Two people edit one record: the second is told by whom and when, and sees both values.
func TestTwoPeopleEditOneRecord(t *testing.T) {
	t.Parallel()
	sam := int64(2)
	s, _ := serveRecord(t, fibonacco.Operator, func(c *cabinet) {
		c.audits = []fibonacco.AuditEntry{{At: monday.Add(-time.Minute), ActorKind: "user", UserID: &sam, ActorName: "Sam Lee", Action: "smb.updated"}}
	})
	s.smbs[0].Version, s.smbs[0].City, s.smbs[0].PrimaryPhone = 5, "Harbor", "+17185550142"
	mine := editForm("4", url.Values{"city": {"Port Avery"}, "business_name": {"Marisol"}, "primary_phone": {""}, "was-primary_phone": {""}})
	a := s.do("POST", "/businesses/1/edit", mine)
	a.wants(t, http.StatusConflict, "Sam Lee changed this a minute ago. Look at both before you choose.", "One field holds another value by now",
		"Phone is now (718) 555-0142", `name="choose-city" value="theirs"`, "Harbor", "Port Avery", `name="version" value="5"`, `name="business_name" type="text" value="Marisol"`)
	if len(s.changed) != 0 {
		t.Fatal("something was stored")
	}
	again := editForm("5", url.Values{
		"city": {"Port Avery"}, "was-city": {"Harbor"}, "both": {"city"}, "business_name": {"Marisol"}, "primary_phone": {"(718) 555-0142"}, "was-primary_phone": {"(718) 555-0142"},
	})
	s.do("POST", "/businesses/1/edit", again).wants(t, http.StatusUnprocessableEntity, "Choose which of both values stays.")
	again.Set("choose-city", "theirs")
	if a := s.do("POST", "/businesses/1/edit", again); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("chosen: %d", a.StatusCode)
	}
	if c := s.changed[0]; c.City != nil || c.PrimaryPhone != nil || *c.BusinessName != "Marisol" || s.smbs[0].City != "Harbor" {
		t.Errorf("changed %+v", c)
	}
	// Different fields need no choice.
	s.smbs[0].Version = 7
	s.do("POST", "/businesses/1/edit", editForm("6", url.Values{"city": {"Harbor"}, "was-city": {"Harbor"}, "was-business_name": {"Marisol"}, "business_name": {"Marisol & Co"}})).wants(
		t, http.StatusConflict, "You changed different fields.")
}

func TestUndoOfAnEdit(t *testing.T) {
	t.Parallel()
	me, sam := int64(1), int64(2)
	s, c := serveRecord(t, fibonacco.Operator, func(c *cabinet) {
		c.audits = []fibonacco.AuditEntry{{
			ActorKind: "user", UserID: &me, ActorName: "Dana Whitfield", Action: "smb.updated",
			Before: map[string]any{"city": "Old Town", "tags": nil, "metadata": map[string]any{"a": "1"}},
			After:  map[string]any{"city": "New Town", "tags": []any{"vip"}, "metadata": map[string]any{"a": "2", "b": "3"}},
		}}
	})
	s.smbs[0].Version, s.smbs[0].City, s.smbs[0].Tags = 9, "New Town", []string{"vip"}
	s.do("POST", "/businesses/1/edit-undo?v=8", nil).wants(t, http.StatusConflict, "has changed since")
	if a := s.do("POST", "/businesses/1/edit-undo?v=9", nil); a.Header.Get("Location") != "/businesses/1?done=undone" {
		t.Fatalf("undo: %d", a.StatusCode)
	}
	change := s.changed[0]
	if b, named := change.Metadata["b"]; s.smbs[0].City != "Old Town" || len(s.smbs[0].Tags) != 0 || change.Metadata["a"] != "1" || b != nil || !named {
		t.Errorf("put back %+v", change)
	}
	c.audits[0].UserID = &sam
	s.do("POST", "/businesses/1/edit-undo?v=10", nil).wants(t, http.StatusConflict, "Somebody else has changed this business since")
}

func TestNotesOnARecord(t *testing.T) {
	t.Parallel()
	s, c := serveRecord(t, fibonacco.Operator, func(c *cabinet) {
		c.notes = []fibonacco.Note{{ID: 3, Body: "Theirs <i>", Author: "Sam Lee", CreatedAt: monday}, {ID: 2, Body: "Mine", Author: "Dana Whitfield", Mine: true, CreatedAt: monday}}
	})
	a := s.get("/businesses/1")
	a.wants(t, http.StatusOK, "Theirs <i>", "/businesses/1/notes/2/delete", "cannot be brought back")
	if strings.Contains(a.body, "/notes/3/delete") || strings.Contains(a.body, "Theirs <i>") {
		t.Error("somebody else's note can be deleted, or is markup")
	}
	if a := s.do("POST", "/businesses/1/notes", url.Values{"body": {"Prefers calls"}}); a.Header.Get("Location") != "/businesses/1?done=noted" || len(c.notes) != 3 {
		t.Errorf("note: %d", a.StatusCode)
	}
	s.do("POST", "/businesses/1/notes", url.Values{"body": {" "}}).wants(t, http.StatusUnprocessableEntity, "A note needs a few words")
	s.do("POST", "/businesses/1/notes/2/delete", nil)
	if len(c.done) != 1 || c.done[0] != "deleted note 2 of 1" {
		t.Errorf("did %v", c.done)
	}
	viewer, _ := serveRecord(t, fibonacco.Viewer, nil)
	if a := viewer.get("/businesses/1"); strings.Contains(a.body, `name="body"`) || strings.Contains(a.body, "/businesses/1/edit") || strings.Contains(a.body, "owner-link") {
		t.Error("a viewer is offered what is refused")
	}
}

func TestConsentPage(t *testing.T) {
	t.Parallel()
	s, c := serveRecord(t, fibonacco.Manager, func(c *cabinet) {
		c.reach = map[fibonacco.Channel]fibonacco.Reach{
			fibonacco.ChannelEmail: {Allowed: true}, fibonacco.ChannelRVM: {Reasons: []fibonacco.SkipReason{fibonacco.NoPhone, fibonacco.NoConsent}}, fibonacco.ChannelPhone: {Reasons: []fibonacco.SkipReason{fibonacco.NotOptedIn}},
		}
		c.said = []fibonacco.Consent{
			{ID: 2, Channel: fibonacco.ChannelEmail, Granted: true, Wording: "Yes <please>.", Source: "web form", SourceURL: "javascript:alert(1)", OccurredAt: monday.AddDate(0, -1, 0)},
			{ID: 1, Channel: fibonacco.ChannelEmail, Source: "phone call", OccurredAt: monday.AddDate(0, -2, 0)},
		}
		c.suppressed = []fibonacco.Suppression{{ID: 6, Kind: "email", Value: "owner1@example.org", Reason: "bounce", CreatedAt: monday}, {ID: 7, Kind: "phone", Reason: "erased", CreatedAt: monday}}
	})
	s.smbs[0].PrimaryPhone = "+17185550142"
	a := s.get("/businesses/1/consents?channel=rvm&granted=true")
	a.wants(t, http.StatusOK, "No phone number.", "Add a phone number to the record.", "No written consent.", "They have never said yes to it.", "Last word: yes, 17 Oct, from web form", "Yes <please>.",
		"Mail there bounced for good, since", "/businesses/1/suppressions/6/lift", "An erased number", "stays suppressed for good", "Nothing in words is on record.", "47 CFR 64.1200",
		`<option value="rvm" selected>`, "Download everything", "This cannot be undone.")
	if strings.Contains(a.body, "javascript:") || strings.Contains(a.body, "/suppressions/7/lift") || strings.Contains(a.body, "<please>") {
		t.Error("a stranger's text is a link or markup, or what was erased can be lifted")
	}
	if c.asked.Filter["value"] != "owner1@example.org,+17185550142" {
		t.Errorf("asked for %q", c.asked.Filter["value"])
	}
	s.do("POST", "/businesses/1/consents", url.Values{"channel": {"rvm"}, "granted": {"true"}, "source": {"phone call"}}).wants(
		t, http.StatusUnprocessableEntity, "Nothing was written down.", "Without it a yes proves nothing.", `value="phone call"`)
	s.do("POST", "/businesses/1/consents", url.Values{"channel": {"rvm"}, "source": {"x"}, "when": {"soon"}}).wants(
		t, http.StatusUnprocessableEntity, "2 fields need another look.", "Say whether it is a yes or a no.", "Give a day and a time.")
	if a := s.do("POST", "/businesses/1/consents", url.Values{"channel": {"rvm"}, "granted": {"false"}, "source": {"phone call"}, "when": {"2026-11-16T09:30"}}); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("recorded: %d", a.StatusCode)
	}
	if said := c.said[2]; said.Granted || said.Channel != fibonacco.ChannelRVM || !said.OccurredAt.Equal(time.Date(2026, 11, 16, 14, 30, 0, 0, time.UTC)) {
		t.Errorf("recorded %+v", said)
	}
	s.do("POST", "/businesses/1/suppress", url.Values{"kind": {"fax"}}).wants(t, http.StatusUnprocessableEntity)
	s.do("POST", "/businesses/1/suppress", url.Values{"kind": {"phone"}})
	s.do("POST", "/businesses/1/suppressions/6/lift", url.Values{"reason": {" "}}).wants(t, http.StatusUnprocessableEntity)
	s.do("POST", "/businesses/1/suppressions/6/lift", url.Values{"reason": {"mended"}})
	if got := strings.Join(c.done, "; "); got != "suppressed phone +17185550142; lifted 6 because mended" {
		t.Errorf("did %s", got)
	}
	if a := s.do("POST", "/businesses/1/contact", url.Values{"do_not_contact": {"true"}}); a.Header.Get("Location") != "/businesses/1/consents?done=closed" || !s.smbs[0].DoNotContact {
		t.Errorf("closed: %d", a.StatusCode)
	}
	s.get("/businesses/1/consents?done=closed").wants(t, http.StatusOK, "/businesses/1/contact?do_not_contact=false", "Undo", "Allow contact again")
}

func TestExportAndErase(t *testing.T) {
	t.Parallel()
	s, c := serveRecord(t, fibonacco.Manager, nil)
	if a := s.get("/businesses/1/export"); a.body != "PK everything" || a.Header.Get("Content-Type") != "application/zip" || !strings.Contains(a.Header.Get("Content-Disposition"), "business-1.zip") {
		t.Errorf("archive: %v", a.Header)
	}
	if a := s.get("/businesses/2/export"); a.StatusCode != http.StatusNotFound {
		t.Errorf("archive of nobody: %d", a.StatusCode)
	}
	s.do("POST", "/businesses/1/erase", url.Values{"name": {"Marisol"}, "reason": {"asked"}}).wants(t, http.StatusUnprocessableEntity, "the name is not the one of this business")
	s.do("POST", "/businesses/1/erase", url.Values{"name": {"Marisol Hair Studio"}, "reason": {" "}}).wants(t, http.StatusUnprocessableEntity, "say why")
	if a := s.do("POST", "/businesses/1/erase", url.Values{"name": {"Marisol Hair Studio"}, "reason": {"asked"}}); a.StatusCode != http.StatusSeeOther || len(c.done) != 1 {
		t.Errorf("erased: %d %v", a.StatusCode, c.done)
	}
	operator, _ := serveRecord(t, fibonacco.Operator, nil)
	if a := operator.get("/businesses/1/consents"); strings.Contains(a.body, "Erase") || strings.Contains(a.body, "/export") {
		t.Error("an operator is offered to erase")
	}
}

func TestDuplicatesAndMerge(t *testing.T) {
	t.Parallel()
	fill := func(c *cabinet) {
		c.pairs = []fibonacco.DuplicatePair{{A: c.smbs[0], B: c.smbs[1], Score: 92, Reasons: []string{"same phone number"}}}
		c.merges = []fibonacco.Merge{
			{UUID: "0193c2f0-7a6b-7c5d-8e4f-3a2b1c0d9e8f", SurvivorID: 1, OtherID: 57, MergedAt: monday, UndoUntil: monday.AddDate(0, 0, 30)},
			{UUID: "0193c2f0-7a6b-7c5d-8e4f-000000000000", SurvivorID: 1, OtherID: 58, MergedAt: monday.AddDate(0, -3, 0), UndoUntil: monday.AddDate(0, -2, 0)},
		}
	}
	s, c := serveRecord(t, fibonacco.Manager, fill)
	if a := s.get("/duplicates"); strings.Contains(a.body, "92 of 100") || !strings.Contains(a.body, `hx-get="/duplicates?look=1"`) {
		t.Error("the page looks before it is asked to")
	}
	if a := s.do("GET", "/duplicates?look=1", nil, "HX-Request", "true"); strings.Contains(a.body, "<html") {
		t.Error("the list is a whole page")
	}
	a := s.get("/duplicates?look=1")
	a.wants(t, http.StatusOK, "92 of 100 sure", "same phone number", "/businesses/1/merge?other=2", s.smbs[1].BusinessName)
	if strings.Contains(a.body, "<script>alert") {
		t.Error("a name runs")
	}
	s.get("/businesses/1/duplicates").wants(t, http.StatusOK, "Business 57 became part of it", "/merges/0193c2f0-7a6b-7c5d-8e4f-3a2b1c0d9e8f/undo", "for good")
	if a := s.do("GET", "/businesses/1/duplicates", nil, "HX-Request", "true"); strings.Contains(a.body, "<html") || !strings.Contains(a.body, "92 of 100 sure") {
		t.Error("the panel is a whole page, or empty")
	}
	gone := s.do("POST", "/duplicates/dismiss", url.Values{"a": {"1"}, "b": {"2"}, "from": {"record"}})
	s.get(gone.Header.Get("Location")).wants(t, http.StatusOK, "The pair is not proposed again.", "/duplicates/restore?a=1&b=2&from=record")
	if back := s.do("POST", "/duplicates/restore?a=1&b=2&from=record", nil).Header.Get("Location"); back != "/businesses/1/duplicates?done=restored" {
		t.Errorf("proposed again: %s", back)
	}
	s.get("/businesses/1/merge").wants(t, http.StatusOK, "which other record")
	s.get("/businesses/1/merge?other=1").wants(t, http.StatusOK, "This is not another business.")
	s.get("/businesses/1/merge?other=99").wants(t, http.StatusNotFound)
	s.get("/businesses/1/merge?other=https%3A%2F%2Fhere.example%2Fbusinesses%2F3%3Fweek%3D2").wants(t, http.StatusOK, "Blue Door Framing becomes part of it.")
	a = s.get("/businesses/1/merge?other=3&choose-primary_email=other")
	a.wants(t, http.StatusOK, "12 mails", "1 note", "2 steps not sent", "owner3@example.org", "a no of either stays a no", "never", "17 Nov 2026 14:12", "the later one", "Ana", "Gift cards", "Active, day 3, since 15 November 2026", "Merge into Marisol Hair Studio", `name="choose-primary_email" value="other" checked`)
	if strings.Contains(a.body, "choose-do_not_contact") {
		t.Error("a no can be overruled")
	}
	a = s.do("POST", "/businesses/1/merge", url.Values{"other": {"3"}, "choose-primary_email": {"other"}, "choose-city": {"nonsense"}})
	if !strings.HasPrefix(a.Header.Get("Location"), "/businesses/1?done=merged&merge=0193") || len(c.chosen) != 1 || c.chosen["primary_email"] != "other" {
		t.Errorf("merged: %s, chose %v", a.Header.Get("Location"), c.chosen)
	}
	s.get(a.Header.Get("Location")).wants(t, http.StatusOK, "Two records are one now.", "/merges/0193c2f0-7a6b-7c5d-8e4f-3a2b1c0d9e8f/undo?survivor=1")
	s.do("POST", "/merges/0193c2f0-7a6b-7c5d-8e4f-3a2b1c0d9e8f/undo?survivor=1", nil)
	if got := strings.Join(c.done, "; "); got != "dismissed 1 and 2; restored 1 and 2; undid 0193c2f0-7a6b-7c5d-8e4f-3a2b1c0d9e8f" {
		t.Errorf("did %s", got)
	}
	operator, _ := serveRecord(t, fibonacco.Operator, fill)
	if a := operator.get("/businesses/1/merge?other=3"); strings.Contains(a.body, "Merge into") || !strings.Contains(a.body, "A manager of your team can merge them.") {
		t.Error("an operator is offered to merge")
	}
}

func TestSuggestions(t *testing.T) {
	t.Parallel()
	s, c := serveRecord(t, fibonacco.Operator, func(c *cabinet) {
		c.suggestions = []fibonacco.ContactSuggestion{
			{ID: 8, SMBID: 1, CommunityID: 1, BusinessName: "Marisol Hair Studio", Status: "suggested", Version: 4, SuggestedAt: monday, Changes: []fibonacco.SuggestedChange{{Field: "primary_phone", OnFile: "", Suggested: "<i>718"}}},
			{ID: 9, SMBID: 1, CommunityID: 1, BusinessName: "Marisol Hair Studio", Status: "rejected", SuggestedAt: monday},
			{ID: 10, SMBID: 1, CommunityID: 1, Status: "suggested", Version: 4, SuggestedAt: monday, Changes: []fibonacco.SuggestedChange{{Field: "primary_email", OnFile: "a@b.example", Suggested: "c@b.example"}, {Field: "primary_contact_name", Suggested: "Ana"}}},
		}
	})
	a := s.get("/businesses/1")
	a.wants(t, http.StatusOK, "The approver gave another number.", "<i>718", "instead of nothing", "/suggestions/8/accept", "The approver gave other contact details.", "Use what is ticked")
	if strings.Contains(a.body, "<i>718") || strings.Contains(a.body, "/suggestions/9/") {
		t.Error("what was typed is markup, or what was decided is asked again")
	}
	s.get("/suggestions").wants(t, http.StatusOK, "Suggested contact details", "/suggestions/8/dismiss", "Waiting")
	s.get("/suggestions?status=suggested,completed,rejected").wants(t, http.StatusOK, "Kept as it was")
	s.do("POST", "/suggestions/10/accept", url.Values{"version": {"4"}, "from": {"record"}}).wants(t, http.StatusUnprocessableEntity, "Tick what you want to use")
	s.do("POST", "/suggestions/10/accept", url.Values{"version": {"3"}, "all": {"1"}}).wants(t, http.StatusConflict, "look at both")
	for form, want := range map[string]string{"version=4&all=1&from=record": "/businesses/1?v=0&done=accepted", "version=4&field=primary_email&from=list": "/suggestions?done=accepted"} {
		values, _ := url.ParseQuery(form)
		if a := s.do("POST", "/suggestions/10/accept", values); a.Header.Get("Location") != want {
			t.Errorf("%s: %s", form, a.Header.Get("Location"))
		}
	}
	s.do("POST", "/suggestions/8/dismiss", url.Values{})
	if a := s.do("POST", "/suggestions/8/dismiss", url.Values{"from": {"record"}}); a.Header.Get("Location") != "/businesses/1?suggestion=8&done=kept" {
		t.Errorf("dismissed on the record: %s", a.Header.Get("Location"))
	}
	s.get("/businesses/1?suggestion=8&done=kept").wants(t, http.StatusOK, "Kept as it is.", "/suggestions/8/reopen?from=record")
	s.do("POST", "/suggestions/8/reopen", nil)
	for _, want := range []string{"accepted 10 ", "accepted 10 primary_email", "dismissed 8", "reopened 8"} {
		if !strings.Contains(strings.Join(c.done, "|")+"|", want+"|") {
			t.Errorf("%q is missing in %v", want, c.done)
		}
	}
	viewer, _ := serveRecord(t, fibonacco.Viewer, func(v *cabinet) { v.suggestions = c.suggestions })
	if a := viewer.get("/businesses/1"); strings.Contains(a.body, "/suggestions/8/accept") || !strings.Contains(a.body, "another number") {
		t.Error("a viewer may decide, or does not see it")
	}
}

func TestServicesAndOwnerLink(t *testing.T) {
	t.Parallel()
	board := &desk{}
	var c *cabinet
	s := serve(t, fibonacco.Operator, func(d *ui.Deps) {
		c = d.Records.(*cabinet)
		c.approvals = []fibonacco.Approval{
			{ID: 1, SMBID: 1, ServiceType: "appointment_booking", Status: "provisioned", ApprovedAt: monday, SourceType: "email", SourceID: "HOOK-001"},
			{ID: 4, SMBID: 1, ServiceType: "listing_claim", Status: "provisioned", ApprovedAt: monday, SourceType: "learning_center", SourceID: "three-names"},
		}
		d.Approvals, d.Services = board, []fibonacco.Offering{{Type: "appointment_booking", Title: "A booking page with your times"}}
		d.Bookings, d.Reviews, d.Coupons = nil, nil, nil
	})
	s.sends = []fibonacco.CampaignSend{
		{ID: 1, SMBID: 1, CampaignID: "HOOK-001", Occurrence: 1, Status: fibonacco.SendSent, SentAt: &monday},
		{ID: 2, SMBID: 1, CampaignID: "EDU-001", Occurrence: 1, Status: fibonacco.SendSent, SentAt: &monday},
		{ID: 3, SMBID: 1, CampaignID: "HOWTO-001", Occurrence: 1, Status: fibonacco.SendSending},
	}
	s.campaigns[1].LandingPageSlug = "three-names"
	a := s.get("/businesses/1?week=1")
	if n := strings.Count(a.body, "They said yes to its service."); n != 2 {
		t.Errorf("%d steps led to a yes", n)
	}
	a.wants(t, http.StatusOK, "On its way to the mail server.")
	a.wants(t, http.StatusOK, "A booking page with your times", `href="https://go.example.org/book/marisol"`, "They said yes to its service.", "Approved")
	if strings.Contains(a.body, "javascript:") {
		t.Error("a stored address runs")
	}
	a = s.do("POST", "/businesses/1/owner-link", nil)
	a.wants(t, http.StatusOK, "https://go.example.org/my/SECRET", `data-copy="owner-url"`, "Whoever has this link acts as the owner.", "15 February 2027")
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Error("the link is kept by browsers")
	}
	if a := s.do("POST", "/businesses/1/revoke-links", nil); a.StatusCode != http.StatusSeeOther || strings.Join(board.done, " ") != "owner link revoke" {
		t.Errorf("did %v", board.done)
	}
}

// Every step says why it is as it is, where no pointer hovers.
func TestAllStepsWithReasons(t *testing.T) {
	t.Parallel()
	s, _ := serveRecord(t, fibonacco.Viewer, nil)
	s.get("/businesses/1?week=all").wants(t, http.StatusOK, "Every step of the programme", "Its day went by, and nothing is on record.", "Planned when its day begins.", "Show one week")
	missed, _ := serveRecord(t, fibonacco.Viewer, func(c *cabinet) {
		c.entries = []fibonacco.TimelineEntry{{ID: 1, At: monday, Kind: "campaign_send.skipped", Topic: "mail", CampaignID: "EDU-001", Summary: "EDU-001 was due and not planned: missed.", Details: map[string]any{"reason": "missed"}}}
	})
	missed.get("/businesses/1?week=1").wants(t, http.StatusOK, "Nothing is sent late.", "skipped: day went by")
	s.get("/businesses/2").wants(t, http.StatusOK, "Its day is known once the programme has started.")
	s.get("/businesses/3?week=all").wants(t, http.StatusOK, "Waits: the programme is paused.")
	for _, path := range []string{"/businesses/1/nonsense", "/businesses/1/edit/more", "/businesses/99/consents", "/businesses/99/duplicates"} {
		if a := s.get(path); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
}
