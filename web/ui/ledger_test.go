package ui_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
)

// What the ledgers ask of the town. Each checks the question as the real ones do.

func (t *town) QuerySends(_ context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.CampaignSend], err error) {
	if _, err := fibonacco.CampaignSendListing.Conditions(q.Filter); err != nil {
		return page, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.broken != nil {
		return page, t.broken
	}
	t.listed = q
	for _, s := range t.sends {
		if want := q.Filter["status"]; want == "" || slices.Contains(strings.Split(want, ","), string(s.Status)) {
			page.Data = append(page.Data, s)
		}
	}
	if q.Cursor == "" {
		page.Next = "second"
	}
	return page, nil
}

func (t *town) SendingState(context.Context) (*fibonacco.SendingState, error) {
	s := &fibonacco.SendingState{Health: fibonacco.MailHealth{Since: monday.Add(-24 * time.Hour), Sent: 1684, Bounced: 17, BounceRate: 1.01, Level: "ok"}}
	if t.pausedFor != "" {
		since := monday.Add(-time.Hour)
		s.Paused, s.Reason, s.By, s.Since = true, t.pausedFor, "Dana Whitfield", &since
	}
	return s, nil
}

func (t *town) PauseSending(_ context.Context, reason, _ string) error {
	if reason == "" {
		return fibonacco.Errorf(fibonacco.Invalid, "Say why.")
	}
	t.pausedFor = reason
	return nil
}

func (t *town) ResumeSending(context.Context, string) error { t.pausedFor = ""; return nil }

func (t *town) SettleSend(_ context.Context, id int64, became fibonacco.SendStatus, why string) error {
	if why == "" || became != fibonacco.SendSent && became != fibonacco.SendFailed && became != fibonacco.SendQueued {
		return fibonacco.Errorf(fibonacco.Invalid, "Say what became of it, and how you know.")
	}
	for i := range t.sends {
		if t.sends[i].ID == id && t.sends[i].Status == fibonacco.SendUnknown {
			t.sends[i].Status = became
			return nil
		}
	}
	return missing()
}

// line is the telephone side; what no page asks for is nil.
type line struct {
	*town
	fibonacco.CampaignVoicemail
	fibonacco.VoicemailChecker
}

func (t *town) QueryDrops(_ context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.RVMDrop], err error) {
	if _, err := fibonacco.RVMDropListing.Conditions(q.Filter); err != nil {
		return page, err
	}
	page.Data = []fibonacco.RVMDrop{
		{ID: 3, SMBID: 1, CommunityID: 1, CampaignID: "HOOK-001", Phone: "+15555550142", Status: "cancelled", DeliveryStatus: "no_consent"},
		{ID: 4, SMBID: 99, CommunityID: 1, CampaignID: "HOOK-001", Status: "failed", LastError: `<b>busy</b>`},
	}
	return page, nil
}

func (t *town) FindDrop(context.Context, int64) (*fibonacco.RVMDrop, error) { return nil, missing() }

func (t *town) VoicemailState(context.Context) (*fibonacco.VoicemailState, error) {
	return &fibonacco.VoicemailState{Provider: "simulator"}, nil
}

func (t *town) PauseVoicemail(context.Context, string, string) error { return nil }

func (t *town) ResumeVoicemail(context.Context, string) error { return nil }

func (t *town) ListAudit(_ context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.AuditEntry], err error) {
	if _, err := fibonacco.AuditListing.Conditions(q.Filter); err != nil {
		return page, err
	}
	community := int64(1)
	page.Data = []fibonacco.AuditEntry{{
		ID: 5, At: monday.Add(-time.Hour), ActorKind: "user", ActorName: "Dana Whitfield", IP: "192.0.2.7", Action: "smb.updated", Entity: "smb", EntityID: "1",
		CommunityID: &community, Before: map[string]any{"category": "<i>Barber</i>"}, After: map[string]any{"category": "Hair salon", "zip": nil},
	}}
	return page, nil
}

func (t *town) NoteExport(context.Context, string, string, []string) error { return nil }

