package analytics

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// readSent counts what providers accepted, by when they did.
func (c *counting) readSent(ctx context.Context, tx *db.Tx) error {
	pieces := cut(c.spans()...)
	within, args := c.within("s.community_id", 1)
	err := tx.QueryBatch(ctx, pieces.rows(), `
		SELECT rows.n, COALESCE(s.community_id, 0), COUNT(*)
		FROM rows JOIN campaign_sends s ON s.sent_at >= rows.lo AND s.sent_at < rows.hi
		WHERE s.status IN ('sent', 'bounced', 'complained')`+within+` GROUP BY 1, 2`, func(r db.Row) error {
		var n, count int
		var community int64
		if err := r.Scan(&n, &community, &count); err != nil {
			return err
		}
		c.figures(pieces, n, community,
			func(f *fibonacco.DayFigures) { f.Sent += count },
			func(t *fibonacco.CommunityToday) { t.Sent += count })
		return nil
	}, args...)
	if err != nil {
		return fmt.Errorf("count sent mails: %w", err)
	}
	return nil
}

// readUnsent counts what was planned and did not leave, by when it was due.
func (c *counting) readUnsent(ctx context.Context, tx *db.Tx) error {
	pieces := cut(c.spans()...)
	within, args := c.within("s.community_id", 1)
	err := tx.QueryBatch(ctx, pieces.rows(), `
		SELECT rows.n, COALESCE(s.community_id, 0), s.status, COALESCE(s.skip_reason, ''), COUNT(*)
		FROM rows JOIN campaign_sends s ON s.scheduled_for >= rows.lo AND s.scheduled_for < rows.hi
		WHERE s.status IN ('failed', 'unknown', 'suppressed', 'cancelled')`+within+` GROUP BY 1, 2, 3, 4`, func(r db.Row) error {
		var n, count int
		var community int64
		var status fibonacco.SendStatus
		var reason fibonacco.SkipReason
		if err := r.Scan(&n, &community, &status, &reason, &count); err != nil {
			return err
		}
		c.figures(pieces, n, community,
			func(f *fibonacco.DayFigures) {
				switch status {
				case fibonacco.SendFailed:
					f.Failed += count
				case fibonacco.SendUnknown:
					f.Unknown += count
				default:
					f.Skipped += count
					if f == &c.o.Today {
						c.skips[reason] += count
					}
				}
			},
			func(t *fibonacco.CommunityToday) {
				if status == fibonacco.SendSuppressed || status == fibonacco.SendCancelled {
					t.Skipped += count
					c.reasons[community][reason] += count
				}
			})
		return nil
	}, args...)
	if err != nil {
		return fmt.Errorf("count mails that did not leave: %w", err)
	}
	return nil
}

// readSkips counts steps that were due on a local date and never planned.
func (c *counting) readSkips(ctx context.Context, tx *db.Tx) error {
	dates := []string{c.before.date, c.today.date}
	for _, d := range c.days {
		dates = append(dates, d.date)
	}
	slices.Sort(dates)
	days := db.NewBatch("day date")
	for _, date := range slices.Compact(dates) {
		days.Add(date)
	}
	err := tx.QueryBatch(ctx, days, `
		SELECT s.community_id, CAST(s.local_date AS text), s.reason, COUNT(*), COUNT(CASE WHEN s.created_at < $2 THEN 1 END)
		FROM rows JOIN skips s ON s.local_date = rows.day WHERE s.community_id IN ($1...)
		GROUP BY s.community_id, s.local_date, s.reason`, func(r db.Row) error {
		var community int64
		var date string
		var reason fibonacco.SkipReason
		var n, early int
		if err := r.Scan(&community, &date, &reason, &n, &early); err != nil {
			return err
		}
		switch date {
		case c.today.date:
			c.o.Today.Skipped += n
			c.skips[reason] += n
		case c.before.date:
			c.o.Before.Skipped += early
		}
		if date == c.days[community].date {
			c.towns[community].Skipped += n
			c.reasons[community][reason] += n
		}
		return nil
	}, c.order, c.sameTime.to)
	if err != nil {
		return fmt.Errorf("count skips: %w", err)
	}
	return nil
}

// readQueued counts what is planned to leave before a community's day ends, and when its next
// mail is due, whichever day that is. A moment that has passed means that it is leaving now.
func (c *counting) readQueued(ctx context.Context, tx *db.Tx) error {
	var spans []span
	for _, id := range c.order {
		spans = append(spans, span{ever, c.days[id].to}, span{ever, never})
	}
	pieces := cut(spans...)
	err := tx.QueryBatch(ctx, pieces.rows(), `
		SELECT rows.n, s.community_id, COUNT(*), MIN(s.scheduled_for)
		FROM rows JOIN campaign_sends s ON s.scheduled_for >= rows.lo AND s.scheduled_for < rows.hi
		WHERE s.status = 'queued' AND s.community_id IS NOT NULL GROUP BY 1, 2`, func(r db.Row) error {
		var n, count int
		var community int64
		var first time.Time
		if err := r.Scan(&n, &community, &count, db.Time(&first)); err != nil {
			return err
		}
		t := c.towns[community]
		if t == nil {
			return nil
		}
		if pieces.pieces[n].from.Before(c.days[community].to) {
			t.Queued += count
		}
		if t.NextWaveAt == nil || first.Before(*t.NextWaveAt) {
			t.NextWaveAt = &first
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("count queued mails: %w", err)
	}
	return nil
}
