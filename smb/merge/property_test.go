package merge_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb/merge"
)

// Merging and undoing leaves everything as it was, whatever there is and in whatever order the
// merges are undone. What may differ: the log, the versions and times of change, what was queued,
// and today's score, which is computed anew.
func TestMergingAndUndoingChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for seed := range uint64(12) {
			r := rand.New(rand.NewPCG(seed, 7))
			ids := w.random(r, 4)
			last := get[int64](w, `SELECT COALESCE(MAX(id), 0) FROM campaign_sends`)
			before := w.snapshot(ids, last)
			made, order := w.mergeSome(r, ids)
			for _, i := range order {
				w.undo(made[i])
			}
			after := w.snapshot(ids, last)
			equal(t, "what was planned in between and waits", get[int](w, `SELECT count(*) FROM campaign_sends WHERE id > $1 AND status = 'queued'`, last), 0)
			for name, rows := range before {
				for i := range max(len(rows), len(after[name])) {
					if i >= len(rows) || i >= len(after[name]) || rows[i] != after[name][i] {
						t.Errorf("seed %d, %d merges undone in the order %v: the rows of %s from %d on were\n%s\nand are\n%s", seed, len(made), order, name, i,
							strings.Join(rows[i:min(i+2, len(rows))], "\n"), strings.Join(after[name][i:min(i+2, len(after[name]))], "\n"))
						break
					}
				}
			}
			clock.Advance(time.Hour)
		}
	})
}

// mergeSome merges some of four businesses, and says in which order to undo that: any that can be.
func (w *world) mergeSome(r *rand.Rand, ids []int64) (made []*fibonacco.Merge, order []int) {
	choose := map[string]string{}
	for _, name := range []string{"business_name", "city", "zip", "primary_email", "primary_phone", "programme"} {
		if r.IntN(2) == 0 {
			choose[name] = []string{"survivor", "other"}[r.IntN(2)]
		}
	}
	a, b, c, e := ids[0], ids[1], ids[2], ids[3]
	switch r.IntN(4) {
	case 0: // one
		return []*fibonacco.Merge{w.merge(a, b, choose)}, []int{0}
	case 1: // three into one, undone in any order
		made = []*fibonacco.Merge{w.merge(a, b, choose), w.merge(a, c, nil), w.merge(a, e, choose)}
		return made, r.Perm(3)
	case 2: // one that has one, into another, that has one too
		made = []*fibonacco.Merge{w.merge(a, b, choose), w.merge(c, e, nil), w.merge(a, c, choose)}
		return made, [][]int{{2, 1, 0}, {0, 2, 1}, {2, 0, 1}}[r.IntN(3)]
	default: // a chain: only backwards
		made = []*fibonacco.Merge{w.merge(a, b, choose), w.merge(c, a, choose), w.merge(e, c, nil)}
		return made, []int{2, 1, 0}
	}
}

// random makes businesses with rows in every table that holds any.
func (w *world) random(r *rand.Rand, n int) []int64 {
	w.t.Helper()
	some := func(values ...string) string { return values[r.IntN(len(values))] }
	var ids []int64
	for range n {
		ids = append(ids, w.smb(some("Rosa's Bakery", "Rosas Bakery LLC", "Rosa & Co"), func(s *fibonacco.SMB) {
			s.City, s.ZIP, s.Category, s.Address = some("", "Brooklyn"), some("", "11231", "11201"), some("", "Bakery"), some("", "1 Court St")
			s.PrimaryEmail, s.PrimaryPhone = some("", "a@a.example", "b@b.example"), some("", "718-555-0142", "718-555-0143")
			s.PrimaryContactName = some("", "Rosa Diaz", "Luis Diaz")
			s.EmailOptedIn, s.RVMOptedIn, s.SMSOptedIn, s.DoNotContact = r.IntN(3) > 0, r.IntN(3) > 0, r.IntN(2) > 0, r.IntN(4) == 0
			s.SubscriptionTier, s.Metadata = some("free", "growth"), map[string]any{some("a", "b"): r.IntN(9)}
			if r.IntN(2) == 0 {
				s.Coordinates = &fibonacco.Point{Longitude: -73.5 - r.Float64(), Latitude: 40 + r.Float64()}
			}
		}))
	}
	for _, id := range ids {
		w.randomRows(r, id, ids)
	}
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error { return w.smbs.Rescore(w.t.Context(), tx, ids) }))
	return ids
}

