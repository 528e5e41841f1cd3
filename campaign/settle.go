package campaign

import (
	"context"
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// settle decides what becomes of sends that a dead run had claimed (R1). What its flight log
// says was accepted is sent; what was in the air is unknown, for the provider's events or a
// person to settle; what had not left goes back to the queue. Without its log (another machine,
// or this one was restarted) everything it had claimed is unknown: never resent blindly.
func (s *Service) settle(ctx context.Context, node string) error {
	notes, logged := readFlightLog(s.cfg.DataDir, node)
	if node == s.queue.NodeID() {
		notes, logged = nil, true // Queue.Depart after Stop: the lane has stored all there was
	}
	var requeued, unknown, sent int
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		requeued, unknown, sent = 0, 0, 0
		rows, err := tx.Query(ctx, `
			SELECT s.id, s.smb_id, COALESCE(s.community_id, 0), s.campaign_id FROM campaign_sends s
			WHERE s.status = 'sending' AND s.claimed_by = $1 ORDER BY s.id FOR UPDATE OF s`, node)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		b := db.NewBatch("id bigint", "status text", "sent timestamptz", "error text")
		var again []int64
		var events []fibonacco.Event
		for rows.Next() {
			var c claim
			if err := rows.Scan(&c.id, &c.smbID, &c.communityID, &c.campaignID); err != nil {
				return err
			}
			note, inAir := notes[c.id]
			switch {
			case inAir && note == notedAccepted:
				sent++
				b.Add(c.id, string(fibonacco.SendSent), tx.Now, nil)
				events = append(events, completed(c, fibonacco.SendSent))
			case !logged || inAir && note == notedIntent:
				unknown++
				b.Add(c.id, string(fibonacco.SendUnknown), nil, "the process ended while this mail was being handed over")
			default:
				requeued++
				b.Add(c.id, string(fibonacco.SendQueued), nil, nil)
				again = append(again, c.id)
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if err := rows.Close(); err != nil {
			return err
		}
		if _, err := tx.ExecBatch(ctx, b, `
			UPDATE campaign_sends SET status = rows.status, sent_at = rows.sent, last_error = rows.error,
				claimed_by = NULL, updated_at = $1
			FROM rows WHERE campaign_sends.id = rows.id`, tx.Now); err != nil {
			return err
		}
		if err := s.batchSends(ctx, tx, queue.Emails, tx.Now, again); err != nil {
			return err
		}
		return s.queue.Publish(ctx, tx, events...)
	})
	if err != nil {
		return fmt.Errorf("settle sends of node %s: %w", node, err)
	}
	if requeued+unknown+sent > 0 {
		s.log.Warn("settled the sends of a run that ended without a word", "node", strings.SplitN(node, "/", 2)[0],
			"sent", sent, "requeued", requeued, "unknown", unknown)
	}
	if node != s.queue.NodeID() {
		removeFlightLog(s.cfg.DataDir, node)
	}
	return nil
}

// settleForgotten settles what runs have in hand that nobody knows of any more: a claim that the
// database committed after its process had died and was buried, or one of a process that was taken
// to be dead and died later.
func (s *Service) settleForgotten(ctx context.Context) error {
	var runs []string
	if err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		runs, err = db.Select[string](ctx, tx, `
			SELECT DISTINCT claimed_by FROM campaign_sends WHERE status = 'sending' AND claimed_by IS NOT NULL
				AND NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.id = campaign_sends.claimed_by)`)
		return err
	}); err != nil {
		return fmt.Errorf("look for sends of forgotten nodes: %w", err)
	}
	for _, node := range runs {
		if node == s.queue.NodeID() {
			continue // this run lives, whatever the table says: see queue.beat
		}
		if err := s.settle(ctx, node); err != nil {
			return err
		}
	}
	return nil
}
