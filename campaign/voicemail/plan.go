package voicemail

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/template"
	"github.com/fibonacco/fibonacco/db"
)

// planned is a voicemail on its way into the database.
type planned struct {
	candidate
	b      *business
	script string
	when   time.Time
}

// plan decides on mails: a voicemail for the next permitted day, counted and queued, or a stored
// reason why not (M2-13, M2-14, R2). It returns the reasons by send. Of several mails of one business
// the newest is followed.
func (s *Service) plan(ctx context.Context, tx *db.Tx, list []candidate) (refused map[int64]fibonacco.SkipReason, err error) {
	var smbs []int64
	var campaigns []string
	newest := map[int64]int64{}
	for _, c := range list {
		smbs, campaigns = append(smbs, c.SMBID), append(campaigns, c.CampaignID)
		newest[c.SMBID] = max(newest[c.SMBID], c.SendID)
	}
	businesses, err := s.loadBusinesses(ctx, tx, smbs)
	if err != nil {
		return nil, err
	}
	scripts, err := s.loadScripts(ctx, tx, campaigns)
	if err != nil {
		return nil, err
	}
	waiting, err := withDrops(ctx, tx, smbs)
	if err != nil {
		return nil, err
	}
	refused = map[int64]fibonacco.SkipReason{}
	var pass []planned
	for _, c := range list {
		b := businesses[c.SMBID]
		p := planned{candidate: c, b: b}
		switch {
		case b == nil:
			continue // its community has no time zone: said in the log, and to be mended
		case tx.Now.Sub(c.SentAt) > s.triggerAfter()+freshFor:
			refused[c.SendID] = fibonacco.Missed
		case newest[c.SMBID] != c.SendID || waiting[c.SMBID]:
			refused[c.SendID] = fibonacco.Duplicate
		default:
			if reason := s.permit(ctx, &p, scripts[c.CampaignID], tx.Now); reason != "" {
				refused[c.SendID] = reason
			} else {
				pass = append(pass, p)
			}
		}
	}
	pass, err = s.take(ctx, tx, pass, refused)
	if err != nil {
		return nil, err
	}
	if err := s.queueDrops(ctx, tx, pass); err != nil {
		return nil, err
	}
	return refused, storeSkips(ctx, tx, list, businesses, refused)
}

// permit finds when the voicemail may be dropped and what it says, or why there is none.
func (s *Service) permit(ctx context.Context, p *planned, text *template.Template, now time.Time) fibonacco.SkipReason {
	if reason, _, ok := s.refuses(p.b, false); !ok {
		return reason
	}
	if text == nil {
		return fibonacco.UnfitScript
	}
	var err error
	if p.script, err = s.write(text, p.b); err != nil {
		s.log.ErrorContext(ctx, "voicemail script cannot be filled in", "campaign", p.CampaignID, "smb", p.SMBID, "error", err)
		return fibonacco.UnfitScript
	}
	if why := s.unfit(p.script); why != "" {
		s.log.WarnContext(ctx, "voicemail script may not be spoken", "campaign", p.CampaignID, "smb", p.SMBID, "because", why)
		return fibonacco.UnfitScript
	}
	when, ok := p.b.party.Next(s.company, now, s.sendAt)
	if !ok {
		return fibonacco.OutsideHours
	}
	p.when = when.UTC()
	return ""
}

