package analytics

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// The domain events that are figures themselves: each is one row (M8-01).
const (
	unsubscribed = "email.unsubscribed"
	approved     = "approval.submitted"
)

// readEngagement counts sends by when they were first opened and first clicked, which machines
// never set. The hits of the days lead to the sends: a send's time is that of one of its hits.
func (c *counting) readEngagement(ctx context.Context, tx *db.Tx) error {
	w := c.today.span
	for _, d := range c.days {
		w = w.with(d.span)
	}
	within, args := c.within("s.community_id", 5)
	rows, err := tx.Query(ctx, `
		SELECT COALESCE(s.community_id, 0), s.opened_at, s.clicked_at FROM campaign_sends s
		WHERE s.id IN (
			SELECT e.campaign_send_id FROM email_events e
			WHERE e.event_at >= $1 AND e.event_at < $2 AND e.event_type IN ('opened', 'clicked')
			UNION ALL
			SELECT e.campaign_send_id FROM email_events e
			WHERE e.event_at >= $3 AND e.event_at < $4 AND e.event_type IN ('opened', 'clicked'))
		AND (s.opened_at >= $3 OR s.clicked_at >= $3)`+within, append([]any{w.from, w.to, c.before.from, c.before.to}, args...)...)
	if err != nil {
		return fmt.Errorf("read opens and clicks: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var community int64
		var opened, clicked *time.Time
		if err := rows.Scan(&community, db.TimePtr(&opened), db.TimePtr(&clicked)); err != nil {
			return fmt.Errorf("read opens and clicks: %w", err)
		}
		if opened != nil {
			c.opened(community, *opened)
		}
		if clicked != nil {
			c.clicked(community, *clicked)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read opens and clicks: %w", err)
	}
	return nil
}

func (c *counting) opened(community int64, at time.Time) {
	switch {
	case c.today.holds(at):
		c.o.Today.Opened++
		c.o.OpensByHour[at.In(c.today.zone).Hour()]++
	case c.before.holds(at):
		c.o.OpensBefore[at.In(c.before.zone).Hour()]++
		if c.sameTime.holds(at) {
			c.o.Before.Opened++
		}
	}
	if own, ok := c.days[community]; ok && own.holds(at) {
		c.towns[community].Opened++
		c.towns[community].ByHour[at.In(own.zone).Hour()]++
	}
}

func (c *counting) clicked(community int64, at time.Time) {
	switch {
	case c.today.holds(at):
		c.o.Today.Clicked++
	case c.sameTime.holds(at):
		c.o.Before.Clicked++
	}
	if own, ok := c.days[community]; ok && own.holds(at) {
		c.towns[community].Clicked++
	}
}

// readMachines counts today's hits that were a machine's.
func (c *counting) readMachines(ctx context.Context, tx *db.Tx) (err error) {
	within, args := c.within("s.community_id", 4)
	if within != "" {
		within = " AND EXISTS (SELECT 1 FROM campaign_sends s WHERE s.id = email_events.campaign_send_id" + within + ")"
	}
	c.o.MachineHits, err = db.Count(ctx, tx, `
		SELECT COUNT(*) FROM email_events WHERE event_at >= $1 AND event_at < $2 AND verdict = $3`+within,
		append([]any{c.today.from, c.today.to, string(fibonacco.Machine)}, args...)...)
	if err != nil {
		return fmt.Errorf("count machine hits: %w", err)
	}
	return nil
}

// readEvents counts the events of the day that are figures themselves. An event belongs to where its
// business is now.
func (c *counting) readEvents(ctx context.Context, tx *db.Tx) error {
	within, args := c.within("smbs.community_id", 4)
	if within != "" {
		within = " AND EXISTS (SELECT 1 FROM smbs WHERE smbs.id = analytics_events.smb_id" + within + ")"
	}
	for _, of := range []struct {
		span span
		into *fibonacco.DayFigures
	}{{c.today.span, &c.o.Today}, {c.sameTime, &c.o.Before}} {
		type group struct {
			Type string
			N    int
		}
		groups, err := db.Select[group](ctx, tx, `
			SELECT event_type AS type, COUNT(*) AS n FROM analytics_events
			WHERE event_type IN ($1...) AND occurred_at >= $2 AND occurred_at < $3`+within+` GROUP BY event_type`,
			append([]any{[]string{unsubscribed, approved}, of.span.from, of.span.to}, args...)...)
		if err != nil {
			return fmt.Errorf("count events: %w", err)
		}
		for _, g := range groups {
			switch g.Type {
			case unsubscribed:
				of.into.Unsubscribed = g.N
			case approved:
				of.into.Approvals = g.N
			}
		}
	}
	return nil
}
