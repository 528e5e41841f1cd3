package track

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// send is what a batch knows of one mail. The row is locked while the batch runs (SQLite has one
// writer anyway), so what is read here is still true when it is written.
type send struct {
	id, smbID  int64
	campaignID string
	email      string
	status     fibonacco.SendStatus
	override   fibonacco.Verdict // what a person said of all its hits; "" leaves it to the rules

	sentAt, deliveredAt, openedAt, clickedAt, bouncedAt, complainedAt *time.Time

	past history
}

// batch is one transaction's work.
type batch struct {
	s     *Service
	tx    *db.Tx
	given []*note // what callers brought

	answers []outcome // one per given
	notes   []*note   // what there is to store: deliveries are taken apart
	from    []int     // of each note, its place in given; -1 for a part of a delivery
	out     []outcome // one per note
	sends   map[int64]*send

	rows    *db.Batch // of email_events
	engaged *db.Batch // sends opened or clicked for the first time
	settled *db.Batch // sends of which a provider said something new
	touched map[*send]mark
	events  []fibonacco.Event
}

// mark says what of a send has become different.
type mark struct{ engaged, settled bool }

// write stores notes and returns what each caller gets. It may run again on the same notes after a
// deadlock.
func (s *Service) write(ctx context.Context, tx *db.Tx, notes []*note) ([]outcome, error) {
	b := &batch{
		s: s, tx: tx, given: notes, answers: make([]outcome, len(notes)), touched: map[*send]mark{},
		rows: db.NewBatch("send bigint", "type text", "at timestamptz", "link text", "link_id bigint", "bounce text",
			"verdict text", "ip inet", "agent text", "raw jsonb", "rule text", "method text", "prefetch boolean", "after bigint"),
		engaged: db.NewBatch("id bigint", "opened timestamptz", "clicked timestamptz"),
		settled: db.NewBatch("id bigint", "status text", "sent timestamptz", "delivered timestamptz", "bounced timestamptz", "complained timestamptz"),
	}
	for _, step := range []func(context.Context) error{b.unpack, b.readSends, b.addressed, b.resolve, b.judge, b.outcomes, b.hits, b.flush} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	for i, from := range b.from {
		if from >= 0 {
			b.answers[from] = b.out[i]
		}
	}
	return b.answers, nil
}

// readSends reads and locks the sends of the batch. A note of an unknown send is answered NotFound.
func (b *batch) readSends(ctx context.Context) error {
	known := make(map[int64]bool, len(b.notes))
	ids := make([]int64, 0, len(b.notes))
	for _, n := range b.notes {
		if !known[n.sendID] {
			known[n.sendID] = true
			ids = append(ids, n.sendID)
		}
	}
	var err error
	if b.sends, err = readSends(ctx, b.tx, ids, true); err != nil {
		return err
	}
	for i, n := range b.notes {
		if b.sends[n.sendID] == nil {
			b.out[i].Err = unknownLink()
		}
	}
	return nil
}

