package smb_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// auditOf is the audit entries about one thing, newest first.
func auditOf(t testing.TB, d *db.DB, entity string, id int64) []fibonacco.AuditEntry {
	t.Helper()
	page, err := audit.New(d).ListAudit(t.Context(), fibonacco.ListQuery{Filter: fibonacco.Filter{"entity": entity, "entity_id": fmt.Sprint(id)}})
	must(t, err)
	return page.Data
}

// limited is a context of somebody who sees only some communities.
func limited(ctx context.Context, communities ...int64) context.Context {
	return fibonacco.WithPrincipal(ctx, &fibonacco.Principal{UserID: 7, Name: "Ana Ruiz", Role: fibonacco.Manager, Communities: communities})
}

func TestUpdateCommunity(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s := newService(t, d)
		c, err := s.CreateCommunity(t.Context(), fibonacco.Community{
			Name: "Park Slope", Slug: "park-slope", State: "NY", County: "Kings", Population: ptr(67000), Settings: map[string]any{"a": 1, "b": "x"},
		})
		must(t, err)
		newCommunity(t, s, "taken", "America/New_York")
		clock.Advance(time.Minute)
		got, err := s.UpdateCommunity(t.Context(), c.ID, fibonacco.CommunityChange{
			Name: ptr(" South Slope "), State: ptr("ca"), County: ptr(""), Population: ptr(0), Timezone: ptr("America/Los_Angeles"),
			Settings: map[string]any{"a": nil, "c": true},
		})
		must(t, err)
		if got.Name != "South Slope" || got.Slug != "park-slope" || got.State != "CA" || got.County != "" || got.Population != nil ||
			got.Timezone != "America/Los_Angeles" || fmt.Sprint(got.Settings) != "map[b:x c:true]" || !got.UpdatedAt.Equal(clock.Now()) {
			t.Errorf("got %+v", got)
		}
		entries := auditOf(t, d, "community", c.ID)
		if len(entries) != 2 || entries[0].Action != "community.updated" || entries[0].Before["county"] != "Kings" || entries[0].After["timezone"] != "America/Los_Angeles" ||
			entries[0].After["slug"] != nil || *entries[0].CommunityID != c.ID || entries[1].Action != "community.created" {
			t.Errorf("audit %+v", entries)
		}

		clock.Advance(time.Minute)
		same, err := s.UpdateCommunity(t.Context(), c.ID, fibonacco.CommunityChange{Name: ptr("South Slope"), Settings: map[string]any{"gone": nil}})
		must(t, err)
		equal(t, "updated when nothing changed", same.UpdatedAt, got.UpdatedAt)
		equal(t, "audit entries when nothing changed", len(auditOf(t, d, "community", c.ID)), 2)

		_, err = s.UpdateCommunity(t.Context(), c.ID, fibonacco.CommunityChange{
			Name: ptr(""), Slug: ptr("No Slug"), State: ptr("California"), Timezone: ptr("Mars/Olympus"), Population: ptr(-1),
			County: ptr(strings.Repeat("x", 256)), Settings: map[string]any{"a": "\x00"},
		})
		equal(t, "refused", strings.Join(fieldNames(err), " "), "county name population settings slug state timezone")
		_, err = s.UpdateCommunity(t.Context(), c.ID, fibonacco.CommunityChange{Slug: ptr("taken")})
		code(t, "a taken slug", err, fibonacco.Conflict)
		_, err = s.UpdateCommunity(t.Context(), c.ID+9, fibonacco.CommunityChange{Name: ptr("X")})
		code(t, "an unknown community", err, fibonacco.NotFound)
		equal(t, "name after what was refused", findTown(t, s, c.ID).Name, "South Slope")
	})
}

func findTown(t testing.TB, s fibonacco.CommunityService, id int64) *fibonacco.Community {
	t.Helper()
	c, err := s.FindCommunity(t.Context(), id)
	must(t, err)
	return c
}

