package voicemail

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

const (
	atOnce       = 10               // hand-overs under way at once, of one chunk
	againAfter   = time.Minute      // a hand-over without an answer is repeated, under the same key
	deferAfter   = 10 * time.Minute // one that was refused for now is tried again
	notLeftAfter = 30 * time.Second // likewise one that did not reach the provider
)

func (s *Service) dropChunk(ctx context.Context, j dropJob) error { return s.handOver(ctx, j.DropIDs) }

// ProcessRVMDrop implements fibonacco.CampaignVoicemail.
func (s *Service) ProcessRVMDrop(ctx context.Context, rvmDropID int64) error {
	if err := s.db.View(ctx, func(tx *db.Tx) error {
		n, err := db.Count(ctx, tx, `SELECT COUNT(*) FROM rvm_drops WHERE id = $1`, rvmDropID)
		if err == nil && n == 0 {
			err = noSuchDrop(rvmDropID)
		}
		return err
	}); err != nil {
		return err
	}
	return s.handOver(ctx, []int64{rvmDropID})
}

// handed is what came of one hand-over.
type handed struct {
	claim
	fibonacco.Handover
}

// handOver claims those of ids that are still queued and due, gives them to the provider (M2-15), and
// returns when their results are stored.
func (s *Service) handOver(ctx context.Context, ids []int64) error {
	if s.provider == nil {
		return errors.New("this process drops no voicemails")
	}
	if s.provider.Ready() != nil {
		return queue.Snooze(notReadyPause) // nothing claimed, nothing counted, nothing lost
	}
	claims, err := s.claim(ctx, ids)
	if err != nil {
		return fmt.Errorf("claim %d voicemails: %w", len(ids), err)
	}
	results := make([]handed, len(claims))
	var work sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for i, c := range claims {
		places <- struct{}{}
		work.Go(func() {
			defer func() { <-places }()
			results[i] = handed{c, s.dropOne(ctx, c)}
		})
	}
	work.Wait()
	// What happened is stored even when the job is to end.
	return s.record(context.WithoutCancel(ctx), results)
}

// dropOne gives one voicemail to the provider, unless its hours have passed since it was claimed.
func (s *Service) dropOne(ctx context.Context, c claim) fibonacco.Handover {
	switch {
	case ctx.Err() != nil:
		return fibonacco.Handover{Result: fibonacco.NotTried, Reason: "given up at the end"}
	case !c.b.party.Allowed(s.company, s.db.Clock().Now()):
		return fibonacco.Handover{Result: fibonacco.NotTried, Reason: "the hours were over"}
	case s.provider.Ready() != nil:
		return fibonacco.Handover{Result: fibonacco.NotTried, Reason: "the provider takes none for now"}
	}
	return s.provider.Drop(ctx, fibonacco.Voicemail{
		DropID: c.ID, UUID: c.UUID, To: c.Phone, Script: c.Script, Persona: c.Persona, PostalCode: c.b.Zip,
		CallbackURL: s.callbackURL(c.ID), Key: c.key(),
	})
}

// stored is what is written down about a hand-over.
type stored struct {
	status   string
	attempts int
	due      any // when to try again; nil leaves it
	sent     any
	until    any // of the key; nil forgets it
	why      any // delivery_status
}

// record stores what came of hand-overs. A report of the provider's may have come in before: then the
// status has moved on and stays.
func (s *Service) record(ctx context.Context, results []handed) error {
	if len(results) == 0 {
		return nil
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		rows := db.NewBatch("id bigint", "status text", "message text", "attempts integer", "error text", "due timestamptz", "sent timestamptz", "until timestamptz", "why text")
		for _, h := range results {
			o := s.outcomeOf(h, tx.Now)
			rows.Add(h.ID, o.status, db.Null(cut(h.MessageID, 255)), o.attempts, db.Null(cut(h.Reason, 1000)), o.due, o.sent, o.until, o.why)
		}
		if _, err := tx.ExecBatch(ctx, rows, `
			UPDATE rvm_drops SET
				status = CASE WHEN rvm_drops.status = 'sending' THEN rows.status ELSE rvm_drops.status END,
				delivery_status = CASE WHEN rvm_drops.status = 'sending' THEN rows.why ELSE rvm_drops.delivery_status END,
				attempts = CASE WHEN rvm_drops.status = 'sending' THEN rows.attempts ELSE rvm_drops.attempts END,
				provider_message_id = CASE WHEN rvm_drops.status = 'sending' THEN COALESCE(rows.message, provider_message_id) ELSE COALESCE(provider_message_id, rows.message) END, last_error = COALESCE(rows.error, last_error),
				scheduled_for = COALESCE(rows.due, scheduled_for), sent_at = COALESCE(rows.sent, sent_at), key_until = rows.until,
				released_at = NULL, claimed_by = NULL, updated_at = $1
			FROM rows WHERE rvm_drops.id = rows.id AND rvm_drops.claimed_by = $2`, tx.Now, s.queue.NodeID()); err != nil {
			return fmt.Errorf("record %d voicemails: %w", len(results), err)
		}
		return uncount(ctx, tx)
	})
}

// outcomeOf reads one hand-over.
func (s *Service) outcomeOf(h handed, now time.Time) stored {
	o := stored{status: "queued", attempts: h.Attempts}
	switch h.Result {
	case fibonacco.Accepted:
		o.status, o.sent, o.until = "sent", now, h.usedUntil(s.provider.Repeatable())
	case fibonacco.Refused:
		o.status, o.why = "failed", "refused"
		o.attempts++
	case fibonacco.Deferred:
		if o.attempts++; o.attempts >= mostTries {
			o.status, o.why = "failed", "refused"
		}
		o.due = now.Add(deferAfter)
	case fibonacco.Unanswered:
		o.until = h.usedUntil(s.provider.Repeatable())
		if s.provider.Repeatable() <= keyMargin {
			o.status, o.sent, o.why = "sent", now, unanswered
			break
		}
		o.due = now.Add(againAfter)
	default:
		// As it was before: an earlier hand-over under this key may still have left.
		o.due = now.Add(notLeftAfter)
		if h.KeyUntil != nil {
			o.until = *h.KeyUntil
		}
	}
	return o
}

// usedUntil is how long the key of a hand-over that has begun is good for, from its first use.
func (c *claim) usedUntil(repeatable time.Duration) time.Time {
	if c.KeyUntil != nil {
		return *c.KeyUntil
	}
	return fibonacco.RealTime().UTC().Add(repeatable - keyMargin)
}