func (d door) ListUsers(_ context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.User], err error) {
	if _, err := fibonacco.UserListing.Conditions(q.Filter); err != nil {
		return page, err
	}
	page.Data = []fibonacco.User{
		{ID: 1, Name: "Dana Whitfield", Email: "dana@example.org", Role: fibonacco.Admin},
		{ID: 2, Name: "Sam Reyes", Email: "sam@example.org", Role: fibonacco.Operator, Communities: []int64{2}, Disabled: d.kept},
	}
	return page, nil
}

func (d door) FindUser(_ context.Context, id int64) (*fibonacco.User, error) {
	return &fibonacco.User{ID: id, Name: "Sam Reyes"}, nil
}

func (d door) InviteUser(_ context.Context, u fibonacco.User) (*fibonacco.User, *fibonacco.PasswordLink, error) {
	if !fibonacco.ValidEmail(u.Email) {
		return nil, nil, fibonacco.InvalidFields("the user cannot be stored", []fibonacco.FieldError{{Field: "email", Reason: "is not an e-mail address"}})
	}
	return &u, &fibonacco.PasswordLink{URL: "https://mail.example.org/password/once", ExpiresAt: monday}, nil
}

func (d door) ResetPassword(context.Context, int64) (*fibonacco.PasswordLink, error) {
	return &fibonacco.PasswordLink{URL: "https://mail.example.org/password/again", ExpiresAt: monday}, nil
}

func (d door) UpdateUser(_ context.Context, id int64, c fibonacco.UserChange) (*fibonacco.User, error) {
	if c.Communities != nil {
		d.limited = *c.Communities
		return &fibonacco.User{ID: id, Communities: d.limited}, nil
	}
	if c.Role == nil || !c.Role.Valid() {
		return nil, fibonacco.Errorf(fibonacco.Invalid, "There is no such role.")
	}
	return &fibonacco.User{ID: id, Role: *c.Role}, nil
}

func (d door) DisableUser(_ context.Context, id int64) (*fibonacco.User, error) {
	d.kept = true
	return &fibonacco.User{ID: id}, nil
}

func (d door) EnableUser(_ context.Context, id int64) (*fibonacco.User, error) {
	d.kept = false
	return &fibonacco.User{ID: id}, nil
}

func (d door) EndSessions(context.Context, int64) (int, error) { return 2, nil }

func someSends() []fibonacco.CampaignSend {
	at := monday.Add(-2 * time.Hour)
	return []fibonacco.CampaignSend{
		{ID: 7, SMBID: 1, CampaignID: "HOOK-001", Subject: "Can people find <you>?", Status: fibonacco.SendSent, SentAt: &at, OpenedAt: &at},
		{ID: 8, SMBID: 2, CampaignID: "EDU-001", Subject: "Three names", Status: fibonacco.SendUnknown, ScheduledFor: &at},
		{ID: 9, SMBID: 77, CampaignID: "EDU-001", Subject: "Three names", Status: fibonacco.SendSuppressed, SkipReason: fibonacco.NotOptedIn},
	}
}