func (w *world) randomRows(r *rand.Rand, id int64, ids []int64) {
	w.t.Helper()
	some := func(values ...string) string { return values[r.IntN(len(values))] }
	at := func() time.Time { return w.clock.Now().Add(-time.Duration(1+r.IntN(60*24)) * time.Hour) }
	if status := some("pending", "active", "paused", "completed"); status != "pending" {
		step := 1 + r.IntN(5)
		w.place(id, fibonacco.CampaignStatus(status), w.clock.Now().AddDate(0, 0, -r.IntN(20)).Format(time.DateOnly), step)
		w.exec(`UPDATE smbs SET current_campaign_id = $2, paused_days = $3 WHERE id = $1`, id, fmt.Sprintf("HOOK-%03d", step), r.IntN(3))
		if status == "paused" {
			w.exec(`UPDATE smbs SET paused_on = CAST($2 AS date), pause_reason = 'holiday' WHERE id = $1`, id, w.clock.Now().Format(time.DateOnly))
		}
	}
	w.exec(`UPDATE smbs SET total_approvals = $2, total_meetings = $3, services_activated = $4, last_content_view = $5, last_approval = $6 WHERE id = $1`,
		id, r.IntN(5), r.IntN(5), db.JSON([]string{some("seo", "ads")}), at(), at())
	drop := w.insert(`INSERT INTO rvm_drops (uuid, smb_id, phone, status) VALUES ($1, $2, 'x', $3)`, uuid.NewString(), id, some("sent", "delivered"))
	for step := range 6 {
		if r.IntN(2) == 0 {
			continue
		}
		send := w.send(id, step, fibonacco.SendStatus(some("sent", "sent", "sent", "queued", "cancelled", "bounced", "failed", "unknown")))
		w.exec(`UPDATE campaign_sends SET opened_at = $2 WHERE id = $1 AND status = 'sent'`, send, at())
		w.exec(`INSERT INTO email_events (campaign_send_id, event_type, event_at) VALUES ($1, 'opened', $2)`, send, at())
		w.exec(`INSERT INTO voicemail_skips (campaign_send_id, smb_id, community_id, campaign_id, local_date, reason, created_at) VALUES ($1, $2, 1, $3, '2026-03-01', 'quota', $4)`,
			send, id, fmt.Sprintf("HOOK-%03d", step), at())
		w.exec(`INSERT INTO skips (smb_id, community_id, campaign_id, programme_day, local_date, reason, created_at) VALUES ($1, 1, $2, $3, '2026-03-01', 'missed', $4)`,
			id, fmt.Sprintf("HOOK-%03d", step), step, at())
	}
	approval := w.insert(`INSERT INTO approvals (uuid, smb_id, service_type, approver_name, approver_email, source_type, approved_at) VALUES ($1, $2, 'seo', 'x', 'x', 'email', $3)`,
		uuid.NewString(), id, at())
	for _, query := range []string{
		`INSERT INTO provisioning_tasks (approval_id, smb_id, service_type) VALUES ($2, $1, 'seo')`,
		`INSERT INTO content_views (smb_id, content_slug, started_at) VALUES ($1, 'page-' || $2, '2026-02-20 10:00:00')`,
		`INSERT INTO callbacks (uuid, smb_id, rvm_drop_id, caller_phone, called_number, started_at) VALUES ('` + uuid.NewString() + `', $1, ` + fmt.Sprint(drop) + `, 'x', $2, '2026-02-20 10:00:00')`,
		`INSERT INTO notices (notice_key, purpose, smb_id, recipient, subject, due_at, created_at, updated_at) VALUES ('` + uuid.NewString() + `', $2, $1, 'x', 'y', '2026-02-20 10:00:00', '2026-02-20 10:00:00', '2026-02-20 10:00:00')`,
		`INSERT INTO bookings (uuid, smb_id, kind, minutes, starts_at, ends_at, name, email, email_key, created_at, updated_at) VALUES ('` + uuid.NewString() + `', $1, $2, 30, '2026-02-20 10:00:00', '2026-02-20 10:00:00', 'x', 'y', 'y', '2026-02-20 10:00:00', '2026-02-20 10:00:00')`,
		`INSERT INTO coupon_pages (smb_id, created_at, updated_at) SELECT CAST($1 AS bigint), CAST('2026-02-20 10:00:00' AS timestamptz), CAST('2026-02-20 10:00:00' AS timestamptz) WHERE CAST($2 AS text) <> ''`,
		`INSERT INTO coupons (smb_id, slug, created_at, updated_at) VALUES ($1, 'c-' || $2, '2026-02-20 10:00:00', '2026-02-20 10:00:00')`,
		`INSERT INTO coupon_redemptions (coupon_id, smb_id, form_key, redeemed_at) SELECT id, CAST($1 AS bigint), slug, CAST('2026-02-20 10:00:00' AS timestamptz) FROM coupons WHERE slug = 'c-' || $2`,
		`INSERT INTO review_pages (smb_id, created_at, updated_at) SELECT CAST($1 AS bigint), CAST('2026-02-20 10:00:00' AS timestamptz), CAST('2026-02-20 10:00:00' AS timestamptz) WHERE CAST($2 AS text) <> ''`,
		`INSERT INTO review_requests (smb_id, name, email, email_key, statement, created_at, updated_at) VALUES ($1, 'x', 'x', 'x-' || $2, 'y', '2026-02-20 10:00:00', '2026-02-20 10:00:00')`,
		`INSERT INTO reviews (smb_id, form_key, name, stars, body, publish_at, created_at, updated_at) VALUES ($1, '` + uuid.NewString() + `', 'x', 4, $2, '2026-02-20 10:00:00', '2026-02-20 10:00:00', '2026-02-20 10:00:00')`,
		`INSERT INTO email_conversations (smb_id, direction, from_email, to_email, body) VALUES ($1, 'in', 'x', 'y', $2)`,
		`INSERT INTO chat_messages (session_id, smb_id, role, content) VALUES ('` + uuid.NewString() + `', $1, 'user', $2)`,
		`INSERT INTO chat_assistants (smb_id, greeting, created_at, updated_at) VALUES ($1, $2, '2026-02-20 10:00:00', '2026-02-20 10:00:00')`,
		`INSERT INTO chat_sessions (session_id, smb_id, visitor_name, started_at) VALUES ('` + uuid.NewString() + `', $1, $2, '2026-02-20 10:00:00')`,
		`INSERT INTO ai_tasks (smb_id, task_type, suggested_at) VALUES ($1, $2, '2026-02-20 10:00:00')`,
		`INSERT INTO smb_notes (smb_id, body, author, created_at) VALUES ($1, 'Prefers calls.', $2, '2026-02-20 10:00:00')`,
		`INSERT INTO consents (smb_id, channel, granted, source, occurred_at, created_at) VALUES ($1, 'email', TRUE, $2, '2026-02-20 10:00:00', '2026-02-20 10:00:00')`,
		`INSERT INTO suppressions (email_key, reason, smb_id, created_at) VALUES ('x-` + uuid.NewString() + `', $2, $1, '2026-02-20 10:00:00')`,
		`INSERT INTO analytics_events (smb_id, event_type, occurred_at) VALUES ($1, 'test.' || $2, '2026-02-20 10:00:00')`,
	} {
		query = strings.ReplaceAll(query, "'2026-02-20 10:00:00'", "$3")
		args := []any{id, fmt.Sprint(approval), w.clock.Now().AddDate(0, 0, -10)}
		if strings.Contains(query, "VALUES ($2, $1") {
			args[1] = approval
		}
		w.exec(query, args[:2+strings.Count(query, "$3")/max(strings.Count(query, "$3"), 1)]...)
	}
	if r.IntN(4) > 0 {
		w.exec(`INSERT INTO booking_pages (smb_id, created_at, updated_at) VALUES ($1, $2, $2)`, id, w.clock.Now())
	}
	for back := range 3 {
		if r.IntN(2) == 0 {
			w.exec(`INSERT INTO score_history (smb_id, day, score, tier) VALUES ($1, CAST($2 AS date), $3, 4)`,
				id, w.clock.Now().AddDate(0, 0, -1-back).Format(time.DateOnly), r.IntN(20))
		}
	}
	if r.IntN(4) > 0 {
		w.exec(`INSERT INTO business_profiles (smb_id, name, created_at, updated_at) VALUES ($1, 'x', $2, $2)`, id, w.clock.Now())
	}
	if r.IntN(4) > 0 {
		w.exec(`INSERT INTO event_posters (smb_id, created_at) VALUES ($1, $2)`, id, w.clock.Now())
		w.exec(`INSERT INTO community_events (uuid, smb_id, title, starts_at, over_at, created_at, updated_at) VALUES ($1, $2, 'x', $3, $3, $3, $3)`, uuid.NewString(), id, w.clock.Now())
	}
	for _, tag := range []string{"vip", "bread", "new"} {
		if r.IntN(2) == 0 {
			w.exec(`INSERT INTO smb_tags (smb_id, tag) VALUES ($1, $2)`, id, tag)
		}
	}
	for _, kind := range []string{"without_tips", "at_most_weekly", "pause"} {
		if r.IntN(2) == 0 {
			w.exec(`INSERT INTO preferences (smb_id, kind, created_at) VALUES ($1, $2, $3)`, id, kind, w.clock.Now())
		}
	}
	if other := ids[r.IntN(len(ids))]; other != id {
		must(w.t, w.dismiss(id, other))
	}
}

