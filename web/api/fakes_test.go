package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
)

// house is a small stand-in for all modules: it keeps rows in memory and errors as the contracts
// say.
type house struct {
	mu          sync.Mutex
	communities []fibonacco.Community
	smbs        []fibonacco.SMB
	jobs        []fibonacco.ImportJob

	asked    fibonacco.SMBFilter     // the last filter
	reason   string                  // the last pause's
	imported fibonacco.ImportRequest // the last file's
	file     string
	score    func() (fibonacco.ScoreBreakdown, error)

	signedOut []string // sessions that were ended
}

var noon = time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC)

const smbUUID = "0193c2f0-9a8b-7c6d-8e5f-4a3b2c1d0e9f"

func newHouse() *house {
	h := &house{}
	h.communities = []fibonacco.Community{{
		ID: 1, UUID: "0193c2f0-1b2a-7c3d-8e4f-5a6b7c8d9e0f", Name: "Brooklyn", Slug: "brooklyn", State: "NY",
		Timezone: "America/New_York", CreatedAt: noon, UpdatedAt: noon,
	}}
	for i := range 7 {
		h.smbs = append(h.smbs, fibonacco.SMB{
			ID: int64(i + 1), UUID: smbUUID[:35] + fmt.Sprint(i+1), CommunityID: 1, BusinessName: fmt.Sprintf("Business %d", i+1),
			EngagementTier: 4, CampaignStatus: fibonacco.StatusPending, SubscriptionTier: "free", Version: 1, CreatedAt: noon, UpdatedAt: noon,
		})
	}
	return h
}

func missing(what string) error {
	return fibonacco.Errorf(fibonacco.NotFound, "there is no such %s", what)
}

func (h *house) CreateCommunity(_ context.Context, c fibonacco.Community) (*fibonacco.Community, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.Timezone == "" {
		c.Timezone = fibonacco.DefaultTimezone
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	for _, known := range h.communities {
		if known.Slug == c.Slug {
			return nil, fibonacco.Errorf(fibonacco.Conflict, "the slug is taken")
		}
	}
	c.ID, c.UUID, c.CreatedAt, c.UpdatedAt = int64(len(h.communities)+1), smbUUID, noon, noon
	h.communities = append(h.communities, c)
	return &c, nil
}

func (h *house) FindCommunity(_ context.Context, id int64) (*fibonacco.Community, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.communities {
		if c.ID == id {
			return &c, nil
		}
	}
	return nil, missing("community")
}

func (h *house) FindCommunityBySlug(_ context.Context, slug string) (*fibonacco.Community, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.communities {
		if c.Slug == slug {
			return &c, nil
		}
	}
	return nil, missing("community")
}

func (h *house) ListCommunities(context.Context) ([]fibonacco.CommunityCount, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []fibonacco.CommunityCount
	for _, c := range h.communities {
		all = append(all, fibonacco.CommunityCount{Community: c, SMBs: len(h.smbs)})
	}
	return all, nil
}

func (h *house) QueryCommunities(ctx context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.CommunityCount], err error) {
	if _, err := fibonacco.CommunityListing.Conditions(q.Filter); err != nil {
		return page, err
	}
	page.Data, err = h.ListCommunities(ctx)
	return page, err
}

func (h *house) UpdateCommunity(_ context.Context, id int64, change fibonacco.CommunityChange) (*fibonacco.Community, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.communities {
		c := h.communities[i]
		if c.ID != id {
			continue
		}
		if change.Name != nil {
			c.Name = *change.Name
		}
		if change.Timezone != nil {
			c.Timezone = *change.Timezone
		}
		if change.County != nil {
			c.County = *change.County
		}
		if err := c.Validate(); err != nil {
			return nil, err
		}
		h.communities[i] = c
		return &c, nil
	}
	return nil, missing("community")
}

func (h *house) DeleteCommunity(ctx context.Context, id int64) error {
	if _, err := h.FindCommunity(ctx, id); err != nil {
		return err
	}
	return fibonacco.Errorf(fibonacco.Conflict, "it has businesses")
}

