package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// forgetAtOnce is how many events one transaction adds up and deletes: SQLite's one writer is never
// held long, and a death in between loses nothing.
const forgetAtOnce = 2000

// ForgetEvents adds up the hits and reports that are older than the configured age by mail and day,
// and deletes them (M2-23). It returns how many it deleted.
func (s *Service) ForgetEvents(ctx context.Context) (deleted int, err error) {
	days := s.cfg.ManifestDestiny.EventRetentionDays
	if days <= 0 {
		return 0, nil
	}
	for {
		var n int
		if err := s.db.Update(ctx, func(tx *db.Tx) error {
			n, err = forgetChunk(ctx, tx, tx.Now.AddDate(0, 0, -days))
			return err
		}); err != nil {
			return deleted, fmt.Errorf("add up old events: %w", err)
		}
		if deleted += n; n < forgetAtOnce {
			return deleted, nil
		}
	}
}

// eventDay is what of events is kept.
type eventDay struct {
	sendID             int64
	day, kind, verdict string
}

func forgetChunk(ctx context.Context, tx *db.Tx, before time.Time) (int, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, campaign_send_id, event_at, event_type, COALESCE(verdict, '') FROM email_events
		WHERE event_at < $1 ORDER BY event_at LIMIT `+fmt.Sprint(forgetAtOnce)+` FOR UPDATE SKIP LOCKED`, before)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	var ids []int64
	counts := map[eventDay]int{}
	for rows.Next() {
		var id int64
		var at time.Time
		var e eventDay
		if err := rows.Scan(&id, &e.sendID, db.Time(&at), &e.kind, &e.verdict); err != nil {
			return 0, err
		}
		e.day = at.UTC().Format(dateLayout)
		ids = append(ids, id)
		counts[e]++
	}
	if err := rows.Err(); err != nil || len(ids) == 0 {
		return 0, err
	}
	if err := rows.Close(); err != nil {
		return 0, err
	}
	b := db.NewBatch("send bigint", "day date", "type text", "verdict text", "events integer")
	for e, n := range counts {
		b.Add(e.sendID, e.day, e.kind, e.verdict, n)
	}
	if _, err := tx.ExecBatch(ctx, b, `
		INSERT INTO email_event_days (campaign_send_id, day, event_type, verdict, events)
		SELECT send, day, type, verdict, events FROM rows WHERE TRUE
		ON CONFLICT (campaign_send_id, day, event_type, verdict) DO UPDATE SET events = email_event_days.events + excluded.events`); err != nil {
		return 0, err
	}
	n, err := tx.Exec(ctx, `DELETE FROM email_events WHERE id IN ($1...)`, ids)
	if err == nil && int(n) != len(ids) {
		err = fibonacco.Errorf(fibonacco.Conflict, "somebody else deletes events")
	}
	return int(n), err
}