// mayDiffer is the columns that a merge and its undoing may leave different.
var mayDiffer = map[string][]string{
	"smbs":           {"updated_at", "version", "next_scheduled_send"},
	"smb_search":     {"version"},
	"campaign_sends": {"status", "skip_reason", "updated_at"},
	"rvm_drops":      {"status", "delivery_status", "updated_at"},
}

// snapshot is every row of these businesses in every table, as text; of their sends those up to an id.
func (w *world) snapshot(ids []int64, lastSend int64) map[string][]string {
	w.t.Helper()
	tables := map[string]string{"smbs": "smbs.id", "smb_search": "smb_search.smb_id"}
	for _, name := range merge.OwnedColumns() {
		table, _, _ := strings.Cut(name, ".")
		tables[table] = name
	}
	tables["duplicate_dismissals"] = "duplicate_dismissals.smb_id"
	out := map[string][]string{}
	for table, owner := range tables {
		var list []string
		for _, c := range column(w, strings.ReplaceAll(columnsOfSMBs[w.db.Engine()], "'smbs'", "'"+table+"'")) {
			if !slices.Contains(mayDiffer[table], c) {
				list = append(list, `'`+c+`=' || COALESCE(CAST(`+table+`.`+c+` AS text), '-')`)
			}
		}
		query := `SELECT ` + strings.Join(list, ` || ' ' || `) + ` AS line FROM ` + table + ` WHERE ` + owner + ` IN ($1...)`
		switch table {
		case "analytics_events":
			query += ` AND event_type LIKE 'test.%'`
		case "score_history":
			query += ` AND day < CAST('` + w.clock.Now().Format(time.DateOnly) + `' AS date)`
		case "campaign_sends":
			query += fmt.Sprintf(` AND campaign_sends.id <= %d`, lastSend)
		}
		var lines []string
		must(w.t, w.db.View(context.WithoutCancel(w.t.Context()), func(tx *db.Tx) (err error) {
			lines, err = db.Select[string](w.t.Context(), tx, query+` ORDER BY line`, ids)
			return err
		}))
		if len(lines) == 0 && table != "score_history" && table != "duplicate_dismissals" && table != "smb_tags" {
			w.t.Fatalf("%s has no rows: the test proves nothing about it", table)
		}
		out[table] = lines
	}
	return out
}
