package voicemail

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

const (
	releaseAtOnce = 500             // voicemails that one transaction turns into jobs
	chunkSize     = 50              // voicemails of one job: what is in doubt, should its node die
	lostAfter     = time.Hour       // a released voicemail that is still queued has lost its job
	notReadyPause = 3 * time.Second // how long a chunk waits, in real time, while the provider cannot be reached
)

// dropJob hands one chunk of voicemails over.
type dropJob struct {
	DropIDs []int64 `json:"drop_ids"`
}

func (dropJob) Kind() string  { return "voicemail.drop" }
func (dropJob) Queue() string { return queue.RVM }

// releaseDue turns every voicemail that is due into a part of a job. Mark and job are one transaction,
// so that no death loses one. While voicemails are paused nothing is released.
func (s *Service) releaseDue(ctx context.Context, _ time.Time) error {
	for {
		n := 0
		err := s.db.Update(ctx, func(tx *db.Tx) error {
			n = 0
			p, err := loadPause(ctx, tx, "")
			if err != nil || p.Paused {
				return err
			}
			ids, err := db.Select[int64](ctx, tx, `
				UPDATE rvm_drops SET released_at = $1 WHERE id IN (
					SELECT id FROM rvm_drops WHERE status = 'queued' AND scheduled_for <= $1 AND released_at IS NULL
					ORDER BY scheduled_for, id LIMIT `+fmt.Sprint(releaseAtOnce)+` FOR UPDATE SKIP LOCKED)
				RETURNING id`, tx.Now)
			if err != nil {
				return err
			}
			n = len(ids)
			slices.Sort(ids)
			var jobs []queue.Job
			for chunk := range slices.Chunk(ids, chunkSize) {
				jobs = append(jobs, dropJob{chunk})
			}
			return s.queue.Enqueue(ctx, tx, jobs...)
		})
		if err != nil || n < releaseAtOnce {
			return wrap(err, "release due voicemails")
		}
	}
}

// sweep gives back what is counted for voicemails that others have cancelled, and finds those that
// were released long ago while no job waits or runs: their job was lost. Nothing is lost quietly.
func (s *Service) sweep(ctx context.Context, _ time.Time) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if err := uncount(ctx, tx); err != nil {
			return err
		}
		busy, err := s.queue.Busy(ctx, tx, queue.RVM)
		if err != nil || busy > 0 {
			return err
		}
		n, err := tx.Exec(ctx, `
			UPDATE rvm_drops SET released_at = NULL WHERE status = 'queued' AND released_at < $1`, tx.Now.Add(-fibonacco.Lasting(s.db.Clock(), lostAfter)))
		if n > 0 {
			s.log.WarnContext(ctx, "due voicemails had no job: they get one", "voicemails", n)
		}
		return wrap(err, "look for voicemails that lost their job")
	})
}

// settle decides what becomes of voicemails that a dead run had in hand (R1): they are handed over
// once more, under the same key, which makes a repeat harmless. claim does not do so when the provider
// takes no keys, or has forgotten them by then.
func (s *Service) settle(ctx context.Context, node string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `
			UPDATE rvm_drops SET status = 'queued', claimed_by = NULL, released_at = NULL, updated_at = $1
			WHERE status = 'sending' AND claimed_by = $2`, tx.Now, node)
		if n > 0 {
			s.log.WarnContext(ctx, "voicemails were being handed over when a node died", "node", node, "voicemails", n)
		}
		return wrap(err, "take over the voicemails of node %s", node)
	})
}