func TestDeleteCommunity(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, b := setup(t, d)
		old, fresh := b.CommunityID, newCommunity(t, s, "fresh", "America/New_York")
		code(t, "one with a business", s.DeleteCommunity(t.Context(), old), fibonacco.Conflict)
		must(t, s.DeleteSMB(t.Context(), newSMB(t, s, fresh, "Gone").ID))
		code(t, "one with a deleted business", s.DeleteCommunity(t.Context(), fresh), fibonacco.Conflict)

		// Everything that names a community, of a business that has moved on.
		_, err := s.Update(t.Context(), b.ID, fibonacco.SMBChange{CommunityID: ptr(fresh)})
		must(t, err)
		happened(t, d, b.ID, "smb.updated", `{}`, clock.Now())
		exec(t, d, `UPDATE analytics_events SET community_id = $1 WHERE smb_id = $2`, old, b.ID)
		exec(t, d, `INSERT INTO plan_runs (community_id, local_date, started_at) VALUES ($1, '2026-03-02', $2)`, old, clock.Now())
		exec(t, d, `INSERT INTO community_holidays (community_id, day, name) VALUES ($1, '2026-07-03', 'Founders Day')`, old)
		id := insert(t, d, `INSERT INTO imports (uuid, community_id, created_at, updated_at) VALUES ($uuid, $1, $2, $2) RETURNING id`, old, clock.Now())
		exec(t, d, `INSERT INTO import_parts (import_id, part, content) VALUES ($1, 1, $2)`, id, []byte("x"))
		exec(t, d, `INSERT INTO import_batches (import_id, batch, created) VALUES ($1, 1, $2)`, id, []byte("x"))
		exec(t, d, `INSERT INTO import_changes (import_id, batch, smb_id, fields, version) VALUES ($1, 1, $2, '{}', 1)`, id, b.ID)
		exec(t, d, `INSERT INTO import_errors (import_id, batch, content) VALUES ($1, 1, $2)`, id, []byte("x"))
		exec(t, d, `
			INSERT INTO import_mappings (uuid, name, community_id, fingerprint, header, mapping, created_at, updated_at)
			VALUES ($uuid, 'x', $1, 'x', '[]', '{}', $2, $2)`, old, clock.Now())
		exec(t, d, `INSERT INTO segments (uuid, name, name_key, community_id, created_at, updated_at) VALUES ($uuid, 'x', 'x', $1, $2, $2)`, old, clock.Now())
		for _, limited := range []struct{ whose, table, column string }{
			{`INSERT INTO access_tokens (name, token_hash, role, created_at) VALUES ('x', 'x', 'viewer', $1) RETURNING id`, "access_token_communities", "token_id"},
			{
				`INSERT INTO users (uuid, name, email, email_key, password_hash, role, created_at, updated_at) VALUES ($uuid, 'x', 'x', 'x', 'x', 'viewer', $1, $1) RETURNING id`,
				"user_communities", "user_id",
			},
		} {
			who := insert(t, d, limited.whose, clock.Now())
			exec(t, d, `INSERT INTO `+limited.table+` (`+limited.column+`, community_id) VALUES ($1, $2)`, who, old)
			code(t, "one that somebody is limited to", s.DeleteCommunity(t.Context(), old), fibonacco.Conflict)
			exec(t, d, `DELETE FROM `+limited.table)
		}
		for _, table := range tablesOfCommunities(t, d) {
			if !slices.Contains([]string{"smbs", "access_token_communities", "user_communities"}, table) {
				equal(t, "rows of it in "+table+", for this test to mean something", count(t, d, `SELECT count(*) FROM `+table+` WHERE community_id = $1`, old) > 0, true)
			}
		}
		must(t, s.DeleteCommunity(t.Context(), old))
		_, err = s.FindCommunity(t.Context(), old)
		code(t, "find it", err, fibonacco.NotFound)
		equal(t, "events of the business", count(t, d, `SELECT count(*) FROM analytics_events WHERE smb_id = $1`, b.ID) > 0, true)
		code(t, "delete it again", s.DeleteCommunity(t.Context(), old), fibonacco.NotFound)
		if e := auditOf(t, d, "community", old); e[0].Action != "community.deleted" || e[0].Before["slug"] != "park-slope" || len(e[0].After) != 0 {
			t.Errorf("audit %+v", e[0])
		}
	})
}

