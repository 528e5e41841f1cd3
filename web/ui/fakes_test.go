package ui_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

// town is a small product in memory: enough of every contract for the pages to be asked.
type town struct {
	mu        sync.Mutex
	now       *fibonacco.FakeClock
	overview  fibonacco.Overview
	queues    []fibonacco.QueueState
	smbs      []fibonacco.SMB
	places    []fibonacco.CommunityCount
	campaigns []fibonacco.Campaign
	sends     []fibonacco.CampaignSend
	skips     map[string]fibonacco.ExplanationRow // date → line
	mails     []fibonacco.CaughtMail
	raw       map[int64][]byte
	sessions  map[string]*fibonacco.Principal
	scale     float64
	broken    error // what Overview fails with
	asked     int   // times Overview was asked
	topics    map[chan string]struct{}

	ssoDown, linkUsed, totp, stale bool // what the account's pages depend on
	tokens                         []fibonacco.AccessToken
	pausedFor                      string               // why sending is paused
	kept                           bool                 // Sam is kept out
	limited                        []int64              // the communities that somebody was limited to last
	saved, choice, tested, dayOff  string               // what was last done to the programme
	listed                         fibonacco.ListQuery  // the last question to a ledger
	askedBy                        *fibonacco.Principal // who the last list of businesses was for
	askedSMBs                      fibonacco.SMBQuery   // the last question to the table of businesses
	changed                        []fibonacco.SMBChange
}

var monday = time.Date(2026, 11, 17, 19, 12, 33, 0, time.UTC) // 14:12 in New York

func newTown() *town {
	t := &town{
		now: fibonacco.NewFakeClock(monday), scale: 10800, topics: map[chan string]struct{}{},
		sessions: map[string]*fibonacco.Principal{}, skips: map[string]fibonacco.ExplanationRow{}, raw: map[int64][]byte{},
		places: []fibonacco.CommunityCount{
			{Community: fibonacco.Community{ID: 1, Name: "Port Avery", Timezone: "America/New_York"}, SMBs: 3, Active: 2},
			{Community: fibonacco.Community{ID: 2, Name: "Kailua Bay", Timezone: "Pacific/Honolulu"}, SMBs: 1},
		},
		queues: []fibonacco.QueueState{{Name: "emails", Waiting: 14, Running: 2, Wait: 600 * time.Millisecond, Workers: 6}, {Name: "ai", Waiting: 46, Wait: 78 * time.Second}},
		smbs: []fibonacco.SMB{
			business(1, 1, "Marisol Hair Studio", fibonacco.StatusActive),
			business(2, 1, `<script>alert("x")</script> & Sons`, fibonacco.StatusPending),
			business(3, 1, "Blue Door Framing", fibonacco.StatusPaused),
			business(4, 2, "Kayak Shed", fibonacco.StatusPending),
		},
		campaigns: []fibonacco.Campaign{
			{ID: "HOOK-001", Type: fibonacco.Hook, Week: 1, Day: 1, Title: "Can people find you on the map?", Subject: "Can people find {{ business_name }}?", Slug: "find-you", LandingPageSlug: "find-you", BodyMarkdown: "Hello {{ first_name }}", IsActive: true},
			{ID: "EDU-001", Type: fibonacco.Edu, Week: 1, Day: 2, Title: "How local search picks three names", Subject: "Three names", Slug: "three-names", IsActive: true},
			{ID: "HOWTO-001", Type: fibonacco.HowTo, Week: 1, Day: 4, Title: "Claim your listing", Subject: "Ten minutes", IsActive: true},
			{ID: fibonacco.PremiumWelcomeID, Type: fibonacco.Intro, Title: "Welcome", Subject: "Welcome", IsActive: true},
		},
	}
	t.overview = fibonacco.Overview{
		Now: monday, Timezone: "America/New_York",
		Today: fibonacco.DayFigures{Sent: 1684, Opened: 612, Clicked: 118}, Before: fibonacco.DayFigures{Sent: 1552, Opened: 541, Clicked: 104},
		MachineHits: 203, Tiers: [4]int{214, 688, 1204, 2706}, ProgrammeDay: 41,
		Communities: []fibonacco.CommunityToday{{ID: 1, Name: "Port Avery", Timezone: "America/New_York", LocalTime: "14:12", Sent: 412, Skipped: 31, TopReason: fibonacco.NotOptedIn, Opened: 157}},
		Skips:       []fibonacco.SkipCount{{Reason: fibonacco.NotOptedIn, Count: 14}},
		Feed:        []fibonacco.FeedItem{{ID: 9, At: monday.Add(-time.Minute), Type: "email.opened", SMBID: 2, BusinessName: t.smbs[1].BusinessName, CampaignID: "EDU-003"}},
		Attention:   []fibonacco.Attention{{Kind: "unknown_sends", Count: 3}},
	}
	return t
}

