package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// TakeOver does what m says, in the caller's transaction, which has locked both SMBs and stored
// what the address of m.To is from now on. Nothing is sent twice (R1): every step keeps at most
// one row that may still leave, and what m.To has queued is cancelled when m.From got it already.
// Returns Conflict while a message of m.From is being handed over.
func (s *Service) TakeOver(ctx context.Context, tx *db.Tx, m fibonacco.QueuedMove) error {
	moving, err := lockQueued(ctx, tx, m)
	if err != nil {
		return err
	}
	if m.Place {
		if err := dropOwnSteps(ctx, tx, m.From, m.To); err != nil {
			return err
		}
	}
	if err := dropReceived(ctx, tx, m.From, m.To); err != nil {
		return err
	}
	why := fibonacco.Deleted
	if m.StepsOnly {
		why = fibonacco.Duplicate
	}
	ids := make([]int64, len(moving))
	for i, q := range moving {
		ids[i] = q.ID
	}
	if _, err := tx.Exec(ctx, `
		UPDATE campaign_sends SET status = 'cancelled', skip_reason = $1, updated_at = $2 WHERE id IN ($3...)`, string(why), tx.Now, ids); err != nil {
		return fmt.Errorf("cancel what is queued for SMB %d: %w", m.From, err)
	}
	if !m.StepsOnly {
		if _, err := tx.Exec(ctx, `
			UPDATE rvm_drops SET status = 'cancelled', delivery_status = $1, updated_at = $2 WHERE smb_id = $3 AND status = 'queued'`,
			string(why), tx.Now, m.From); err != nil {
			return fmt.Errorf("cancel the voicemails of SMB %d: %w", m.From, err)
		}
	}
	if !m.Place {
		return nil
	}
	return s.planTaken(ctx, tx, m.To, moving)
}

// queuedSend is a message that changes hands.
type queuedSend struct {
	ID         int64
	Status     fibonacco.SendStatus
	CampaignID string
	Occurrence int
	Version    int
	Variant    int
	Subject    string
	At         *time.Time
	Day        int // of the programme; 0 for what is no step of it
}

// lockQueued reads what m.From has queued. Whoever is about to claim it waits, and then finds it
// cancelled; what was claimed before is in the air.
func lockQueued(ctx context.Context, tx *db.Tx, m fibonacco.QueuedMove) ([]queuedSend, error) {
	rows, err := tx.Query(ctx, `
		SELECT s.id, s.status, s.campaign_id, s.occurrence, s.campaign_version, s.subject_variant, COALESCE(s.subject, ''), s.scheduled_for, campaigns.day
		FROM campaign_sends s JOIN campaigns ON campaigns.id = s.campaign_id
		WHERE s.smb_id = $1 AND s.status IN ('queued', 'sending') ORDER BY s.id FOR UPDATE OF s`, m.From)
	if err != nil {
		return nil, fmt.Errorf("lock what is queued for SMB %d: %w", m.From, err)
	}
	defer func() { _ = rows.Close() }()
	var all []queuedSend
	for rows.Next() {
		var q queuedSend
		if err := rows.Scan(&q.ID, &q.Status, &q.CampaignID, &q.Occurrence, &q.Version, &q.Variant, &q.Subject, db.TimePtr(&q.At), &q.Day); err != nil {
			return nil, fmt.Errorf("lock what is queued for SMB %d: %w", m.From, err)
		}
		if q.Status == fibonacco.SendSending {
			return nil, fibonacco.Errorf(fibonacco.Conflict, "a message is on its way to this business: try again in a moment")
		}
		if q.Day > 0 || !m.StepsOnly {
			all = append(all, q)
		}
	}
	return all, rows.Err()
}

// dropOwnSteps cancels the steps that to has queued on the place it gives up, but for those that
// wait for from as well.
func dropOwnSteps(ctx context.Context, tx *db.Tx, from, to int64) error {
	if _, err := tx.Exec(ctx, `
		UPDATE campaign_sends SET status = 'cancelled', skip_reason = 'duplicate', updated_at = $1
		WHERE smb_id = $2 AND status = 'queued' AND campaign_id IN (SELECT id FROM campaigns WHERE day > 0) AND NOT EXISTS (
			SELECT 1 FROM campaign_sends too WHERE too.smb_id = $3 AND too.status = 'queued'
				AND too.campaign_id = campaign_sends.campaign_id AND too.occurrence = campaign_sends.occurrence)`, tx.Now, to, from); err != nil {
		return fmt.Errorf("cancel the steps queued for SMB %d: %w", to, err)
	}
	return nil
}

// dropReceived cancels what to has queued and from got already, or may have got.
func dropReceived(ctx context.Context, tx *db.Tx, from, to int64) error {
	if _, err := tx.Exec(ctx, `
		UPDATE campaign_sends SET status = 'cancelled', skip_reason = 'duplicate', updated_at = $1
		WHERE smb_id = $2 AND status = 'queued' AND EXISTS (
			SELECT 1 FROM campaign_sends got WHERE got.smb_id = $3 AND got.status IN ('sent', 'unknown', 'bounced', 'complained')
				AND got.campaign_id = campaign_sends.campaign_id AND got.occurrence = campaign_sends.occurrence)`, tx.Now, to, from); err != nil {
		return fmt.Errorf("cancel what SMB %d has had: %w", to, err)
	}
	return nil
}

// planTaken plans the steps among moving for to, at the moment they were planned for. One that to
// has a row of stays as it is.
func (s *Service) planTaken(ctx context.Context, tx *db.Tx, to int64, moving []queuedSend) error {
	found, err := loadCandidates(ctx, tx, `smbs.id = $1`, to)
	if err != nil {
		return fmt.Errorf("read SMB %d: %w", to, err)
	}
	if len(found) == 0 || contactable(found[0].Email, found[0].OptedIn, found[0].DNC, found[0].Suppressed) != "" {
		return nil // it is asked again for every step: what follows is skipped with the reason
	}
	communityID, err := db.Get[int64](ctx, tx, `SELECT community_id FROM smbs WHERE id = $1`, to)
	if err != nil {
		return fmt.Errorf("read SMB %d: %w", to, err)
	}
	var events []fibonacco.Event
	for _, q := range moving {
		if q.Day == 0 {
			continue
		}
		at := tx.Now
		if q.At != nil && q.At.After(at) {
			at = *q.At
		}
		b := newSends()
		b.Add(newUUID(), to, q.CampaignID, q.Version, q.Variant, found[0].Email, q.Subject)
		planned, ids, err := insertSends(ctx, tx, communityID, b, q.Occurrence, at, skipPlanned)
		if err != nil {
			return err
		}
		if err := s.batchSends(ctx, tx, queue.Emails, at, ids); err != nil {
			return err
		}
		events = append(events, planned...)
	}
	return s.queue.Publish(ctx, tx, events...)
}
