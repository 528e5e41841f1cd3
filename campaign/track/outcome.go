package track

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// email_events.bounce_type.
const (
	permanent    = "Permanent"
	transient    = "Transient"
	undetermined = "Undetermined"
)

// Reasons of a suppression. An unsubscribe may be taken back by the owner of the address; what
// its mail server or a complaint said may not.
const (
	forBounce      = "bounce"
	forComplaint   = "complaint"
	forUnsubscribe = "unsubscribe"
)

const (
	softBounces      = 3 // mails that bounced transiently within softBounceSpan suppress an address (M2-10)
	softBounceSpan   = 30 * 24 * time.Hour
	emailChannel     = "email"
	voicemailChannel = "rvm"
)

// suppression is one address that gets no more mail.
type suppression struct {
	reason        string
	smbID, sendID int64
}

// outcomes stores what providers report, and unsubscribes. What a send was told of before changes
// nothing but the event list.
func (b *batch) outcomes(ctx context.Context) error {
	hold := map[string]suppression{} // email key → why
	optOut := map[int64]bool{}       // SMBs that want no more mail
	leaving := map[int64]*note{}     // SMB → its first unsubscribe
	angry := map[int64]*note{}       // SMB → its first complaint
	for n, d := range b.live(delivered, bounced, complained, delayed, rejected, unsubscribed) {
		at := n.at
		switch n.kind {
		case delivered:
			if d.deliveredAt == nil {
				d.deliveredAt = &at
				b.arrived(d, at, fibonacco.SendSent)
				b.events = append(b.events, fibonacco.EmailDelivered{CampaignSendID: d.id, SMBID: d.smbID})
			}
		case bounced:
			if n.bounce == permanent && d.bouncedAt == nil {
				d.bouncedAt = &at
				b.arrived(d, at, fibonacco.SendBounced)
				suppress(hold, d, forBounce)
			}
		case complained:
			if d.complainedAt == nil {
				d.complainedAt = &at
				b.arrived(d, at, fibonacco.SendComplained)
				suppress(hold, d, forComplaint)
				optOut[d.smbID] = true
				if angry[d.smbID] == nil {
					angry[d.smbID] = n
				}
				b.events = append(b.events, fibonacco.EmailComplained{CampaignSendID: d.id, SMBID: d.smbID})
			}
		case unsubscribed:
			suppress(hold, d, forUnsubscribe)
			optOut[d.smbID] = true
			if leaving[d.smbID] == nil {
				leaving[d.smbID] = n
			}
			continue // its row is kept once, below
		}
		b.keep(n)
	}
	if err := b.bounceEvents(ctx); err != nil {
		return err
	}
	held, err := b.suppress(ctx, hold)
	if err != nil {
		return err
	}
	left, err := b.optOut(ctx, optOut)
	if err != nil {
		return err
	}
	var said []fibonacco.Consent
	for smbID, n := range angry {
		if left[smbID] {
			said = append(said, n.withdrawal(b.sends[n.sendID], byComplaint))
		}
	}
	for smbID, n := range leaving {
		d := b.sends[n.sendID]
		if left[smbID] || held[emailKey(d.email)] {
			said = append(said, n.withdrawal(d, byLink))
			b.keep(n)
			b.events = append(b.events, fibonacco.Unsubscribed{SMBID: smbID, CampaignSendID: d.id, CampaignID: d.campaignID, Channel: emailChannel})
		}
	}
	return b.s.record(ctx, b.tx, said)
}

// arrived moves a send to what a provider's report proves: it was handed over, whatever became of
// the answer then (unknown), and whether or not the sender has recorded it yet (sending).
func (b *batch) arrived(d *send, at time.Time, to fibonacco.SendStatus) {
	b.touch(d, mark{settled: true})
	switch d.status {
	case fibonacco.SendSending:
		if to == fibonacco.SendSent {
			return // the sender is about to record it, with the provider's id
		}
		d.status = to
	case fibonacco.SendUnknown, fibonacco.SendSent, fibonacco.SendFailed:
		d.status = to
	case fibonacco.SendBounced:
		if to == fibonacco.SendComplained {
			d.status = to
		}
	default: // complained already, or never sent: a report changes no decision
		return
	}
	if d.sentAt == nil {
		d.sentAt = &at
	}
}

// bounceEvents publishes EmailBounced for each send's first bounce of a type.
func (b *batch) bounceEvents(ctx context.Context) error {
	var ids []int64
	for n := range b.live(bounced) {
		ids = append(ids, n.sendID)
	}
	if len(ids) == 0 {
		return nil
	}
	type seen struct {
		Send   int64
		Bounce string
	}
	before, err := db.Select[seen](ctx, b.tx, `
		SELECT DISTINCT campaign_send_id AS send, COALESCE(bounce_type, '') AS bounce FROM email_events
		WHERE campaign_send_id IN ($1...) AND event_type = $2`, ids, bounced)
	if err != nil {
		return fmt.Errorf("read earlier bounces: %w", err)
	}
	known := map[seen]bool{}
	for _, s := range before {
		known[s] = true
	}
	for n, d := range b.live(bounced) {
		if key := (seen{d.id, n.bounce}); !known[key] {
			known[key] = true
			b.events = append(b.events, fibonacco.EmailBounced{CampaignSendID: d.id, SMBID: d.smbID, BounceType: n.bounce})
		}
	}
	return nil
}