// take marks the sends as followed and counts their voicemails. The WHERE clause is the lock: a send
// that somebody else has taken is left out, and one that is over its tier's limit is refused.
func (s *Service) take(ctx context.Context, tx *db.Tx, pass []planned, refused map[int64]fibonacco.SkipReason) ([]planned, error) {
	if len(pass) == 0 {
		return nil, nil
	}
	var ids []int64
	for _, p := range pass {
		ids = append(ids, p.SendID)
	}
	won, err := db.Select[int64](ctx, tx, `
		UPDATE campaign_sends SET rvm_triggered = TRUE, updated_at = $1
		WHERE id IN ($2...) AND rvm_triggered = FALSE AND status = 'sent' RETURNING id`, tx.Now, ids)
	if err != nil {
		return nil, fmt.Errorf("mark %d sends as followed by a voicemail: %w", len(ids), err)
	}
	mine := map[int64]bool{}
	for _, id := range won {
		mine[id] = true
	}
	var list []counted
	for _, p := range pass {
		if mine[p.SendID] {
			list = append(list, counted{p.SMBID, p.b.Tier, month(p.when, p.b.zone)})
		}
	}
	granted, err := s.reserve(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	var kept []planned
	var back []int64
	for _, p := range pass {
		switch {
		case !mine[p.SendID]:
		case granted[p.SMBID]:
			kept = append(kept, p)
		default:
			back = append(back, p.SendID)
			refused[p.SendID] = fibonacco.MonthlyLimit
		}
	}
	if len(back) > 0 {
		if _, err := tx.Exec(ctx, `UPDATE campaign_sends SET rvm_triggered = FALSE WHERE id IN ($1...)`, back); err != nil {
			return nil, fmt.Errorf("give %d sends back: %w", len(back), err)
		}
	}
	return kept, nil
}

// queueDrops writes the voicemails, ties each to its send, and publishes RVMDropQueued.
func (s *Service) queueDrops(ctx context.Context, tx *db.Tx, list []planned) error {
	drops := db.NewBatch("uuid uuid", "smb bigint", "community bigint", "send bigint", "campaign text", "phone text", "script text", "due timestamptz", "month text")
	for _, p := range list {
		drops.Add(uuid.Must(uuid.NewV7()).String(), p.SMBID, p.b.CommunityID, p.SendID, p.CampaignID, p.b.Phone, p.script, p.when, month(p.when, p.b.zone))
	}
	var events []fibonacco.Event
	tied := db.NewBatch("send bigint", "drop_id bigint")
	if err := tx.QueryBatch(ctx, drops, `
		INSERT INTO rvm_drops (uuid, smb_id, community_id, campaign_send_id, campaign_id, phone, script, scheduled_for, counted_month,
			provider, status, created_at, updated_at)
		SELECT uuid, smb, community, send, campaign, phone, script, due, month, $1, 'queued', $2, $2 FROM rows
		RETURNING id, smb_id, campaign_send_id`, func(r db.Row) error {
		var e fibonacco.RVMDropQueued
		if err := r.Scan(&e.RVMDropID, &e.SMBID, &e.CampaignSendID); err != nil {
			return err
		}
		events = append(events, e)
		tied.Add(e.CampaignSendID, e.RVMDropID)
		return nil
	}, s.cfg.Provider, tx.Now); err != nil {
		return fmt.Errorf("write %d voicemails: %w", drops.Len(), err)
	}
	if _, err := tx.ExecBatch(ctx, tied, `
		UPDATE campaign_sends SET rvm_drop_id = rows.drop_id FROM rows WHERE campaign_sends.id = rows.send`); err != nil {
		return fmt.Errorf("tie %d voicemails to their sends: %w", tied.Len(), err)
	}
	if _, err := tx.ExecBatch(ctx, tied, `
		DELETE FROM voicemail_skips WHERE campaign_send_id IN (SELECT send FROM rows)`); err != nil {
		return fmt.Errorf("forget why there was no voicemail: %w", err)
	}
	return s.queue.Publish(ctx, tx, events...)
}

// storeSkips writes down why mails are not followed by a voicemail.
func storeSkips(ctx context.Context, tx *db.Tx, list []candidate, businesses map[int64]*business, refused map[int64]fibonacco.SkipReason) error {
	rows := db.NewBatch("send bigint", "smb bigint", "community bigint", "campaign text", "day date", "reason text")
	for _, c := range list {
		if reason := refused[c.SendID]; reason != "" {
			b := businesses[c.SMBID]
			rows.Add(c.SendID, c.SMBID, b.CommunityID, c.CampaignID, localDate(tx.Now, b.zone), string(reason))
		}
	}
	_, err := tx.ExecBatch(ctx, rows, `
		INSERT INTO voicemail_skips (campaign_send_id, smb_id, community_id, campaign_id, local_date, reason, created_at)
		SELECT send, smb, community, campaign, day, reason, $1 FROM rows WHERE TRUE
		ON CONFLICT (campaign_send_id) DO UPDATE SET reason = excluded.reason, local_date = excluded.local_date`, tx.Now)
	return wrap(err, "store why %d mails are not followed by a voicemail", rows.Len())
}

// withDrops is which SMBs have a voicemail that is planned, or being handed over.
func withDrops(ctx context.Context, tx *db.Tx, smbs []int64) (map[int64]bool, error) {
	list, err := db.Select[int64](ctx, tx, `
		SELECT DISTINCT smb_id FROM rvm_drops WHERE smb_id IN ($1...) AND status IN ('queued', 'sending')`, smbs)
	out := map[int64]bool{}
	for _, id := range list {
		out[id] = true
	}
	return out, wrap(err, "look for voicemails that are planned already")
}