func TestSendsPage(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Manager)
	s.sends = someSends()
	a := s.get("/sends?community_id=1&campaign_id=HOOK-001&after=here&trail=one.two")
	a.wants(t, http.StatusOK, "Marisol Hair Studio", "Can people find <you>?", "Opened", "Not opted in", "Business 77", "deleted, or not yours to see",
		"Handed over, and no answer came back", "/sends/8/settle", "Pause all sending…", "1.0%")
	if strings.Contains(a.body, "<script>alert") || strings.Contains(a.body, "find <you>") {
		t.Error("a name is markup")
	}
	if s.listed.Cursor != "here" || s.listed.Filter["community_id"] != "1" || s.listed.Filter["campaign_id"] != "HOOK-001" || s.listed.Size != 50 {
		t.Errorf("asked for %+v", s.listed)
	}
	if !strings.Contains(a.body, `href="/sends?after=two&amp;campaign_id=HOOK-001&amp;community_id=1&amp;trail=one"`) {
		t.Error("the way back is lost")
	}
	if !strings.Contains(a.body, `href="/sends?campaign_id=HOOK-001&amp;community_id=1&amp;status=unknown"`) {
		t.Error("a view forgets the filters")
	}
	s.get("/sends").wants(t, http.StatusOK, "after=second")
	s.get("/sends?status=gone").wants(t, http.StatusUnprocessableEntity, "filter[status]")
	s.get("/sends?status=queued").wants(t, http.StatusOK, "Nothing matches", "Show all")

	s.do("POST", "/sends/8/settle", url.Values{"became": {"sent"}}).wants(t, http.StatusUnprocessableEntity)
	if a := s.do("POST", "/sends/8/settle", url.Values{"became": {"sent"}, "why": {"log, line 4"}}); a.StatusCode != http.StatusSeeOther || s.sends[1].Status != fibonacco.SendSent {
		t.Errorf("settled: %d, %s", a.StatusCode, s.sends[1].Status)
	}
	s.do("POST", "/sends/pause", url.Values{}).wants(t, http.StatusUnprocessableEntity, "Say why.")
	s.do("POST", "/sends/pause", url.Values{"reason": {"New <address>"}})
	s.get("/sends?done=paused").wants(t, http.StatusOK, "Programme mail is paused by Dana Whitfield", "New <address>", "Programme mail is paused.", "Let mail go again")
	s.do("POST", "/sends/resume", url.Values{})
	if s.pausedFor != "" {
		t.Error("mail is still paused")
	}
	viewer := serve(t, fibonacco.Viewer)
	viewer.sends = someSends()
	if a := viewer.get("/sends"); strings.Contains(a.body, "/settle") || strings.Contains(a.body, "/sends/pause") {
		t.Error("a viewer is offered what would be refused")
	}
}

func TestOtherLedgers(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Admin)
	s.get("/voicemail").wants(t, http.StatusOK, "No written consent", "Not dropped", "(555) 555-0142", "<b>busy</b>", "the built-in simulator")
	s.get("/voicemail?status=lost").wants(t, http.StatusUnprocessableEntity)
	s.get("/audit").wants(t, http.StatusOK, "Updated a business", "Dana Whitfield", "192.0.2.7", "<i>Barber</i>", "Hair salon", "Port Avery", "2 fields")
	a := s.get("/team")
	a.wants(t, http.StatusOK, "That is you", "Sam Reyes", "Kailua Bay", "Invite somebody")
	if strings.Contains(a.body, "/team/1/disable") {
		t.Error("one may shut oneself out")
	}
	s.do("POST", "/team", url.Values{"name": {"Jo"}, "email": {"jo"}, "role": {"viewer"}}).wants(t, http.StatusUnprocessableEntity, "Is not an e-mail address", `value="jo"`)
	s.do("POST", "/team", url.Values{"name": {"Jo"}, "email": {"jo@example.org"}, "role": {"viewer"}, "community": {"1"}}).wants(t, http.StatusCreated, "https://mail.example.org/password/once")
	s.do("POST", "/team", url.Values{"name": {"Jo"}, "email": {"jo@example.org"}, "community": {"x"}}).wants(t, http.StatusNotFound)
	s.do("POST", "/team/2/password", url.Values{}).wants(t, http.StatusOK, "https://mail.example.org/password/again", "A link for Sam Reyes")
	s.do("POST", "/team/2/role", url.Values{"role": {"king"}}).wants(t, http.StatusUnprocessableEntity)
	for path, form := range map[string]url.Values{"/team/2/role": {"role": {"viewer"}}, "/team/2/sessions": {}, "/team/2/disable": {}} {
		if a := s.do("POST", path, form); a.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
	s.get("/team").wants(t, http.StatusOK, "Operator, kept out", "/team/2/enable")
	s.get("/menu").wants(t, http.StatusOK, "Audit log", "Team", "Voicemail")
	if a := serve(t, fibonacco.Operator).get("/menu"); strings.Contains(a.body, "/audit") || strings.Contains(a.body, "/team") {
		t.Error("operators are led to doors that are shut")
	}
}
