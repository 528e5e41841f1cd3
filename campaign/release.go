package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// sendJob hands one chunk of planned mails over.
type sendJob struct {
	SendIDs []int64 `json:"send_ids"`
}

func (sendJob) Kind() string  { return "campaign.send" }
func (sendJob) Queue() string { return queue.Emails }

// urgentJob is a sendJob that goes before the day's wave.
type urgentJob struct {
	SendIDs []int64 `json:"send_ids"`
}

func (urgentJob) Kind() string  { return "campaign.send_urgent" }
func (urgentJob) Queue() string { return queue.EmailHigh }

// batchSends sets planned mails aside in chunks, to be released at a moment of the product's
// clock. River's own scheduling would follow the machine's clock, and look every 5 s only.
func (s *Service) batchSends(ctx context.Context, tx *db.Tx, queueName string, at time.Time, ids []int64) error {
	b := db.NewBatch("ids text")
	for size := s.cfg.Email.ChunkSize; len(ids) > 0; {
		n := min(size, len(ids))
		b.Add(db.JSON(ids[:n]))
		ids = ids[n:]
	}
	if _, err := tx.ExecBatch(ctx, b, `
		INSERT INTO send_batches (scheduled_for, queue, send_ids, created_at)
		SELECT $1, $2, ids, $3 FROM rows`, at, queueName, tx.Now); err != nil {
		return fmt.Errorf("set sends aside: %w", err)
	}
	return nil
}

// releaseAtOnce bounds how many chunks one transaction turns into jobs.
const releaseAtOnce = 200

// releaseDue turns every chunk that is due into a job. A chunk and its job change places in one
// transaction, so that no death loses one.
func (s *Service) releaseDue(ctx context.Context, _ time.Time) error {
	for {
		released := 0
		err := s.db.Update(ctx, func(tx *db.Tx) error {
			released = 0
			rows, err := tx.Query(ctx, `
				DELETE FROM send_batches WHERE id IN (
					SELECT id FROM send_batches WHERE scheduled_for <= $1
					ORDER BY scheduled_for, id LIMIT `+fmt.Sprint(releaseAtOnce)+` FOR UPDATE SKIP LOCKED)
				RETURNING queue, send_ids`, tx.Now)
			if err != nil {
				return err
			}
			defer func() { _ = rows.Close() }()
			var jobs []queue.Job
			for rows.Next() {
				var name, text string
				if err := rows.Scan(&name, &text); err != nil {
					return err
				}
				var ids []int64
				if err := json.Unmarshal([]byte(text), &ids); err != nil {
					return fmt.Errorf("read chunk: %w", err)
				}
				if name == queue.EmailHigh {
					jobs = append(jobs, urgentJob{ids})
				} else {
					jobs = append(jobs, sendJob{ids})
				}
			}
			if err := rows.Err(); err != nil {
				return err
			}
			if err := rows.Close(); err != nil {
				return err
			}
			released = len(jobs)
			return s.queue.Enqueue(ctx, tx, jobs...)
		})
		if err != nil {
			return fmt.Errorf("release due sends: %w", err)
		}
		if released < releaseAtOnce {
			return nil
		}
	}
}

// sweepAfter is how long past its time a queued mail may be before the sweep looks for its chunk.
const sweepAfter = 10 * time.Minute

// sweep finds queued mails that are long due while no mail job waits or runs: their job was lost
// (it gave up, or somebody deleted it). They get a new one. Nothing is lost quietly.
func (s *Service) sweep(ctx context.Context, _ time.Time) error {
	if err := s.settleForgotten(ctx); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		for _, name := range []string{queue.Emails, queue.EmailHigh} {
			busy, err := s.queue.Busy(ctx, tx, name)
			if err != nil || busy > 0 {
				return err
			}
		}
		waiting, err := db.Count(ctx, tx, `SELECT COUNT(*) FROM send_batches WHERE scheduled_for <= $1`, tx.Now)
		if err != nil || waiting > 0 {
			return err
		}
		ids, err := db.Select[int64](ctx, tx, `
			SELECT id FROM campaign_sends WHERE status = 'queued' AND scheduled_for < $1
			ORDER BY scheduled_for LIMIT 20000`, tx.Now.Add(-fibonacco.Lasting(s.db.Clock(), sweepAfter)))
		if err != nil || len(ids) == 0 {
			return err
		}
		s.log.Warn("queued sends had no job: they get one", "sends", len(ids))
		return s.batchSends(ctx, tx, queue.Emails, tx.Now, ids)
	})
}

// QueueSend implements fibonacco.CampaignMailing.
func (s *Service) QueueSend(ctx context.Context, smbID int64, campaignID string, at *time.Time) (*fibonacco.CampaignSend, error) {
	steps, err := s.steps(ctx)
	if err != nil {
		return nil, err
	}
	var id int64
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		var err error
		id, err = s.queueSend(ctx, tx, steps, smbID, campaignID, 1, at)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.Send(ctx, id)
}

// queueSend plans one mail in the caller's transaction. occurrence tells repeatable messages of
// one campaign apart.
func (s *Service) queueSend(ctx context.Context, tx *db.Tx, steps steps, smbID int64, campaignID string, occurrence int, at *time.Time) (int64, error) {
	step := steps.byID[campaignID]
	if step == nil {
		return 0, fibonacco.Errorf(fibonacco.NotFound, "there is no campaign %q", campaignID)
	}
	var communityID int64
	err := tx.QueryRow(ctx, `SELECT community_id FROM smbs WHERE id = $1`, smbID).Scan(&communityID)
	if err != nil && !db.IsNoRows(err) {
		return 0, err
	}
	t, err := loadTown(ctx, tx, communityID)
	if err != nil && fibonacco.CodeOf(err) != fibonacco.NotFound {
		return 0, err
	}
	found, err := loadCandidates(ctx, tx, `smbs.id = $1`, smbID)
	if err != nil {
		return 0, err
	}
	if len(found) == 0 {
		return 0, fibonacco.Errorf(fibonacco.NotFound, "there is no business %d", smbID)
	}
	c := found[0]
	wish, err := loadWishes(ctx, tx, t, found)
	if err != nil {
		return 0, err
	}
	why := contactable(c.Email, c.OptedIn, c.DNC, c.Suppressed)
	if why == "" {
		why = wish[smbID].refuse(step.Type, tx.Now)
	}
	if why != "" {
		return 0, &fibonacco.Error{
			Code: fibonacco.Invalid, Message: "this business may not be mailed",
			Fields: []fibonacco.FieldError{{Field: "smb_id", Reason: string(why)}},
		}
	}
	variant := step.variant(smbID)
	subject, err := step.subject(variant, c, t)
	if err != nil {
		return 0, err
	}
	when := tx.Now
	if at != nil && at.After(when) {
		when = *at
	}
	b := newSends()
	b.Add(newUUID(), smbID, campaignID, step.Version, variant, c.Email, subject)
	events, ids, err := insertSends(ctx, tx, communityID, b, occurrence, when, skipPlanned)
	if err != nil {
		return 0, err
	}
	if len(ids) == 0 {
		return 0, fibonacco.Errorf(fibonacco.Conflict, "%s is planned for this business already", campaignID)
	}
	if err := s.batchSends(ctx, tx, queue.EmailHigh, when, ids); err != nil {
		return 0, err
	}
	return ids[0], s.queue.Publish(ctx, tx, events...)
}