func (h *house) CommunityStats(ctx context.Context, id int64) (*fibonacco.CommunityStats, error) {
	if _, err := h.FindCommunity(ctx, id); err != nil {
		return nil, err
	}
	return &fibonacco.CommunityStats{CommunityID: id, SMBs: len(h.smbs), ByTier: map[int]int{4: len(h.smbs)}}, nil
}

func (h *house) find(ok func(*fibonacco.SMB) bool) (*fibonacco.SMB, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.smbs {
		if s.DeletedAt == nil && ok(&s) {
			return &s, nil
		}
	}
	return nil, missing("business")
}

func (h *house) Find(_ context.Context, id int64) (*fibonacco.SMB, error) {
	return h.find(func(s *fibonacco.SMB) bool { return s.ID == id })
}

func (h *house) FindByUUID(_ context.Context, uuid string) (*fibonacco.SMB, error) {
	return h.find(func(s *fibonacco.SMB) bool { return s.UUID == uuid })
}

func (h *house) FindByEmail(context.Context, string) (*fibonacco.SMB, error) {
	return nil, missing("business")
}

func (h *house) FindByPhone(context.Context, string) (*fibonacco.SMB, error) {
	return nil, missing("business")
}

func (h *house) Create(_ context.Context, s fibonacco.SMB) (*fibonacco.SMB, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s.ID, s.UUID, s.EngagementTier, s.CampaignStatus, s.CreatedAt, s.UpdatedAt = int64(len(h.smbs)+1), smbUUID, 4, fibonacco.StatusPending, noon, noon
	h.smbs = append(h.smbs, s)
	return &s, nil
}

func (h *house) Update(_ context.Context, id int64, c fibonacco.SMBChange) (*fibonacco.SMB, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.smbs {
		s := h.smbs[i]
		if s.ID != id {
			continue
		}
		if c.IfVersion != nil && *c.IfVersion != s.Version {
			return nil, fibonacco.Errorf(fibonacco.Conflict, "it has been changed")
		}
		if c.BusinessName != nil {
			s.BusinessName = *c.BusinessName
		}
		if c.City != nil {
			s.City = *c.City
		}
		if c.EmailOptedIn != nil {
			s.EmailOptedIn = *c.EmailOptedIn
		}
		if c.PrimaryEmail != nil {
			s.PrimaryEmail = *c.PrimaryEmail
		}
		if err := s.Validate(); err != nil {
			return nil, err
		}
		s.Version++
		h.smbs[i] = s
		return &s, nil
	}
	return nil, missing("business")
}

func (h *house) FindRecord(ctx context.Context, id int64, include []string) (*fibonacco.SMBRecord, error) {
	s, err := h.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	all, err := h.Records(ctx, []fibonacco.SMB{*s}, include)
	if err != nil {
		return nil, err
	}
	return &all[0], nil
}

func (h *house) Records(ctx context.Context, smbs []fibonacco.SMB, include []string) ([]fibonacco.SMBRecord, error) {
	all := make([]fibonacco.SMBRecord, len(smbs))
	for i := range smbs {
		all[i].SMB = &smbs[i]
		for _, part := range include {
			switch part {
			case "community":
				all[i].Community, _ = h.FindCommunity(ctx, smbs[i].CommunityID)
			case "engagement":
				b, _ := h.CalculateEngagementScore(ctx, smbs[i].ID)
				all[i].Engagement = &b
			case "reach":
				all[i].Reach = map[fibonacco.Channel]fibonacco.Reach{fibonacco.ChannelEmail: {Allowed: true}}
			}
		}
	}
	return all, nil
}

func (h *house) Timeline(_ context.Context, id int64, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.TimelineEntry], err error) {
	if _, err := fibonacco.TimelineListing.Conditions(q.Filter); err != nil {
		return page, err
	}
	page.Data = []fibonacco.TimelineEntry{{ID: id, At: noon, Kind: "smb.created", Summary: "The business was added."}}
	return page, nil
}

func (h *house) ScoreSeries(_ context.Context, _ int64, from, to string) ([]fibonacco.DayScore, error) {
	for _, day := range []string{from, to} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return nil, fibonacco.InvalidFields("no such series", []fibonacco.FieldError{{Field: "from", Reason: "is not a date"}})
		}
	}
	return []fibonacco.DayScore{{Day: "2026-03-02", Score: 15, Tier: 4}}, nil
}