func business(id, community int64, name string, status fibonacco.CampaignStatus) fibonacco.SMB {
	s := fibonacco.SMB{
		ID: id, CommunityID: community, BusinessName: name, Category: "Hair salon", PrimaryEmail: fmt.Sprintf("owner%d@example.org", id),
		EngagementTier: 2, EngagementScore: 60, CampaignStatus: status, EmailOptedIn: true, SubscriptionTier: "free", CreatedAt: monday.AddDate(0, -2, 0),
	}
	if status != fibonacco.StatusPending {
		s.ManifestDestinyDay, s.ManifestDestinyStartDate = 3, "2026-11-15"
	}
	if status == fibonacco.StatusPaused {
		s.PausedOn, s.PauseReason = "2026-11-16", "New chairs"
	}
	return s
}

func missing() error { return fibonacco.Errorf(fibonacco.NotFound, "There is no such thing.") }

func (t *town) Overview(context.Context) (*fibonacco.Overview, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked++
	if t.broken != nil {
		return nil, t.broken
	}
	o := t.overview
	return &o, nil
}

// change alters the overview and says so to whoever listens.
func (t *town) change(f func(*fibonacco.Overview)) {
	t.mu.Lock()
	f(&t.overview)
	t.mu.Unlock()
	t.Notify("send")
}

// fail makes the overview unreadable, or readable again.
func (t *town) fail(err error) {
	t.mu.Lock()
	t.broken = err
	t.mu.Unlock()
	t.Notify("send")
}

func (t *town) Queues(context.Context) ([]fibonacco.QueueState, error) { return t.queues, nil }

func (t *town) Notify(topic string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.topics {
		select {
		case c <- topic:
		default:
		}
	}
}

func (t *town) Listen(ctx context.Context) <-chan string {
	c := make(chan string, 8)
	t.mu.Lock()
	t.topics[c] = struct{}{}
	t.mu.Unlock()
	context.AfterFunc(ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.topics, c)
		close(c)
	})
	return c
}

func (t *town) listeners() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.topics)
}

func (t *town) matching(f fibonacco.SMBFilter) []fibonacco.SMB {
	var out []fibonacco.SMB
	for _, s := range t.smbs {
		if (len(f.CommunityIDs) == 0 || slices.Contains(f.CommunityIDs, s.CommunityID)) &&
			(len(f.EngagementTiers) == 0 || slices.Contains(f.EngagementTiers, s.EngagementTier)) &&
			(len(f.CampaignStatuses) == 0 || slices.Contains(f.CampaignStatuses, s.CampaignStatus)) &&
			(len(f.IDs) == 0 || slices.Contains(f.IDs, s.ID)) && fits(s, f.Where) &&
			strings.Contains(strings.ToLower(s.BusinessName), strings.ToLower(f.Search)) {
			out = append(out, s)
		}
	}
	return out
}

func (t *town) ListSMBs(ctx context.Context, f fibonacco.SMBFilter, after int64, limit int) (page []fibonacco.SMB, next int64, err error) {
	t.askedBy = fibonacco.PrincipalOf(ctx)
	for _, s := range t.matching(f) {
		if s.ID <= after {
			continue
		}
		if len(page) == limit {
			return page, page[limit-1].ID, nil
		}
		page = append(page, s)
	}
	return page, 0, nil
}

func (t *town) CountSMBs(_ context.Context, f fibonacco.SMBFilter) (int, error) {
	return len(t.matching(f)), nil
}

func (t *town) DeleteSMBIf(ctx context.Context, id int64, _ int) error { return t.DeleteSMB(ctx, id) }

func (t *town) DeleteSMB(context.Context, int64) error { return missing() }

