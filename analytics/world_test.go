package analytics_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco/db"
)

// world is rows at random, kept in memory too, so that a recount needs no SQL.
type world struct {
	now    time.Time
	towns  []town
	smbs   []smb
	sends  []send
	hits   []hit
	skips  []skip
	tasks  []task
	events []event
}

type town struct {
	id   int64
	name string
	zone *time.Location
}

type smb struct {
	id, town int64
	tier     int
	day      int
	status   string
	deleted  bool
}

type send struct {
	id, smb, town                  int64
	status, reason                 string
	due, sent, opened, clicked, at time.Time // zero is NULL
}

type hit struct {
	send    int64
	kind    string
	at      time.Time
	verdict string
}

// task is something that was proposed to the staff.
type task struct {
	smb          int64
	kind, status string
	at           time.Time
}

type skip struct {
	smb, town int64
	day       int
	date      string
	reason    string
	at        time.Time
}

type event struct {
	id         int64
	smb        int64
	kind       string
	properties map[string]any
	at         time.Time
}

var zones = []string{"America/New_York", "America/Los_Angeles", "Pacific/Honolulu", "Asia/Kolkata"}

// newWorld makes n sends around now: some days back, and the rest of the day ahead.
func newWorld(t testing.TB, seed uint64, now time.Time, n int) *world {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	w := &world{now: now}
	for i, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		w.towns = append(w.towns, town{int64(i + 1), fmt.Sprintf("Town %d", (i+2)%4), zone})
	}
	statuses := []string{"pending", "active", "active", "paused", "completed"}
	for i := range max(n/10, 20) {
		w.smbs = append(w.smbs, smb{
			id: int64(i + 1), town: 1 + r.Int64N(4), tier: 1 + r.IntN(4), day: r.IntN(91),
			status: pick(r, statuses), deleted: r.IntN(8) == 0,
		})
	}
	ago := func(most time.Duration) time.Time {
		at := now.Add(-time.Duration(r.Int64N(int64(most)))).Truncate(time.Microsecond)
		if r.IntN(3) == 0 {
			at = at.AddDate(0, 0, -6) // around the day that today is compared with
		}
		return at
	}
	reasons := []string{"paused", "not_opted_in", "suppressed", "missed", "deleted"}
	for i := range n {
		owner := w.smbs[r.IntN(len(w.smbs))]
		s := send{id: int64(i + 1), smb: owner.id, town: owner.town, due: ago(60 * time.Hour), at: ago(60 * time.Hour)}
		s.status = pick(r, []string{"queued", "sending", "sent", "sent", "sent", "sent", "failed", "unknown", "bounced", "complained", "suppressed", "cancelled"})
		switch s.status {
		case "queued":
			s.due = now.Add(time.Duration(r.Int64N(int64(50*time.Hour))) - 10*time.Hour).Truncate(time.Microsecond)
		case "suppressed", "cancelled":
			s.reason = pick(r, reasons)
		case "sent", "bounced", "complained":
			s.sent = s.due
			w.engage(r, &s)
		case "failed":
			w.event(owner.id, "campaign_send.completed", s.at, map[string]any{"campaign_send_id": s.id, "campaign_id": "HOOK-001", "status": "failed"})
		}
		if s.status == "sent" {
			w.event(owner.id, "campaign_send.completed", s.sent, map[string]any{"campaign_send_id": s.id, "campaign_id": "HOOK-001", "status": "sent"})
		}
		w.sends = append(w.sends, s)
	}
	for range n / 10 {
		w.tasks = append(w.tasks, task{
			smb: w.smbs[r.IntN(len(w.smbs))].id, kind: pick(r, []string{"service_setup", "meeting_request", "profile_update", "custom"}),
			status: pick(r, []string{"suggested", "suggested", "completed", "rejected"}), at: ago(60 * time.Hour),
		})
	}
	for i := range n / 3 {
		owner := w.smbs[r.IntN(len(w.smbs))]
		at := ago(60 * time.Hour)
		w.skips = append(w.skips, skip{
			smb: owner.id, town: owner.town, day: i, at: at, reason: pick(r, reasons),
			date: at.In(w.towns[owner.town-1].zone).Format(time.DateOnly),
		})
		switch i % 5 {
		case 0:
			w.event(owner.id, "email.unsubscribed", at, map[string]any{"campaign_id": "EDU-001", "channel": "email"})
		case 1:
			w.event(owner.id, "approval.submitted", at, map[string]any{"service_type": "listing_claim"})
		case 2:
			w.event(owner.id, "smb.tier_changed", at, map[string]any{"old_tier": 4, "new_tier": 3, "direction": "upgrade"})
		}
	}
	return w
}

// engage opens and clicks some sent mails, late or at once, and lets machines in between.
func (w *world) engage(r *rand.Rand, s *send) {
	moment := func() time.Time {
		at := s.sent.Add(time.Duration(r.Int64N(int64(30 * time.Hour)))).Truncate(time.Microsecond)
		if at.After(w.now) {
			at = w.now
		}
		return at
	}
	if r.IntN(3) == 0 {
		w.hits = append(w.hits, hit{s.id, "opened", moment(), "machine"})
	}
	switch r.IntN(4) {
	case 0: // a click whose picture was never loaded
		s.opened = moment()
		s.clicked = s.opened
		w.hits = append(w.hits, hit{s.id, "clicked", s.clicked, "human"})
	case 1:
		s.opened = moment()
		w.hits = append(w.hits, hit{s.id, "opened", s.opened, pick(r, []string{"human", "unknown"})})
		if again := moment(); again.After(s.opened) {
			w.hits = append(w.hits, hit{s.id, "opened", again, "human"})
		}
	case 2:
		s.opened = moment()
		w.hits = append(w.hits, hit{s.id, "opened", s.opened, "human"})
		if at := moment(); at.After(s.opened) {
			s.clicked = at
			w.hits = append(w.hits, hit{s.id, "clicked", at, "human"})
			w.event(s.smb, "email.clicked", at, map[string]any{"campaign_send_id": s.id, "campaign_id": "HOOK-001", "link": "https://example.org/"})
		}
	}
	if !s.opened.IsZero() {
		w.event(s.smb, "email.opened", s.opened, map[string]any{"campaign_send_id": s.id, "campaign_id": "HOOK-001"})
	}
}