func (h *house) ListApprovals(_ context.Context, id int64, _ fibonacco.ListQuery) (fibonacco.Page[fibonacco.Approval], error) {
	return fibonacco.Page[fibonacco.Approval]{Data: []fibonacco.Approval{{ID: 1, UUID: smbUUID, SMBID: id, Status: "pending", ApprovedAt: noon, CreatedAt: noon, UpdatedAt: noon}}}, nil
}

func (h *house) ListBookings(_ context.Context, id int64, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.Booking], err error) {
	if _, err := fibonacco.BookingListing.Conditions(q.Filter); err != nil {
		return page, err
	}
	page.Data = []fibonacco.Booking{{ID: 1, UUID: smbUUID, SMBID: id, Kind: "First visit", Minutes: 45, StartsAt: noon, EndsAt: noon, State: "booked", Name: "Ann Lee", Email: "ann@example.com", CreatedAt: noon, UpdatedAt: noon}}
	return page, nil
}

func (h *house) UpdateEngagement(context.Context, int64, fibonacco.EngagementKind, time.Time) error {
	return nil
}

func (h *house) CalculateEngagementScore(_ context.Context, id int64) (fibonacco.ScoreBreakdown, error) {
	if h.score != nil {
		return h.score()
	}
	return fibonacco.ScoreBreakdown{SMBID: id, Score: 15, Tier: 4, Parts: []fibonacco.ScorePart{{Kind: fibonacco.KindOpen, Count: 3, Weight: 5, Cap: 25, Points: 15}}}, nil
}

func (h *house) EvaluateTierChange(context.Context, int64) (int, bool, error) { return 4, false, nil }
func (h *house) UpgradeTier(context.Context, int64, int) error                { return nil }
func (h *house) DowngradeTier(context.Context, int64, int) error              { return nil }
func (h *house) AdvanceManifestDestinyDay(context.Context, int64) error       { return nil }
func (h *house) ForCampaign(context.Context, fibonacco.CampaignStatus, int, int64, int) ([]fibonacco.SMB, int64, error) {
	return nil, 0, nil
}

func matches(s *fibonacco.SMB, f fibonacco.SMBFilter) bool {
	conditions, _ := fibonacco.SMBListing.Conditions(f.Where)
	for _, c := range conditions {
		has := map[string]string{
			"id": fmt.Sprint(s.ID), "community_id": fmt.Sprint(s.CommunityID), "campaign_status": string(s.CampaignStatus), "category": s.Category,
		}
		if value, known := has[c.Field.Name]; known && !slices.Contains(c.Values, value) {
			return false
		}
	}
	return s.DeletedAt == nil &&
		(len(f.IDs) == 0 || slices.Contains(f.IDs, s.ID)) &&
		(len(f.CommunityIDs) == 0 || slices.Contains(f.CommunityIDs, s.CommunityID)) &&
		(len(f.CampaignStatuses) == 0 || slices.Contains(f.CampaignStatuses, s.CampaignStatus)) &&
		strings.Contains(s.BusinessName, f.Search)
}

func (h *house) ListSMBs(_ context.Context, f fibonacco.SMBFilter, after int64, limit int) (page []fibonacco.SMB, next int64, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = f
	for _, s := range h.smbs {
		if s.ID <= after || !matches(&s, f) {
			continue
		}
		if len(page) == limit {
			return page, page[limit-1].ID, nil
		}
		page = append(page, s)
	}
	return page, 0, nil
}

// QuerySMBs knows the filters that matches knows; its cursor is "smb-" and the last id.
func (h *house) QuerySMBs(ctx context.Context, q fibonacco.SMBQuery) (page fibonacco.Page[fibonacco.SMB], err error) {
	after, _ := strconv.ParseInt(strings.TrimPrefix(q.Cursor, "smb-"), 10, 64)
	var next int64
	if page.Data, next, err = h.ListSMBs(ctx, q.Filter, after, q.Size); next != 0 {
		page.Next = fmt.Sprint("smb-", next)
	}
	if n, _ := h.CountSMBs(ctx, q.Filter); q.Total {
		page.Total = &n
	}
	return page, err
}

