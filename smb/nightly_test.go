package smb_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/riverqueue/river/rivertype"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestNightlyRecomputes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, b := setup(t, d)
		for range 4 {
			opened(t, d, b.ID, clock.Now())
		}
		exec(t, d, `UPDATE smbs SET data_quality_score = 99 WHERE id = $1`, b.ID)
		must(t, s.Nightly(t.Context(), clock.Now()))
		got := find(t, s, b.ID)
		equal(t, "score", got.EngagementScore, 20)
		equal(t, "tier", got.EngagementTier, 3)
		equal(t, "data quality", got.DataQualityScore, b.DataQualityScore)

		clock.Advance(31 * day) // nothing happens, and that is what has changed
		must(t, s.Nightly(t.Context(), clock.Now()))
		got = find(t, s, b.ID)
		equal(t, "score a month later", got.EngagementScore, 0)
		equal(t, "tier a month later", got.EngagementTier, 4)
		equal(t, "tier changes", len(published[fibonacco.SMBTierChanged](t, d)), 2)

		clock.Advance(day)
		must(t, s.Nightly(t.Context(), clock.Now()))
		equal(t, "writes of a night without news", find(t, s, b.ID).UpdatedAt, got.UpdatedAt)
		equal(t, "settings left behind", count(t, d, `SELECT count(*) FROM settings WHERE key <> 'smb.search'`), 0)
	})
}

// many inserts n SMBs whose data quality has never been computed, and returns the last id.
func many(t testing.TB, d *db.DB, community int64, n int) (last int64) {
	t.Helper()
	rows := db.NewBatch("uuid uuid")
	for i := range n {
		rows.Add(fmt.Sprintf("0193c2f0-0000-7000-8000-%012d", i))
	}
	run(t, d, func(tx *db.Tx) error {
		return tx.QueryBatch(t.Context(), rows, `
			INSERT INTO smbs (uuid, community_id, business_name, created_at, updated_at)
			SELECT uuid, $1, 'Business', $2, $2 FROM rows RETURNING id`, func(r db.Row) error { return r.Scan(&last) }, community, tx.Now)
	})
	return last
}

func TestNightlyGoesOnWhereItStopped(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			clock := &stoppingClock{FakeClock: fibonacco.NewFakeClock(dbtest.Start), cancel: cancel}
			d := dbtest.Open(t, engine, clock)
			s := newService(t, d)
			many(t, d, newCommunity(t, s, "town", "America/New_York"), 2100)
			stale := func() int { return count(t, d, `SELECT count(*) FROM smbs WHERE data_quality_score = 0`) }

			due := clock.Now()
			clock.questions = 5 // two for reading how far it has come, two for the first chunk
			if err := s.Nightly(ctx, due); err == nil {
				t.Fatal("the run was not cut off")
			}
			equal(t, "SMBs left", stale(), 1100)
			exec(t, d, `UPDATE smbs SET data_quality_score = 0 WHERE id = (SELECT MIN(id) FROM smbs)`)
			must(t, s.Nightly(t.Context(), due))
			equal(t, "SMBs not done again that night", stale(), 1)
			must(t, s.Nightly(t.Context(), due.Add(day)))
			equal(t, "SMBs left over the next night", stale(), 0)
		})
	}
}

// A job has a minute; a million businesses take longer.
func TestNightlyStopsBeforeItsTimeIsUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s := newService(t, d)
		many(t, d, newCommunity(t, s, "town", "America/New_York"), 2100)
		ctx, cancel := context.WithTimeout(t.Context(), 19*time.Second)
		defer cancel()
		var left []int
		for range 5 {
			err := s.Nightly(ctx, clock.Now())
			left = append(left, count(t, d, `SELECT count(*) FROM smbs WHERE data_quality_score = 0`))
			var snoozed *rivertype.JobSnoozeError
			if err == nil {
				break
			} else if !errors.As(err, &snoozed) {
				t.Fatal(err)
			}
		}
		if !slices.Equal(left, []int{1100, 100, 0, 0}) {
			t.Errorf("left after each call: %v", left)
		}
	})
}