func (w *world) event(smb int64, kind string, at time.Time, properties map[string]any) {
	w.events = append(w.events, event{int64(len(w.events) + 1), smb, kind, properties, at})
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// store writes the world into an empty database.
func (w *world) store(t testing.TB, d *db.DB) {
	t.Helper()
	ctx := t.Context()
	must(t, d.Update(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `
			INSERT INTO campaigns (id, type, week, day, title, subject, slug) VALUES ('HOOK-001', 'HOOK', 1, 1, 't', 's', 'u')`); err != nil {
			return err
		}
		towns := db.NewBatch("id bigint", "uuid uuid", "name text", "slug text", "zone text")
		for _, c := range w.towns {
			towns.Add(c.id, uuidOf(1, c.id), c.name, fmt.Sprint("town-", c.id), c.zone.String())
		}
		if _, err := tx.ExecBatch(ctx, towns, `
			INSERT INTO communities (id, uuid, name, slug, state, timezone) SELECT id, uuid, name, slug, 'NY', zone FROM rows`); err != nil {
			return err
		}
		smbs := db.NewBatch("id bigint", "uuid uuid", "town bigint", "name text", "tier integer", "day integer", "status text", "deleted timestamptz")
		for _, s := range w.smbs {
			var deleted any
			if s.deleted {
				deleted = w.now
			}
			smbs.Add(s.id, uuidOf(2, s.id), s.town, businessName(s.id), s.tier, s.day, s.status, deleted)
		}
		if _, err := tx.ExecBatch(ctx, smbs, `
			INSERT INTO smbs (id, uuid, community_id, business_name, engagement_tier, manifest_destiny_day, campaign_status, deleted_at)
			SELECT id, uuid, town, name, tier, day, status, deleted FROM rows`); err != nil {
			return err
		}
		return w.storeMails(t, tx)
	}))
}

func (w *world) storeMails(t testing.TB, tx *db.Tx) error {
	ctx := t.Context()
	sends := db.NewBatch("id bigint", "uuid uuid", "smb bigint", "town bigint", "n integer", "status text", "reason text",
		"due timestamptz", "sent timestamptz", "opened timestamptz", "clicked timestamptz", "at timestamptz")
	for i, s := range w.sends {
		sends.Add(s.id, uuidOf(3, s.id), s.smb, s.town, i+1, s.status, db.Null(s.reason), s.due, db.Null(s.sent), db.Null(s.opened), db.Null(s.clicked), s.at)
	}
	hits := db.NewBatch("send bigint", "type text", "at timestamptz", "verdict text")
	for _, h := range w.hits {
		hits.Add(h.send, h.kind, h.at, h.verdict)
	}
	skips := db.NewBatch("smb bigint", "town bigint", "day integer", "date date", "reason text", "at timestamptz")
	for _, s := range w.skips {
		skips.Add(s.smb, s.town, s.day, s.date, s.reason, s.at)
	}
	tasks := db.NewBatch("smb bigint", "kind text", "status text", "at timestamptz")
	for _, k := range w.tasks {
		tasks.Add(k.smb, k.kind, k.status, k.at)
	}
	events := db.NewBatch("id bigint", "smb bigint", "type text", "properties jsonb", "at timestamptz")
	for _, e := range w.events {
		events.Add(e.id, e.smb, e.kind, db.JSON(e.properties), e.at)
	}
	for _, insert := range []struct {
		rows  *db.Batch
		query string
	}{
		{sends, `
			INSERT INTO campaign_sends (id, uuid, smb_id, community_id, campaign_id, occurrence, email, status, skip_reason,
				scheduled_for, sent_at, opened_at, clicked_at, created_at, updated_at)
			SELECT id, uuid, smb, town, 'HOOK-001', n, 'a@example.org', status, reason, due, sent, opened, clicked, at, at FROM rows`},
		{hits, `
			INSERT INTO email_events (campaign_send_id, event_type, event_at, verdict) SELECT send, type, at, verdict FROM rows`},
		{skips, `
			INSERT INTO skips (smb_id, community_id, campaign_id, programme_day, local_date, reason, created_at)
			SELECT smb, town, 'HOOK-001', day, date, reason, at FROM rows`},
		{tasks, `
			INSERT INTO ai_tasks (smb_id, task_type, status, suggested_at) SELECT smb, kind, status, at FROM rows`},
		{events, `
			INSERT INTO analytics_events (id, smb_id, event_type, properties, occurred_at) SELECT id, smb, type, properties, at FROM rows`},
	} {
		if _, err := tx.ExecBatch(ctx, insert.rows, insert.query); err != nil {
			return err
		}
	}
	return nil
}

func businessName(id int64) string { return fmt.Sprint("Business ", id) }

func uuidOf(kind int, id int64) string { return fmt.Sprintf("%08d-0000-7000-8000-%012d", kind, id) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