// tablesOfCommunities is every table that refers to communities, so that a new one fails the test
// above until somebody has thought of it.
func tablesOfCommunities(t *testing.T, d *db.DB) (tables []string) {
	t.Helper()
	query := `SELECT DISTINCT CAST(CAST(conrelid AS regclass) AS text) FROM pg_constraint WHERE contype = 'f' AND confrelid = CAST('communities' AS regclass)`
	if d.Engine() == db.SQLite {
		query = `SELECT DISTINCT m.name FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND f."table" = 'communities'`
	}
	must(t, d.View(t.Context(), func(tx *db.Tx) (err error) {
		tables, err = db.Select[string](t.Context(), tx, query)
		return err
	}))
	if len(tables) < 8 {
		t.Fatalf("found only %v", tables)
	}
	return tables
}

func TestCommunityStats(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s := newService(t, d)
		id, other := newCommunity(t, s, "here", "America/New_York"), newCommunity(t, s, "there", "America/New_York")
		empty, err := s.CommunityStats(t.Context(), id)
		must(t, err)
		if empty.SMBs != 0 || empty.AverageScore != 0 || len(empty.ByStatus) != 4 || len(empty.ByTier) != 4 {
			t.Errorf("empty %+v", empty)
		}
		for i, b := range []fibonacco.SMB{
			{PrimaryEmail: "a@example.com", EmailOptedIn: true},
			{PrimaryEmail: "b@example.com", EmailOptedIn: true, DoNotContact: true},
			{PrimaryEmail: "c@example.com"},
			{EmailOptedIn: true},
			{PrimaryEmail: "E@example.com", EmailOptedIn: true},
			{PrimaryEmail: "gone@example.com", EmailOptedIn: true},
			{PrimaryEmail: "there@example.com", EmailOptedIn: true, CommunityID: other},
		} {
			if b.CommunityID == 0 {
				b.CommunityID = id
			}
			b.BusinessName = fmt.Sprint("Business ", i)
			stored, err := s.Create(t.Context(), b)
			must(t, err)
			exec(t, d, `
				UPDATE smbs SET engagement_score = $2, engagement_tier = $3, data_quality_score = 50, campaign_status = $4 WHERE id = $1`,
				stored.ID, i*10, 4-i%2, []string{"pending", "active"}[i%2])
			sent := func(ago time.Duration, status string) (send int64) {
				send = mail(t, d, stored.ID, nil)
				exec(t, d, `UPDATE campaign_sends SET sent_at = $2, status = $3 WHERE id = $1`, send, clock.Now().Add(-ago), status)
				return send
			}
			exec(t, d, `UPDATE campaign_sends SET opened_at = $2, clicked_at = $2 WHERE id = $1`, sent(time.Hour, "sent"), clock.Now())
			exec(t, d, `UPDATE campaign_sends SET opened_at = $2 WHERE id = $1`, sent(29*day, "complained"), clock.Now())
			sent(31*day, "sent")
			sent(time.Hour, "unknown")
			approved(t, d, stored.ID, "pending", clock.Now().Add(-29*day))
			approved(t, d, stored.ID, "cancelled", clock.Now())
			approved(t, d, stored.ID, "pending", clock.Now().Add(-31*day))
			if b.PrimaryEmail == "gone@example.com" {
				must(t, s.DeleteSMB(t.Context(), stored.ID))
			}
		}
		exec(t, d, `INSERT INTO suppressions (email_key, reason, created_at) VALUES ('e@example.com', 'bounce', $1)`, clock.Now())
		got, err := s.CommunityStats(t.Context(), id)
		must(t, err)
		want := fibonacco.CommunityStats{
			CommunityID: id, SMBs: 5,
			ByStatus: map[fibonacco.CampaignStatus]int{"pending": 3, "active": 2, "paused": 0, "completed": 0}, ByTier: map[int]int{1: 0, 2: 0, 3: 2, 4: 3},
			Contactable: 1, Unsubscribed: 1, Sent30: 10, Opened30: 10, Clicked30: 5, Approvals30: 5, AverageScore: 20, DataQuality: 50,
		}
		if fmt.Sprint(*got) != fmt.Sprint(want) {
			t.Errorf("got  %+v\nwant %+v", *got, want)
		}
		_, err = s.CommunityStats(t.Context(), 99)
		code(t, "an unknown community", err, fibonacco.NotFound)
	})
}