// stoppingClock cancels a context when it is asked for the time once too often. A transaction
// asks twice.
type stoppingClock struct {
	*fibonacco.FakeClock
	cancel    context.CancelFunc
	questions int // 0 is any number
}

func (c *stoppingClock) Now() time.Time {
	if c.questions > 0 {
		if c.questions--; c.questions == 0 {
			c.cancel()
		}
	}
	return c.FakeClock.Now()
}

func TestPurge(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, gone := setup(t, d)
		stays := newSMB(t, s, gone.CommunityID, "Stays")
		newSMB(t, s, gone.CommunityID, "Third") // which the others were taken for
		for _, b := range []*fibonacco.SMB{gone, stays} {
			fillEveryTable(t, d, b.ID, clock.Now())
		}
		// Somebody else's call and mail that were linked to the business.
		drop := count(t, d, `SELECT MIN(id) FROM rvm_drops WHERE smb_id = $1`, gone.ID)
		send := count(t, d, `SELECT MIN(id) FROM campaign_sends WHERE smb_id = $1`, gone.ID)
		exec(t, d, `INSERT INTO callbacks (uuid, rvm_drop_id, caller_phone, called_number, started_at) VALUES ($uuid, $1, '+1', '+1', $2)`, drop, clock.Now())
		exec(t, d, `INSERT INTO email_conversations (direction, from_email, to_email, body, campaign_send_id) VALUES ('inbound', 'a', 'b', 'c', $1)`, send)

		tables := tablesOfSMBs(t, d)
		rows := func(smb int64) map[string]int {
			n := map[string]int{}
			for _, table := range tables {
				n[table] = count(t, d, `SELECT count(*) FROM `+table+` WHERE smb_id = $1`, smb)
			}
			n["email_events"] = count(t, d, `SELECT count(*) FROM email_events e JOIN campaign_sends s ON s.id = e.campaign_send_id WHERE s.smb_id = $1`, smb)
			n["approval_upsells"] = count(t, d, `SELECT count(*) FROM approval_upsells u JOIN approvals a ON a.id = u.approval_id WHERE a.smb_id = $1`, smb)
			return n
		}
		for table, n := range rows(gone.ID) {
			if n == 0 {
				t.Errorf("table %s refers to SMBs: let fillEveryTable fill it, and purge.go empty it", table)
			}
		}
		must(t, s.DeleteSMB(t.Context(), gone.ID))
		clock.Advance(90 * day)
		must(t, s.Nightly(t.Context(), clock.Now()))
		equal(t, "SMBs after 90 days", count(t, d, `SELECT count(*) FROM smbs`), 3)
		before := rows(stays.ID)

		clock.Advance(minute)
		must(t, s.Nightly(t.Context(), clock.Now()))
		equal(t, "SMBs after more than 90 days", count(t, d, `SELECT count(*) FROM smbs`), 2)
		for table, n := range rows(gone.ID) {
			equal(t, "rows left in "+table, n, 0)
		}
		for table, n := range rows(stays.ID) {
			equal(t, "the other's rows in "+table, n, before[table])
		}
		equal(t, "suppressions that outlast it", count(t, d, `SELECT count(*) FROM suppressions WHERE smb_id IS NULL AND campaign_send_id IS NULL`), 1)
		equal(t, "calls of others cut loose", count(t, d, `SELECT count(*) FROM callbacks WHERE smb_id IS NULL AND rvm_drop_id IS NULL`), 1)
		equal(t, "mails of others cut loose", count(t, d, `SELECT count(*) FROM email_conversations WHERE smb_id IS NULL AND campaign_send_id IS NULL`), 1)
	})
}