func (t *town) ListCommunities(context.Context) ([]fibonacco.CommunityCount, error) {
	return t.places, nil
}

func (t *town) ListCampaigns(context.Context, fibonacco.CampaignType, int) ([]fibonacco.Campaign, error) {
	return t.campaigns, nil
}

func (t *town) ListSends(_ context.Context, f fibonacco.SendFilter, _ int64, _ int) (page []fibonacco.CampaignSend, next int64, err error) {
	for _, s := range t.sends {
		if s.SMBID == f.SMBID {
			page = append(page, s)
		}
	}
	return page, 0, nil
}

func (t *town) Explain(_ context.Context, id int64, date string) (*fibonacco.Explanation, error) {
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return nil, fibonacco.Errorf(fibonacco.Invalid, "there is no such day")
	}
	e := &fibonacco.Explanation{SMBID: id, Date: date, Timezone: "America/New_York"}
	if line, ok := t.skips[date]; ok {
		e.Lines = []fibonacco.ExplanationRow{line}
	}
	return e, nil
}

func (t *town) move(f fibonacco.SMBFilter, from, to fibonacco.CampaignStatus, reason string) (fibonacco.ProgrammeResult, error) {
	r := fibonacco.ProgrammeResult{}
	for i := range t.smbs {
		if s := &t.smbs[i]; slices.Contains(f.IDs, s.ID) {
			r.Matched++
			if s.CampaignStatus != from {
				r.Refused++
				continue
			}
			r.Changed++
			s.CampaignStatus, s.PauseReason = to, reason
		}
	}
	return r, nil
}

func (t *town) StartProgramme(_ context.Context, f fibonacco.SMBFilter) (fibonacco.ProgrammeResult, error) {
	return t.move(f, fibonacco.StatusPending, fibonacco.StatusActive, "")
}

func (t *town) PauseProgramme(_ context.Context, f fibonacco.SMBFilter, reason string) (fibonacco.ProgrammeResult, error) {
	return t.move(f, fibonacco.StatusActive, fibonacco.StatusPaused, reason)
}

func (t *town) ResumeProgramme(_ context.Context, f fibonacco.SMBFilter) (fibonacco.ProgrammeResult, error) {
	return t.move(f, fibonacco.StatusPaused, fibonacco.StatusActive, "")
}

func (t *town) ListCaught(_ context.Context, query string, before int64, limit int) (page []fibonacco.CaughtMail, total int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range t.mails {
		if !strings.Contains(m.To+m.Subject, query) {
			continue
		}
		total++
		if (before == 0 || m.ID < before) && len(page) < limit {
			page = append(page, m)
		}
	}
	return page, total, nil
}

func (t *town) Caught(_ context.Context, id int64) (*fibonacco.CaughtMail, []byte, error) {
	for _, m := range t.mails {
		if m.ID == id {
			return &m, t.raw[id], nil
		}
	}
	return nil, nil, missing()
}

func (t *town) Anchor() fibonacco.ClockAnchor {
	t.mu.Lock()
	defer t.mu.Unlock()
	return fibonacco.ClockAnchor{Scale: t.scale}
}

func (t *town) SetScale(_ context.Context, scale float64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.scale = scale
	return nil
}

// records is the SMB contract over a town; only what pages ask is answered.
type records struct {
	fibonacco.SMBService
	*town
}

func (r records) Find(_ context.Context, id int64) (*fibonacco.SMB, error) {
	for _, s := range r.smbs {
		if s.ID == id {
			return &s, nil
		}
	}
	return nil, missing()
}

func (r records) CalculateEngagementScore(_ context.Context, id int64) (fibonacco.ScoreBreakdown, error) {
	b := fibonacco.ScoreBreakdown{SMBID: id, Score: 30, Tier: 3}
	for i, k := range fibonacco.EngagementKinds {
		b.Parts = append(b.Parts, fibonacco.ScorePart{Kind: k, Weight: 5 + i, Cap: 25, Count: 2, Points: 10})
	}
	return b, nil
}

// places is the community contract over a town.
type places struct {
	fibonacco.CommunityService
	*town
}

func (p places) ListCommunities(ctx context.Context) ([]fibonacco.CommunityCount, error) {
	return p.town.ListCommunities(ctx)
}