func TestQueryCommunities(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newService(t, d)
		for slug, zone := range map[string]string{"alpha": "America/New_York", "beta": "America/Chicago", "gamma": "America/Chicago"} {
			newSMB(t, s, newCommunity(t, s, slug, zone), "One of "+slug)
		}
		ask := func(ctx context.Context, q fibonacco.ListQuery) string {
			t.Helper()
			var all []string
			for {
				page, err := s.QueryCommunities(ctx, q)
				must(t, err)
				for _, c := range page.Data {
					all = append(all, fmt.Sprint(c.Slug, c.SMBs))
				}
				if q.Cursor = page.Next; q.Cursor == "" {
					return strings.Join(all, " ")
				}
			}
		}
		equal(t, "all, a page each", ask(t.Context(), fibonacco.ListQuery{Size: 1}), "alpha1 beta1 gamma1")
		equal(t, "the other way", ask(t.Context(), fibonacco.ListQuery{Sort: []string{"-name"}}), "gamma1 beta1 alpha1")
		equal(t, "by zone", ask(t.Context(), fibonacco.ListQuery{Filter: fibonacco.Filter{"timezone": "America/Chicago"}}), "beta1 gamma1")
		equal(t, "by words", ask(t.Context(), fibonacco.ListQuery{Search: "OF GAM"}), "gamma1")
		equal(t, "what means something in LIKE", ask(t.Context(), fibonacco.ListQuery{Search: "%"}), "")
		beta, err := s.FindCommunityBySlug(t.Context(), "beta")
		must(t, err)
		equal(t, "within somebody's limits", ask(limited(t.Context(), beta.ID), fibonacco.ListQuery{}), "beta1")
		page, err := s.QueryCommunities(limited(t.Context(), beta.ID), fibonacco.ListQuery{Total: true})
		must(t, err)
		equal(t, "total within them", *page.Total, 1)
		all, err := s.ListCommunities(limited(t.Context(), beta.ID, 99))
		must(t, err)
		equal(t, "listed within them", len(all), 1)
	})
}

// Who is limited to one community gets, of another's, what they would get if it did not exist.
func TestRecordsStayWithinLimits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, theirs := setup(t, d)
		own := newSMB(t, s, newCommunity(t, s, "own", "America/New_York"), "Own")
		ctx := limited(t.Context(), own.CommunityID)
		everything := map[string]func(smb, community int64) error{
			"find":      func(smb, _ int64) error { _, err := s.Find(ctx, smb); return err },
			"score":     func(smb, _ int64) error { _, err := s.CalculateEngagementScore(ctx, smb); return err },
			"record":    func(smb, _ int64) error { _, err := s.FindRecord(ctx, smb, fibonacco.RecordIncludes); return err },
			"timeline":  func(smb, _ int64) error { _, err := s.Timeline(ctx, smb, fibonacco.ListQuery{}); return err },
			"series":    func(smb, _ int64) error { _, err := s.ScoreSeries(ctx, smb, "", ""); return err },
			"approvals": func(smb, _ int64) error { _, err := s.ListApprovals(ctx, smb, fibonacco.ListQuery{}); return err },
			"community": func(_, id int64) error { _, err := s.FindCommunity(ctx, id); return err },
			"stats":     func(_, id int64) error { _, err := s.CommunityStats(ctx, id); return err },
			"update community": func(_, id int64) error {
				_, err := s.UpdateCommunity(ctx, id, fibonacco.CommunityChange{Name: ptr("Mine")})
				return err
			},
		}
		for name, do := range everything {
			code(t, name+" of their own", do(own.ID, own.CommunityID), "")
			code(t, name+" of others", do(theirs.ID, theirs.CommunityID), fibonacco.NotFound)
		}
		code(t, "delete another community", s.DeleteCommunity(ctx, theirs.CommunityID), fibonacco.NotFound)
		_, err := s.FindCommunityBySlug(ctx, "park-slope")
		code(t, "another community by its slug", err, fibonacco.NotFound)
		_, err = s.CreateCommunity(ctx, fibonacco.Community{Name: "New", Slug: "new", State: "NY"})
		code(t, "add a community", err, fibonacco.Forbidden)

		// Of their own, the audit entries name them.
		page, err := s.Timeline(ctx, own.ID, fibonacco.ListQuery{})
		must(t, err)
		if !slices.ContainsFunc(page.Data, func(e fibonacco.TimelineEntry) bool { return strings.Contains(e.Summary, "added") }) {
			t.Errorf("timeline %+v", page.Data)
		}
	})
}
