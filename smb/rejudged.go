package smb

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// RescoreRejudged handles mails whose opens and clicks were judged otherwise than before: the one
// thing that may take last_email_open and last_email_click back. Both are read from the rows anew.
func (s *Service) RescoreRejudged(ctx context.Context, events []fibonacco.EmailRejudged) error {
	smbs := map[int64]bool{}
	for _, e := range events {
		smbs[e.SMBID] = true
	}
	delete(smbs, 0)
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(smbs)), rescoreAtOnce) {
		if err := s.db.Update(ctx, func(tx *db.Tx) error {
			if err := correctLastMails(ctx, tx, ids); err != nil {
				return err
			}
			_, err := s.rescore(ctx, tx, ids, nil)
			return err
		}); err != nil {
			return fmt.Errorf("rescore %d SMBs after their mails were judged again: %w", len(ids), err)
		}
	}
	return nil
}

// lastMailsSQL is when the SMBs $1 last did something with a mail: as the events say it that move the
// columns on, each mail's first open and the first click of each of its links. Rows of old clicks are
// deleted; what is on the mail stays.
const lastMailsSQL = `
	SELECT smb_id, MAX(opened), MAX(clicked) FROM (
		SELECT smb_id, opened_at AS opened, clicked_at AS clicked FROM campaign_sends WHERE smb_id IN ($1...) AND opened_at IS NOT NULL
		UNION ALL
		SELECT s.smb_id, MIN(e.event_at), MIN(e.event_at) FROM campaign_sends s JOIN email_events e ON e.campaign_send_id = s.id
		WHERE s.smb_id IN ($1...) AND e.event_type || '' = 'clicked' AND COALESCE(e.verdict, '') <> 'machine'
		GROUP BY s.smb_id, s.id, e.link_id, CASE WHEN e.link_id IS NULL THEN e.link_clicked END
	) AS moments GROUP BY smb_id`

func correctLastMails(ctx context.Context, tx *db.Tx, ids []int64) error {
	standings, err := lockStandings(ctx, tx, ids)
	if err != nil || len(standings) == 0 {
		return err
	}
	rows, err := tx.Query(ctx, lastMailsSQL, ids)
	if err != nil {
		return fmt.Errorf("read last opens and clicks: %w", err)
	}
	defer func() { _ = rows.Close() }()
	last := map[int64]seen{}
	for rows.Next() {
		var id int64
		var of seen
		if err := rows.Scan(&id, db.TimePtr(&of.open), db.TimePtr(&of.click)); err != nil {
			return fmt.Errorf("read last opens and clicks: %w", err)
		}
		last[id] = of
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read last opens and clicks: %w", err)
	}
	b := db.NewBatch("id bigint", "opened timestamptz", "clicked timestamptz")
	for _, st := range standings {
		if of := last[st.id]; !same(st.last.open, of.open) || !same(st.last.click, of.click) {
			b.Add(st.id, of.open, of.click)
		}
	}
	_, err = tx.ExecBatch(ctx, b, `
		UPDATE smbs SET last_email_open = rows.opened, last_email_click = rows.clicked, updated_at = $1 FROM rows WHERE smbs.id = rows.id`, tx.Now)
	if err != nil {
		return fmt.Errorf("correct last opens and clicks: %w", err)
	}
	return nil
}

func same(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}
