package smb

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// rescoreAtOnce bounds the SMBs of one transaction: on SQLite everybody else's writes wait for it,
// those of the tracking pixel included.
const rescoreAtOnce = 1000

// muchPoints is by how much a score has to move, and more, to be worth an event (M1-11).
const muchPoints = 10

// standing is an SMB as far as scoring is concerned.
type standing struct {
	id          int64
	timezone    string
	score, tier int
	last        seen
}

// seen is when an SMB last did something; nil is never.
type seen struct {
	open, click, view, approval *time.Time
}

// merge keeps the newer of each.
func (s seen) merge(o seen) seen {
	return seen{newer(s.open, o.open), newer(s.click, o.click), newer(s.view, o.view), newer(s.approval, o.approval)}
}

func newer(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.After(*a) {
		return b
	}
	return a
}

// rescore computes and stores the scores of the SMBs of ids, moves their last_* columns on to
// what was just seen, and publishes what changed. Unknown and deleted SMBs are left out of the
// result, which is by id.
func (s *Service) rescore(ctx context.Context, tx *db.Tx, ids []int64, just map[int64]seen) ([]fibonacco.ScoreBreakdown, error) {
	before, err := lockStandings(ctx, tx, ids)
	if err != nil || len(before) == 0 {
		return nil, err
	}
	// Counted only now that the rows are ours: whoever had them before has committed what it
	// counted, and whatever is recorded from here on has an event of its own still to come.
	counts, err := s.countEngagement(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	all := make([]fibonacco.ScoreBreakdown, len(before))
	after := make([]standing, len(before))
	for i, b := range before {
		all[i] = s.breakdown(b.id, counts[b.id])
		after[i] = standing{id: b.id, timezone: b.timezone, score: all[i].Score, tier: all[i].Tier, last: b.last.merge(just[b.id])}
	}
	return all, s.store(ctx, tx, before, after)
}

// Rescore computes and stores the scores of SMBs in the caller's transaction, for whoever moves
// what they did from one to another. Deleted SMBs are passed over.
func (s *Service) Rescore(ctx context.Context, tx *db.Tx, ids []int64) error {
	_, err := s.rescore(ctx, tx, ids, nil)
	return err
}

// lockStandings reads SMBs that are about to be rescored, by id, so that two rescorers wait for
// each other instead of meeting in a deadlock.
func lockStandings(ctx context.Context, tx *db.Tx, ids []int64) ([]standing, error) {
	rows, err := tx.Query(ctx, `
		SELECT smbs.id, communities.timezone, smbs.engagement_score, smbs.engagement_tier,
			smbs.last_email_open, smbs.last_email_click, smbs.last_content_view, smbs.last_approval
		FROM smbs JOIN communities ON communities.id = smbs.community_id
		WHERE smbs.id IN ($1...) AND smbs.deleted_at IS NULL
		ORDER BY smbs.id FOR NO KEY UPDATE OF smbs`, ids)
	if err != nil {
		return nil, fmt.Errorf("lock %d SMBs: %w", len(ids), err)
	}
	defer func() { _ = rows.Close() }()
	var all []standing
	for rows.Next() {
		var r standing
		if err := rows.Scan(&r.id, &r.timezone, &r.score, &r.tier,
			db.TimePtr(&r.last.open), db.TimePtr(&r.last.click), db.TimePtr(&r.last.view), db.TimePtr(&r.last.approval)); err != nil {
			return nil, fmt.Errorf("lock SMBs: %w", err)
		}
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("lock %d SMBs: %w", len(ids), err)
	}
	return all, nil
}

// store writes what differs between before and after, which are the same SMBs in the same order.
// The old values are part of the condition, so whoever moved an SMB is the one who says so.
func (s *Service) store(ctx context.Context, tx *db.Tx, before, after []standing) error {
	rows := db.NewBatch("smb_id bigint", "old_score integer", "old_tier integer", "score integer", "tier integer",
		"opened timestamptz", "clicked timestamptz", "viewed timestamptz", "approved timestamptz")
	for i, a := range after {
		if b := before[i]; a.score != b.score || a.tier != b.tier || a.last != b.last {
			rows.Add(a.id, b.score, b.tier, a.score, a.tier, a.last.open, a.last.click, a.last.view, a.last.approval)
		}
	}
	moved := make(map[int64]bool, rows.Len())
	err := tx.QueryBatch(ctx, rows, `
		UPDATE smbs SET engagement_score = rows.score, engagement_tier = rows.tier,
			last_email_open = rows.opened, last_email_click = rows.clicked,
			last_content_view = rows.viewed, last_approval = rows.approved, updated_at = $1
		FROM rows
		WHERE smbs.id = rows.smb_id AND smbs.engagement_score = rows.old_score AND smbs.engagement_tier = rows.old_tier
		RETURNING id`, func(r db.Row) error {
		var id int64
		err := r.Scan(&id)
		moved[id] = true
		return err
	}, tx.Now)
	if err != nil {
		return fmt.Errorf("store %d scores: %w", rows.Len(), err)
	}
	if err := recordScores(ctx, tx, before, after); err != nil {
		return err
	}
	var events []fibonacco.Event
	for i, a := range after {
		if b := before[i]; moved[a.id] {
			events = append(events, changes(b, a)...)
		}
	}
	return s.queue.Publish(ctx, tx, events...)
}

// changes is what there is to say about a move.
func changes(before, after standing) (events []fibonacco.Event) {
	if d := after.score - before.score; d > muchPoints || d < -muchPoints {
		events = append(events, fibonacco.SMBEngagementChanged{SMBID: after.id, OldScore: before.score, NewScore: after.score})
	}
	if after.tier != before.tier {
		direction := "upgrade"
		if after.tier > before.tier {
			direction = "downgrade"
		}
		events = append(events, fibonacco.SMBTierChanged{SMBID: after.id, OldTier: before.tier, NewTier: after.tier, Direction: direction})
	}
	return events
}

// recordScores keeps the last score of each local day. An SMB that stays at zero has no row: most
// of a million businesses do, night after night. A day without a row is like the day before it.
func recordScores(ctx context.Context, tx *db.Tx, before, after []standing) error {
	rows := db.NewBatch("smb_id bigint", "day date", "score integer", "tier integer")
	days := map[string]string{}
	for i, a := range after {
		if a.score == 0 && before[i].score == 0 && a.tier == before[i].tier {
			continue
		}
		day, known := days[a.timezone]
		if !known {
			var err error
			if day, err = localDate(tx.Now, a.timezone); err != nil {
				return fmt.Errorf("local day of SMB %d: %w", a.id, err)
			}
			days[a.timezone] = day
		}
		rows.Add(a.id, day, a.score, a.tier)
	}
	if _, err := tx.ExecBatch(ctx, rows, `
		INSERT INTO score_history (smb_id, day, score, tier) SELECT smb_id, day, score, tier FROM rows WHERE TRUE
		ON CONFLICT (smb_id, day) DO UPDATE SET score = excluded.score, tier = excluded.tier
		WHERE score_history.score <> excluded.score OR score_history.tier <> excluded.tier`); err != nil {
		return fmt.Errorf("record %d scores: %w", rows.Len(), err)
	}
	return nil
}
