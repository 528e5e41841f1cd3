package track

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// days are the days on which hits of a send were counted whose rows have been deleted since (M2-23):
// those that were not a machine's, and the clicks among them. They cannot be judged again.
type days struct{ any, clicks map[string]bool }

// forgotten is those days of sends.
func forgotten(ctx context.Context, tx *db.Tx, ids []int64) (map[int64]*days, error) {
	type row struct {
		Send      int64
		Day, Kind string
	}
	found, err := db.Select[row](ctx, tx, `
		SELECT campaign_send_id AS send, CAST(day AS text) AS day, event_type AS kind FROM email_event_days
		WHERE campaign_send_id IN ($1...) AND event_type IN ('opened', 'clicked') AND verdict <> $2`, ids, string(fibonacco.Machine))
	if err != nil {
		return nil, fmt.Errorf("read the days of deleted hits: %w", err)
	}
	all := map[int64]*days{}
	for _, r := range found {
		d := all[r.Send]
		if d == nil {
			d = &days{map[string]bool{}, map[string]bool{}}
			all[r.Send] = d
		}
		d.any[r.Day] = true
		if r.Kind == clicked {
			d.clicks[r.Day] = true
		}
	}
	return all, nil
}

// count says when the mail was first opened and clicked, by the hits that count now. A time whose hit
// is deleted stays, unless a person says that it was all machines.
func (r *reading) count(old *days) {
	if old != nil && r.send.override != fibonacco.Machine {
		r.opened, r.clicked = within(r.send.openedAt, old.any), within(r.send.clickedAt, old.clicks)
	}
	for _, h := range r.hits {
		if h.note.verdict == fibonacco.Machine {
			continue
		}
		r.opened = earlier(r.opened, &h.note.at)
		if h.note.kind == clicked {
			r.clicked = earlier(r.clicked, &h.note.at)
		}
	}
}

func within(at *time.Time, days map[string]bool) *time.Time {
	if at == nil || !days[at.UTC().Format(time.DateOnly)] {
		return nil
	}
	return at
}

func earlier(a, b *time.Time) *time.Time {
	if a == nil || b.Before(*a) {
		return b
	}
	return a
}

// follows adds what the reading changes about its mail.
func follows(m *fibonacco.RejudgedMails, r *reading) {
	moved := false
	tally := func(was, is *time.Time, gained, lost *int) {
		switch {
		case was == nil && is != nil:
			*gained++
		case was != nil && is == nil:
			*lost++
		case was != nil && !was.Equal(*is):
			moved = true
		}
	}
	tally(r.send.openedAt, r.opened, &m.Opened, &m.Unopened)
	tally(r.send.clickedAt, r.clicked, &m.Clicked, &m.Unclicked)
	if moved {
		m.Moved++
	}
}

// correct writes what is thought now, and tells whoever counts (smb.rescore): the score and the last
// times of the businesses follow from the rows.
func (s *Service) correct(ctx context.Context, tx *db.Tx, t *thought) error {
	hits := db.NewBatch("id bigint", "verdict text", "rule text", "after bigint")
	for _, h := range t.hits {
		hits.Add(h.id, string(h.note.verdict), db.Null(h.note.rule), h.note.afterDelivery)
	}
	if _, err := tx.ExecBatch(ctx, hits, `
		UPDATE email_events SET verdict = rows.verdict, rule = rows.rule, after_delivery_ms = rows.after, updated_at = $1
		FROM rows WHERE email_events.id = rows.id`, tx.Now); err != nil {
		return fmt.Errorf("store %d verdicts: %w", hits.Len(), err)
	}
	sends := db.NewBatch("id bigint", "opened timestamptz", "clicked timestamptz")
	events := make([]fibonacco.Event, len(t.sends))
	for i, r := range t.sends {
		sends.Add(r.send.id, r.opened, r.clicked)
		events[i] = fibonacco.EmailRejudged{
			CampaignSendID: r.send.id, SMBID: r.send.smbID, CampaignID: r.send.campaignID, OpenedAt: r.opened, ClickedAt: r.clicked,
		}
	}
	if _, err := tx.ExecBatch(ctx, sends, `
		UPDATE campaign_sends SET opened_at = rows.opened, clicked_at = rows.clicked, updated_at = $1
		FROM rows WHERE campaign_sends.id = rows.id`, tx.Now); err != nil {
		return fmt.Errorf("correct %d mails: %w", sends.Len(), err)
	}
	return s.queue.Publish(ctx, tx, events...)
}