func (h *house) CountSMBs(_ context.Context, f fibonacco.SMBFilter) (n int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.smbs {
		if matches(&s, f) {
			n++
		}
	}
	return n, nil
}

func (h *house) DeleteSMBIf(ctx context.Context, id int64, version int) error {
	s, err := h.Find(ctx, id)
	if err == nil && s.Version != version {
		err = fibonacco.Errorf(fibonacco.Conflict, "it has been changed")
	}
	if err != nil {
		return err
	}
	return h.DeleteSMB(ctx, id)
}

func (h *house) DeleteSMB(_ context.Context, id int64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.smbs {
		if h.smbs[i].ID == id && h.smbs[i].DeletedAt == nil {
			h.smbs[i].DeletedAt = &noon
			return nil
		}
	}
	return missing("business")
}

func (h *house) move(f fibonacco.SMBFilter, from, to fibonacco.CampaignStatus) (r fibonacco.ProgrammeResult, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = f
	for i := range h.smbs {
		if !matches(&h.smbs[i], f) {
			continue
		}
		r.Matched++
		if h.smbs[i].CampaignStatus != from {
			r.Refused++
			continue
		}
		h.smbs[i].CampaignStatus = to
		r.Changed++
	}
	return r, nil
}

func (h *house) StartProgramme(_ context.Context, f fibonacco.SMBFilter) (fibonacco.ProgrammeResult, error) {
	return h.move(f, fibonacco.StatusPending, fibonacco.StatusActive)
}

func (h *house) PauseProgramme(_ context.Context, f fibonacco.SMBFilter, reason string) (fibonacco.ProgrammeResult, error) {
	h.reason = reason
	return h.move(f, fibonacco.StatusActive, fibonacco.StatusPaused)
}

func (h *house) ResumeProgramme(_ context.Context, f fibonacco.SMBFilter) (fibonacco.ProgrammeResult, error) {
	return h.move(f, fibonacco.StatusPaused, fibonacco.StatusActive)
}

func (h *house) Explain(_ context.Context, id int64, date string) (*fibonacco.Explanation, error) {
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return nil, fibonacco.InvalidFields("the day cannot be explained", []fibonacco.FieldError{{Field: "date", Reason: "is not a date"}})
	}
	return &fibonacco.Explanation{SMBID: id, Date: date, Timezone: "America/New_York", Status: fibonacco.StatusPending}, nil
}

func (h *house) StartImport(_ context.Context, req fibonacco.ImportRequest, file io.Reader, _ int64) (*fibonacco.ImportJob, error) {
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.imported, h.file = req, string(content)
	job := fibonacco.ImportJob{ID: 1, UUID: smbUUID, CommunityID: req.CommunityID, Filename: req.Filename, Status: "queued", DryRun: req.DryRun, CreatedAt: noon}
	h.jobs = append(h.jobs, job)
	return &job, nil
}

func (h *house) ImportJob(_ context.Context, uuid string) (*fibonacco.ImportJob, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, j := range h.jobs {
		if j.UUID == uuid {
			return &j, nil
		}
	}
	return nil, missing("import")
}

var hookCampaign = fibonacco.Campaign{ID: "HOOK-001", Type: fibonacco.Hook, Week: 1, Day: 1, Title: "T", Subject: "S", Slug: "s", IsActive: true, CreatedAt: noon, UpdatedAt: noon}

func (h *house) ListCampaigns(_ context.Context, kind fibonacco.CampaignType, week int) ([]fibonacco.Campaign, error) {
	if (kind != "" && kind != fibonacco.Hook) || week > 1 {
		return nil, nil
	}
	return []fibonacco.Campaign{hookCampaign}, nil
}