// readSends reads sends, and locks them in the order of their ids so that two nodes do not wait for
// each other in a circle. Those of an SMB that was erased are left out: nothing is noted of it any
// more, and its links lead nowhere.
func readSends(ctx context.Context, tx *db.Tx, ids []int64, lock bool) (map[int64]*send, error) {
	slices.Sort(ids)
	query := `
		SELECT id, smb_id, campaign_id, email, status, sent_at, delivered_at, opened_at, clicked_at, bounced_at, complained_at, COALESCE(verdict_override, '')
		FROM campaign_sends WHERE id IN ($1...) ORDER BY id`
	if lock {
		query += ` FOR NO KEY UPDATE`
	}
	rows, err := tx.Query(ctx, query, ids)
	if err != nil {
		return nil, fmt.Errorf("read sends: %w", err)
	}
	defer func() { _ = rows.Close() }()
	sends := make(map[int64]*send, len(ids))
	for rows.Next() {
		d := &send{}
		if err := rows.Scan(&d.id, &d.smbID, &d.campaignID, &d.email, &d.status,
			&d.sentAt, &d.deliveredAt, &d.openedAt, &d.clickedAt, &d.bouncedAt, &d.complainedAt, &d.override); err != nil {
			return nil, fmt.Errorf("read sends: %w", err)
		}
		if d.email != "" {
			sends[d.id] = d
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read sends: %w", err)
	}
	return sends, nil
}

// live yields the notes that are still to be stored, with their sends.
func (b *batch) live(kinds ...string) func(yield func(*note, *send) bool) {
	return func(yield func(*note, *send) bool) {
		for i, n := range b.notes {
			if b.out[i].Err == nil && slices.Contains(kinds, n.kind) && !yield(n, b.sends[n.sendID]) {
				return
			}
		}
	}
}

// hits stores opens and clicks. Only those that are not a machine's count, each send's first open
// and each link's first click. A click implies an open, whose picture was merely not loaded.
func (b *batch) hits(context.Context) error {
	for n, d := range b.live(opened, clicked) {
		b.keep(n)
		if n.verdict == fibonacco.Machine {
			continue
		}
		at := n.at
		if d.openedAt == nil {
			d.openedAt = &at
			b.touch(d, mark{engaged: true})
			b.events = append(b.events, fibonacco.EmailOpened{CampaignSendID: d.id, SMBID: d.smbID, CampaignID: d.campaignID, At: at})
		}
		if n.kind == opened {
			continue
		}
		if d.clickedAt == nil {
			d.clickedAt = &at
			b.touch(d, mark{engaged: true})
		}
		if d.past.first(n) {
			b.events = append(b.events, fibonacco.EmailClicked{CampaignSendID: d.id, SMBID: d.smbID, CampaignID: d.campaignID, Link: n.link, At: at})
		}
	}
	return nil
}

// keep adds the note to the event list.
func (b *batch) keep(n *note) {
	var prefetch any
	if n.tracked {
		prefetch = n.prefetch
	}
	b.rows.Add(n.sendID, n.kind, n.at, db.Null(n.link), db.Null(n.linkID), db.Null(n.bounce),
		db.Null(string(n.verdict)), db.Null(n.ip), db.Null(n.agent), db.Null(n.raw), db.Null(n.rule), db.Null(n.method), prefetch, n.afterDelivery)
}

func (b *batch) touch(d *send, m mark) {
	was := b.touched[d]
	b.touched[d] = mark{engaged: was.engaged || m.engaged, settled: was.settled || m.settled}
}

// flush writes rows, sends and events, each in one statement.
func (b *batch) flush(ctx context.Context) error {
	for d, m := range b.touched {
		if m.engaged {
			b.engaged.Add(d.id, d.openedAt, d.clickedAt)
		}
		if m.settled {
			b.settled.Add(d.id, string(d.status), d.sentAt, d.deliveredAt, d.bouncedAt, d.complainedAt)
		}
	}
	if _, err := b.tx.ExecBatch(ctx, b.rows, `
		INSERT INTO email_events (campaign_send_id, event_type, event_at, link_clicked, link_id, bounce_type, verdict, ip_address, user_agent, raw_event,
			rule, method, prefetch, after_delivery_ms, created_at, updated_at)
		SELECT send, type, at, link, link_id, bounce, verdict, ip, agent, raw, rule, method, prefetch, after, $1, $1 FROM rows`, b.tx.Now); err != nil {
		return fmt.Errorf("insert %d email events: %w", b.rows.Len(), err)
	}
	// COALESCE is the compare-and-set: a first time stays the first.
	if _, err := b.tx.ExecBatch(ctx, b.engaged, `
		UPDATE campaign_sends SET opened_at = COALESCE(opened_at, rows.opened), clicked_at = COALESCE(clicked_at, rows.clicked), updated_at = $1
		FROM rows WHERE campaign_sends.id = rows.id AND (opened_at IS NULL OR clicked_at IS NULL)`, b.tx.Now); err != nil {
		return fmt.Errorf("mark %d sends opened or clicked: %w", b.engaged.Len(), err)
	}
	if _, err := b.tx.ExecBatch(ctx, b.settled, `
		UPDATE campaign_sends SET status = rows.status, sent_at = COALESCE(sent_at, rows.sent), delivered_at = COALESCE(delivered_at, rows.delivered),
			bounced_at = COALESCE(bounced_at, rows.bounced), complained_at = COALESCE(complained_at, rows.complained), updated_at = $1
		FROM rows WHERE campaign_sends.id = rows.id`, b.tx.Now); err != nil {
		return fmt.Errorf("settle %d sends: %w", b.settled.Len(), err)
	}
	if err := b.suppressSoftBounces(ctx); err != nil {
		return err
	}
	return b.s.queue.Publish(ctx, b.tx, b.events...)
}
