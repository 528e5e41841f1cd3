package campaign

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// notTriedPause is how soon a mail that never left is tried again.
const notTriedPause = 10 * time.Second

// outcome is what becomes of a send after a hand-over (M2-04).
type outcome struct {
	status   fibonacco.SendStatus
	attempts int
	retryIn  time.Duration // only when status is queued
}

// outcome decides: accepted is sent; refused for good is failed at once; refused for now is
// tried again after 60, 300, 900 s and then failed; no answer is unknown and never resent;
// what never left goes back without being counted.
func (s *Service) outcome(h fibonacco.Handover, attempts int) outcome {
	switch h.Result {
	case fibonacco.Accepted:
		return outcome{status: fibonacco.SendSent, attempts: attempts}
	case fibonacco.Refused:
		return outcome{status: fibonacco.SendFailed, attempts: attempts + 1}
	case fibonacco.Deferred:
		if attempts >= len(s.cfg.Email.RetryAfter) {
			return outcome{status: fibonacco.SendFailed, attempts: attempts + 1}
		}
		wait := time.Duration(s.cfg.Email.RetryAfter[attempts]) * time.Second
		return outcome{status: fibonacco.SendQueued, attempts: attempts + 1, retryIn: wait}
	case fibonacco.Unanswered:
		return outcome{status: fibonacco.SendUnknown, attempts: attempts}
	default:
		return outcome{status: fibonacco.SendQueued, attempts: attempts, retryIn: max(notTriedPause, h.After)}
	}
}

// recordGroup stores what became of a group of sends in one transaction: their rows, their
// events, and the chunks that will try again.
func (s *Service) recordGroup(ctx context.Context, group []result) error {
	// Rows are locked in this order, so that two recorders never wait for each other in a ring.
	slices.SortFunc(group, func(a, b result) int { return int(a.ticket.claim.id - b.ticket.claim.id) })
	return s.db.Update(ctx, func(tx *db.Tx) error {
		b := db.NewBatch("id bigint", "status text", "message text", "attempts integer", "error text", "due timestamptz", "sent timestamptz")
		events := make([]fibonacco.Event, 0, len(group))
		again := map[time.Duration][]int64{}
		back := map[string]int{} // claims that did not leave, by the day they were made
		for _, r := range group {
			c, o := r.ticket.claim, s.outcome(r.handover, r.ticket.claim.attempts)
			var due, sent any
			switch o.status {
			case fibonacco.SendQueued:
				due = tx.Now.Add(o.retryIn)
				again[o.retryIn] = append(again[o.retryIn], c.id)
				back[localDate(c.at, time.UTC)]++
			case fibonacco.SendSent:
				sent = tx.Now
				events = append(events, completed(c, o.status))
			case fibonacco.SendFailed:
				events = append(events, completed(c, o.status))
			}
			b.Add(c.id, string(o.status), db.Null(cut(r.handover.MessageID, 255)), o.attempts, db.Null(cut(r.handover.Reason, 1000)), due, sent)
		}
		// A bounce may have come in before this: then the status has moved on and stays.
		if _, err := tx.ExecBatch(ctx, b, `
			UPDATE campaign_sends SET
				status = CASE WHEN campaign_sends.status = 'sending' THEN rows.status ELSE campaign_sends.status END,
				message_id = COALESCE(rows.message, message_id), attempts = rows.attempts, last_error = rows.error,
				scheduled_for = COALESCE(rows.due, scheduled_for), sent_at = COALESCE(rows.sent, sent_at),
				claimed_by = NULL, updated_at = $1
			FROM rows WHERE campaign_sends.id = rows.id AND campaign_sends.claimed_by = $2`, tx.Now, s.queue.NodeID()); err != nil {
			return fmt.Errorf("record %d sends: %w", len(group), err)
		}
		if err := s.giveBackWarmup(ctx, tx, back); err != nil {
			return err
		}
		for wait, ids := range again {
			if err := s.batchSends(ctx, tx, queue.Emails, tx.Now.Add(wait), ids); err != nil {
				return err
			}
		}
		return s.queue.Publish(ctx, tx, events...)
	})
}

func completed(c claim, status fibonacco.SendStatus) fibonacco.Event {
	return fibonacco.CampaignSendCompleted{
		CampaignSendID: c.id, SMBID: c.smbID, CommunityID: c.communityID, CampaignID: c.campaignID, Status: status,
	}
}

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	r := []rune(text)
	for len(string(r)) > most {
		r = r[:len(r)-1]
	}
	return string(r)
}