// tablesOfSMBs is every table with a column smb_id, so that a new one fails the test above until
// somebody has thought of it.
func tablesOfSMBs(t *testing.T, d *db.DB) (tables []string) {
	t.Helper()
	query := `SELECT table_name FROM information_schema.columns WHERE column_name = 'smb_id' AND table_schema = 'public'`
	if d.Engine() == db.SQLite {
		query = `SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'smb_id'`
	}
	must(t, d.View(t.Context(), func(tx *db.Tx) (err error) {
		tables, err = db.Select[string](t.Context(), tx, query)
		return err
	}))
	if len(tables) < 10 {
		t.Fatalf("found only %v", tables)
	}
	return tables
}

// fillEveryTable gives an SMB at least one row in every table that refers to SMBs.
func fillEveryTable(t *testing.T, d *db.DB, smb int64, now time.Time) {
	t.Helper()
	send := mail(t, d, smb, &now)
	clicked(t, d, send, 1, "human", now)
	viewed(t, d, smb, now, nil)
	exec(t, d, `INSERT INTO smb_tags (smb_id, tag) VALUES ($1, 'vip')`, smb)
	taken := insert(t, d, `INSERT INTO imports (uuid, community_id, created_at, updated_at) VALUES ($uuid, 1, $1, $1) RETURNING id`, now)
	exec(t, d, `INSERT INTO import_changes (import_id, batch, smb_id, fields, version) VALUES ($1, 1, $2, '{}', 2)`, taken, smb)
	other := count(t, d, `SELECT MAX(id) FROM smbs WHERE id <> $1`, smb)
	exec(t, d, `INSERT INTO duplicate_dismissals (smb_id, other_id, dismissed_at) VALUES ($1, $2, $3)`, smb, other, now)
	met(t, d, smb, now)
	approval, second := approved(t, d, smb, "pending", now.Add(-day)), approved(t, d, smb, "pending", now.Add(-day))
	drop := insert(t, d, `INSERT INTO rvm_drops (uuid, smb_id, campaign_send_id, phone) VALUES ($uuid, $1, $2, '+1') RETURNING id`, smb, send)
	exec(t, d, `UPDATE callbacks SET rvm_drop_id = $2 WHERE id = $1`, called(t, d, smb, now), drop)
	exec(t, d, `INSERT INTO approval_upsells (approval_id, upsell_service_type, offered_at, resulting_approval_id) VALUES ($1, 'x', $2, $3)`, approval, now, second)
	exec(t, d, `INSERT INTO provisioning_tasks (approval_id, smb_id, service_type) VALUES ($1, $2, 'x')`, approval, smb)
	exec(t, d, `INSERT INTO email_conversations (smb_id, direction, from_email, to_email, body, campaign_send_id) VALUES ($1, 'inbound', 'a', 'b', 'c', $2)`, smb, send)
	exec(t, d, `INSERT INTO chat_messages (session_id, smb_id, role, content) VALUES ($uuid, $1, 'user', 'hi')`, smb)
	exec(t, d, `INSERT INTO chat_assistants (smb_id, created_at, updated_at) VALUES ($1, $2, $2)`, smb, now)
	exec(t, d, `INSERT INTO chat_sessions (session_id, smb_id, started_at) VALUES ($uuid, $1, $2)`, smb, now)
	exec(t, d, `INSERT INTO ai_tasks (smb_id, task_type, suggested_at) VALUES ($1, 'social_post', $2)`, smb, now)
	exec(t, d, `
		INSERT INTO skips (smb_id, community_id, campaign_id, programme_day, local_date, reason, created_at) VALUES ($1, 1, 'HOOK-001', 1, '2026-03-02', 'paused', $2)`, smb, now)
	exec(t, d, `
		INSERT INTO suppressions (email_key, reason, smb_id, campaign_send_id, created_at) VALUES ($1, 'bounce', $2, $3, $4)`, fmt.Sprintf("%d@example.com", smb), smb, send, now)
	exec(t, d, `
		INSERT INTO voicemail_skips (campaign_send_id, smb_id, community_id, campaign_id, local_date, reason, created_at) VALUES ($1, $2, 1, 'HOOK-001', '2026-03-02', 'no_phone', $3)`, send, smb, now)
	exec(t, d, `INSERT INTO smb_notes (smb_id, body, author, created_at) VALUES ($1, 'Prefers calls.', 'Ana', $2)`, smb, now)
	exec(t, d, `INSERT INTO business_links (smb_id, purpose, mailed_at) VALUES ($1, 'owner', $2)`, smb, now)
	exec(t, d, `INSERT INTO smb_addresses (smb_id, slug, created_at) VALUES ($1, $2, $3)`, smb, fmt.Sprint("slug-", smb), now)
	exec(t, d, `
		INSERT INTO notices (notice_key, purpose, smb_id, recipient, subject, due_at, created_at, updated_at) VALUES ($1, 'test', $2, 'x', 'x', $3, $3, $3)`,
		fmt.Sprint("notice ", smb), smb, now)
	exec(t, d, `INSERT INTO booking_pages (smb_id, created_at, updated_at) VALUES ($1, $2, $2)`, smb, now)
	exec(t, d, `
		INSERT INTO bookings (uuid, smb_id, kind, minutes, starts_at, ends_at, name, email, email_key, created_at, updated_at) VALUES ($uuid, $1, 'x', 30, $2, $2, 'x', 'x', 'x', $2, $2)`, smb, now)
	asked := insert(t, d, `
		INSERT INTO review_requests (smb_id, name, email, email_key, statement, created_at, updated_at) VALUES ($1, 'x', 'x', 'x', 'x', $2, $2) RETURNING id`, smb, now)
	exec(t, d, `
		INSERT INTO reviews (smb_id, request_id, form_key, name, stars, body, publish_at, created_at, updated_at) VALUES ($1, $2, $3, 'x', 1, 'x', $4, $4, $4)`,
		smb, asked, fmt.Sprint("form ", smb), now)
	exec(t, d, `INSERT INTO review_pages (smb_id, created_at, updated_at) VALUES ($1, $2, $2)`, smb, now)
	coupon := insert(t, d, `INSERT INTO coupons (smb_id, created_at, updated_at) VALUES ($1, $2, $2) RETURNING id`, smb, now)
	exec(t, d, `INSERT INTO coupon_redemptions (coupon_id, smb_id, form_key, redeemed_at) VALUES ($1, $2, $3, $4)`, coupon, smb, fmt.Sprint("form ", smb), now)
	exec(t, d, `INSERT INTO coupon_pages (smb_id, created_at, updated_at) VALUES ($1, $2, $2)`, smb, now)
	exec(t, d, `INSERT INTO event_posters (smb_id, created_at) VALUES ($1, $2)`, smb, now)
	exec(t, d, `INSERT INTO community_events (uuid, smb_id, title, starts_at, over_at, created_at, updated_at) VALUES ($uuid, $1, 'x', $2, $2, $2, $2)`, smb, now)
	profile := insert(t, d, `INSERT INTO business_profiles (smb_id, name, created_at, updated_at) VALUES ($1, 'x', $2, $2) RETURNING id`, smb, now)
	exec(t, d, `INSERT INTO business_photos (profile_id, alt, width, height, content, created_at) VALUES ($1, 'x', 1, 1, $2, $3)`, profile, []byte("x"), now)
	exec(t, d, `INSERT INTO voicemail_quota (smb_id, period, used) VALUES ($1, '2026-03', 1)`, smb)
	exec(t, d, `INSERT INTO preferences (smb_id, kind, created_at) VALUES ($1, 'without_tips', $2)`, smb, now)
	exec(t, d, `INSERT INTO confirmations (smb_id, email, email_key, created_at, expires_at) VALUES ($1, 'a', 'a', $2, $2)`, smb, now)
	exec(t, d, `INSERT INTO score_history (smb_id, day, score, tier) VALUES ($1, '2026-03-01', 5, 4)`, smb)
}
