package campaign

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// turns are the steps of writing a plan that chunks take one after another, so that each of the
// chunks that are planned at once fills other tables. Two transactions that add to the same indexes
// wait for each other at the same few pages all the time: it costs a quarter of both cores.
//
// Whoever waits for a turn must hold no lock on an SMB that a planner may change in a later turn:
// the database would not see that the two wait for each other. Chunks take their turns in the
// order of these fields, and change SMBs last.
type turns struct{ sends, events, places turn }

// turn is had by one at a time; nil by all. It is for speed only: nothing that must not happen
// relies on it, and other nodes have turns of their own.
type turn chan struct{}

func newTurns() turns { return turns{make(turn, 1), make(turn, 1), make(turn, 1)} }

// take runs f when it is its turn.
func (t turn) take(ctx context.Context, f func() error) error {
	if t == nil {
		return f()
	}
	select {
	case t <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-t }()
	return f()
}

// writePlan stores a plan: sends, the chunks that will be released, skips, events, places. The
// places come last: a reference to an SMB that this transaction has changed takes twice as long to
// check, for both of its versions.
func (s *Service) writePlan(ctx context.Context, tx *db.Tx, p *dayPlan, t turns, onConflict string) (PlanResult, error) {
	res := PlanResult{Completed: p.completed}
	var events []fibonacco.Event
	if err := t.sends.take(ctx, func() (err error) {
		var ids []int64
		if events, ids, err = insertSends(ctx, tx, p.town.id, p.sends, 1, p.at, onConflict); err != nil {
			return err
		}
		res.Planned = int64(len(ids))
		if err := s.batchSends(ctx, tx, queue.Emails, p.at, ids); err != nil {
			return err
		}
		for _, at := range slices.SortedFunc(maps.Keys(p.others), time.Time.Compare) {
			more, ids, err := insertSends(ctx, tx, p.town.id, p.others[at], 1, at, onConflict)
			if err != nil {
				return err
			}
			if err := s.batchSends(ctx, tx, queue.Emails, at, ids); err != nil {
				return err
			}
			events, res.Planned = append(events, more...), res.Planned+int64(len(ids))
		}
		return nil
	}); err != nil {
		return res, err
	}
	if err := t.events.take(ctx, func() (err error) {
		if res.Skipped, err = insertSkips(ctx, tx, p.town.id, p.today, p.skips); err != nil {
			return err
		}
		return s.queue.Publish(ctx, tx, events...)
	}); err != nil {
		return res, err
	}
	return res, t.places.take(ctx, func() error {
		if err := moveOn(ctx, tx, p.places); err != nil {
			return err
		}
		return wait(ctx, tx, p.waits)
	})
}

// moveOn stores where SMBs then stand in the programme, a statement for each place: most of a chunk
// stands at a few. One that was paused meanwhile stays.
func moveOn(ctx context.Context, tx *db.Tx, places map[place][]int64) error {
	order := slices.SortedFunc(maps.Keys(places), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.status, b.status), cmp.Compare(a.campaign, b.campaign))
	})
	for _, p := range order {
		if _, err := tx.Exec(ctx, `
			UPDATE smbs SET manifest_destiny_day = $1, planned_through_day = $1, campaign_status = $2,
				current_campaign_id = COALESCE($3, current_campaign_id), next_scheduled_send = $4, updated_at = $5
			WHERE id IN ($6...) AND campaign_status = 'active'`,
			p.day, string(p.status), db.Null(p.campaign), db.Null(p.at), tx.Now, places[p]); err != nil {
			return fmt.Errorf("move SMBs on: %w", err)
		}
	}
	return nil
}

// skipPlanned leaves a step that is there already as it is. Without it such a step fails the
// statement, which PostgreSQL does faster for the many that are new.
const skipPlanned = "ON CONFLICT (smb_id, campaign_id, occurrence) DO NOTHING"

// newSends is a batch for insertSends.
func newSends() *db.Batch {
	return db.NewBatch("uuid uuid", "smb bigint", "campaign text", "version integer", "variant integer", "email text", "subject text")
}

// insertSends writes queued sends and returns those that are new, with their events.
func insertSends(ctx context.Context, tx *db.Tx, communityID int64, sends *db.Batch, occurrence int, at time.Time, onConflict string) ([]fibonacco.Event, []int64, error) {
	events := make([]fibonacco.Event, 0, sends.Len())
	ids := make([]int64, 0, sends.Len())
	err := tx.QueryBatch(ctx, sends, `
		INSERT INTO campaign_sends (uuid, smb_id, campaign_id, campaign_version, subject_variant, email, subject, scheduled_for, status,
			community_id, occurrence, created_at, updated_at)
		SELECT uuid, smb, campaign, version, variant, email, subject, $1, 'queued', $2, $3, $4, $4 FROM rows WHERE TRUE
		`+onConflict+`
		RETURNING id, smb_id, campaign_id`, func(r db.Row) error {
		e := fibonacco.CampaignSendQueued{CommunityID: communityID}
		if err := r.Scan(&e.CampaignSendID, &e.SMBID, &e.CampaignID); err != nil {
			return err
		}
		events, ids = append(events, e), append(ids, e.CampaignSendID)
		return nil
	}, at, communityID, occurrence, tx.Now)
	if err != nil {
		return nil, nil, fmt.Errorf("write sends: %w", err)
	}
	return events, ids, nil
}

func insertSkips(ctx context.Context, tx *db.Tx, communityID int64, date string, skips *db.Batch) (int64, error) {
	n, err := tx.ExecBatch(ctx, skips, `
		INSERT INTO skips (smb_id, community_id, campaign_id, programme_day, local_date, reason, created_at)
		SELECT smb, $1, campaign, day, $2, reason, $3 FROM rows WHERE TRUE
		ON CONFLICT (smb_id, campaign_id, programme_day) DO UPDATE SET reason = excluded.reason, local_date = excluded.local_date,
			created_at = excluded.created_at
		WHERE skips.reason IN ('quiet_day', 'asked_for_pause')`, communityID, date, tx.Now)
	if err != nil {
		return 0, fmt.Errorf("write skips: %w", err)
	}
	return n, nil
}

func newUUID() string { return uuid.Must(uuid.NewV7()).String() } // fails only without a source of randomness