func (h *house) ListSends(_ context.Context, f fibonacco.SendFilter, before int64, limit int) (page []fibonacco.CampaignSend, next int64, err error) {
	for id := int64(5); id > 0; id-- {
		if before != 0 && id >= before || f.Status != "" && f.Status != fibonacco.SendSent {
			continue
		}
		if len(page) == limit {
			return page, page[limit-1].ID, nil
		}
		page = append(page, fibonacco.CampaignSend{ID: id, UUID: smbUUID, SMBID: max(f.SMBID, 1), CampaignID: "HOOK-001", Status: fibonacco.SendSent, CreatedAt: noon, UpdatedAt: noon})
	}
	return page, 0, nil
}

// QuerySends has a cursor that is the last id.
func (h *house) QuerySends(ctx context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.CampaignSend], err error) {
	conditions, err := fibonacco.CampaignSendListing.Conditions(q.Filter)
	if err != nil {
		return page, err
	}
	var f fibonacco.SendFilter
	for _, c := range conditions {
		switch c.Field.Name {
		case "smb_id":
			f.SMBID, _ = strconv.ParseInt(c.Values[0], 10, 64)
		case "status":
			f.Status = fibonacco.SendStatus(c.Values[0])
		}
	}
	var before, next int64
	if q.Cursor != "" {
		if before, err = strconv.ParseInt(q.Cursor, 10, 64); err != nil {
			return page, fibonacco.InvalidFields("no such page", []fibonacco.FieldError{{Field: "page[cursor]", Reason: "is not a cursor of this list"}})
		}
	}
	if page.Data, next, err = h.ListSends(ctx, f, before, q.Size); next != 0 {
		page.Next = strconv.FormatInt(next, 10)
	}
	return page, err
}

// mailing, queues and access are apart: their methods would clash with the others'.
type mailing struct{ fibonacco.CampaignMailing }

func (mailing) Campaign(_ context.Context, id string) (*fibonacco.Campaign, error) {
	if id != "HOOK-001" {
		return nil, missing("campaign")
	}
	c := hookCampaign
	return &c, nil
}

type queues struct{}

func (queues) Queues(context.Context) ([]fibonacco.QueueState, error) {
	return []fibonacco.QueueState{{Name: "emails", Waiting: 2, Wait: 1500 * time.Millisecond}}, nil
}

func (h *house) options() api.Options {
	return api.Options{
		Contracts: api.Contracts{
			Access: gate{h}, SMBs: h, Directory: h, Communities: h, Programme: h, Explainer: h, Importer: h,
			Campaigns: h, Mailing: mailing{}, Learning: &pages{}, Queues: queues{}, Records: h, Bookings: h,
		},
		Clock: fibonacco.NewFakeClock(noon),
	}
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body    string
	problem struct {
		Type, Title, Code, Detail string
		Status                    int
		Errors                    []struct{ Field, Reason string }
	}
}

func (a *answer) fields() string {
	var names []string
	for _, e := range a.problem.Errors {
		names = append(names, e.Field)
	}
	return strings.Join(names, " ")
}

func (a *answer) decode(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), into); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
}

// request is one call: "METHOD /path", who asks, and with what.
type request struct {
	route   string // below /api/v1
	role    string // "" asks as admin, "-" as nobody
	body    string
	headers map[string]string
}

func do(t *testing.T, h http.Handler, q request) *answer {
	t.Helper()
	method, path, _ := strings.Cut(q.route, " ")
	var in io.Reader
	if q.body != "" {
		in = strings.NewReader(q.body)
	}
	r := httptest.NewRequestWithContext(t.Context(), method, api.Prefix+path, in)
	if q.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	switch q.role {
	case "-":
	case "":
		r.Header.Set("Authorization", "Bearer admin")
	default:
		r.Header.Set("Authorization", "Bearer "+q.role)
	}
	for k, v := range q.headers {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := &answer{Response: w.Result(), body: w.Body.String()}
	if a.StatusCode >= 400 && method != http.MethodHead {
		if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s: %d with Content-Type %q: %s", q.route, a.StatusCode, got, a.body)
		}
		a.decode(t, &a.problem)
		if a.problem.Status != a.StatusCode || a.problem.Title == "" || a.problem.Type == "" || a.problem.Code == "" || a.problem.Detail == "" {
			t.Errorf("%s: incomplete problem %s", q.route, a.body)
		}
	}
	return a
}