// suppressSoftBounces holds addresses whose mail keeps coming back. It runs after this batch's
// bounces are stored, so that they count.
func (b *batch) suppressSoftBounces(ctx context.Context) error {
	var smbs []int64
	for n, d := range b.live(bounced) {
		if n.bounce == transient {
			smbs = append(smbs, d.smbID)
		}
	}
	if len(smbs) == 0 {
		return nil
	}
	type soft struct {
		SMBID int64 `db:"smb_id"`
		Email string
		Sends int
		Last  int64
	}
	found, err := db.Select[soft](ctx, b.tx, `
		SELECT s.smb_id AS smb_id, s.email AS email, COUNT(DISTINCT s.id) AS sends, MAX(s.id) AS last
		FROM campaign_sends s JOIN email_events e ON e.campaign_send_id = s.id
		WHERE s.smb_id IN ($1...) AND e.event_type = $2 AND e.bounce_type = $3 AND e.event_at > $4
		GROUP BY s.smb_id, s.email`, smbs, bounced, transient, b.tx.Now.Add(-softBounceSpan))
	if err != nil {
		return fmt.Errorf("count soft bounces: %w", err)
	}
	hold := map[string]suppression{}
	for _, f := range found {
		if f.Sends >= softBounces {
			suppress(hold, &send{id: f.Last, smbID: f.SMBID, email: f.Email}, forBounce)
		}
	}
	_, err = b.suppress(ctx, hold)
	return err
}

// emailKey is what suppressions know an address by.
func emailKey(address string) string { return strings.ToLower(strings.TrimSpace(address)) }

// suppress notes an address to be held, for the gravest reason.
func suppress(hold map[string]suppression, d *send, reason string) {
	key := emailKey(d.email)
	if was, ok := hold[key]; !ok || was.reason == forUnsubscribe {
		hold[key] = suppression{reason, d.smbID, d.id}
	}
}

// suppress stores the addresses and returns those that were not held before, or only at their
// owner's wish and now for good.
func (b *batch) suppress(ctx context.Context, hold map[string]suppression) (changed map[string]bool, err error) {
	rows := db.NewBatch("email_key text", "reason text", "smb bigint", "send bigint")
	for key, h := range hold {
		rows.Add(key, h.reason, h.smbID, h.sendID)
	}
	changed = map[string]bool{}
	if err := b.tx.QueryBatch(ctx, rows, `
		INSERT INTO suppressions (email_key, reason, smb_id, campaign_send_id, created_at)
		SELECT email_key, reason, smb, send, $1 FROM rows WHERE TRUE
		ON CONFLICT (email_key) DO UPDATE SET reason = excluded.reason, smb_id = excluded.smb_id, campaign_send_id = excluded.campaign_send_id
		WHERE suppressions.reason = $2 AND excluded.reason <> $2 RETURNING email_key`, func(r db.Row) error {
		var key string
		err := r.Scan(&key)
		changed[key] = true
		return err
	}, b.tx.Now, forUnsubscribe); err != nil {
		return nil, fmt.Errorf("suppress %d addresses: %w", rows.Len(), err)
	}
	return changed, nil
}

// optOut takes SMBs out of the mail and stops what is queued for them. It returns those that
// were in.
func (b *batch) optOut(ctx context.Context, smbs map[int64]bool) (left map[int64]bool, err error) {
	left = map[int64]bool{}
	if len(smbs) == 0 {
		return left, nil
	}
	ids := make([]int64, 0, len(smbs))
	for id := range smbs {
		ids = append(ids, id)
	}
	changed, err := db.Select[int64](ctx, b.tx, `
		UPDATE smbs SET email_opted_in = FALSE, version = version + 1, updated_at = $1 WHERE id IN ($2...) AND email_opted_in RETURNING id`, b.tx.Now, ids)
	if err != nil {
		return nil, fmt.Errorf("opt out %d businesses: %w", len(ids), err)
	}
	for _, id := range changed {
		left[id] = true
	}
	if _, err := b.tx.Exec(ctx, `
		UPDATE campaign_sends SET status = $1, skip_reason = $2, updated_at = $3 WHERE smb_id IN ($4...) AND status = $5`,
		string(fibonacco.SendSuppressed), string(fibonacco.NotOptedIn), b.tx.Now, ids, string(fibonacco.SendQueued)); err != nil {
		return nil, fmt.Errorf("stop queued mails of %d businesses: %w", len(ids), err)
	}
	return left, nil
}
