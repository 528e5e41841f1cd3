package campaign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// claimAtOnce bounds what one worker has claimed and not handed over: what is in doubt, should
// its node die and never come back.
const claimAtOnce = 250

// notReadyPause is how long a chunk waits, in real time, when the provider is unreachable.
const notReadyPause = 3 * time.Second

func (s *Service) sendChunk(ctx context.Context, j sendJob) error { return s.send(ctx, j.SendIDs) }

func (s *Service) sendUrgent(ctx context.Context, j urgentJob) error { return s.send(ctx, j.SendIDs) }

// ProcessSend implements fibonacco.CampaignMailing.
func (s *Service) ProcessSend(ctx context.Context, campaignSendID int64) error {
	if _, err := s.Send(ctx, campaignSendID); err != nil {
		return err
	}
	return s.send(ctx, []int64{campaignSendID})
}

// send claims and hands over those of ids that are still queued (M2-03), and returns when their
// results are stored. Ids that are not queued are somebody else's, or done: they are left alone.
func (s *Service) send(ctx context.Context, ids []int64) error {
	if s.lane == nil {
		return errors.New("this process has no mailer")
	}
	if s.lane.mailer.Ready() != nil {
		return queue.Snooze(notReadyPause) // nothing claimed, nothing counted, nothing lost
	}
	steps, err := s.steps(ctx)
	if err != nil {
		return err
	}
	for len(ids) > 0 {
		n := min(claimAtOnce, len(ids))
		claims, unread, err := s.claim(ctx, steps, ids[:n])
		if err != nil {
			return fmt.Errorf("claim %d sends: %w", n, err)
		}
		if len(unread) > 0 {
			if steps, err = s.readVersions(ctx, steps, unread); err != nil {
				return err
			}
			continue
		}
		if err := s.lane.handOver(ctx, steps, claims); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// claim is a send in this node's hands.
type claim struct {
	id          int64
	smbID       int64
	communityID int64
	uuid        string
	campaignID  string
	version     int
	email       string
	subject     string
	attempts    int
	at          time.Time // when it was claimed: the mail's Date
	business    string
	contact     string
	category    string
	community   string
}

// claim marks queued sends as sending, by this node, and commits: the intent is stored before
// anything leaves (R1). Whether the recipient may be mailed is looked at once more in the same
// transaction (R3); those who may not are closed with the reason (R2). When sends were planned with
// versions that steps has not got, it claims nothing and names them.
func (s *Service) claim(ctx context.Context, steps steps, ids []int64) (claims []claim, unread []versionKey, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		claims, unread = claims[:0], nil
		if err := held(ctx, tx); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			SELECT s.id, s.smb_id, smbs.community_id, CAST(s.uuid AS text), s.campaign_id, s.campaign_version, s.email, COALESCE(s.subject, ''), s.attempts,
				smbs.business_name, COALESCE(smbs.primary_contact_name, ''), COALESCE(smbs.category, ''), communities.name,
				smbs.email_opted_in, smbs.do_not_contact, smbs.campaign_status, smbs.deleted_at IS NOT NULL,
				EXISTS (SELECT 1 FROM suppressions WHERE suppressions.email_key = lower(s.email)),
				EXISTS (SELECT 1 FROM preferences WHERE preferences.smb_id = s.smb_id),
				COALESCE(s.scheduled_for, s.created_at)
			FROM campaign_sends s JOIN smbs ON smbs.id = s.smb_id JOIN communities ON communities.id = smbs.community_id
			WHERE s.id IN ($1...) AND s.status = 'queued' ORDER BY s.id`, ids)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		closed := db.NewBatch("id bigint", "status text", "reason text")
		var mine, late, choosy []int64
		dues := map[int64]due{}
		for rows.Next() {
			c := claim{at: tx.Now}
			var optedIn, dnc, deleted, suppressed, wishes bool
			var at time.Time
			var status fibonacco.CampaignStatus
			if err := rows.Scan(&c.id, &c.smbID, &c.communityID, &c.uuid, &c.campaignID, &c.version, &c.email, &c.subject, &c.attempts,
				&c.business, &c.contact, &c.category, &c.community, &optedIn, &dnc, &status, &deleted, &suppressed, &wishes, db.Time(&at)); err != nil {
				return err
			}
			key := versionKey{c.campaignID, c.version}
			step, known := steps.version(key)
			if !known {
				if !slices.Contains(unread, key) {
					unread = append(unread, key)
				}
				continue
			}
			inProgramme := step != nil && step.Day > 0
			if st, why := mayLeave(c.email, optedIn, dnc, suppressed, deleted, inProgramme, status); why != "" {
				closed.Add(c.id, string(st), string(why))
				continue
			}
			if step == nil {
				continue // it does not compile: the send stays queued until somebody mends it
			}
			if wishes {
				choosy = append(choosy, c.smbID)
			}
			claims, mine = append(claims, c), append(mine, c.id)
			dues[c.id] = due{c.communityID, at}
			if inProgramme && at.Before(tx.Now.Add(-lateAfter)) {
				late = append(late, c.id)
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if err := rows.Close(); err != nil {
			return err
		}
		if len(unread) > 0 {
			return nil
		}
		missed, err := overtaken(ctx, tx, late)
		if err != nil {
			return err
		}
		for _, id := range missed {
			closed.Add(id, string(fibonacco.SendCancelled), string(fibonacco.Missed))
		}
		refused, err := declined(ctx, tx, steps, claims, choosy, closed)
		if err != nil {
			return err
		}
		mine = slices.DeleteFunc(mine, func(id int64) bool { return slices.Contains(missed, id) || slices.Contains(refused, id) })
		if _, err := tx.ExecBatch(ctx, closed, `
			UPDATE campaign_sends SET status = rows.status, skip_reason = rows.reason, updated_at = $1
			FROM rows WHERE campaign_sends.id = rows.id AND campaign_sends.status = 'queued'`, tx.Now); err != nil {
			return err
		}
		mine, over, volume, limited, err := s.fitWarmup(ctx, tx, mine)
		if err != nil {
			return err
		}
		if len(over) > 0 {
			if err := s.postpone(ctx, tx, over, dues, volume); err != nil {
				return err
			}
		}
		// The WHERE clause is the lock: of two workers with the same id, one gets it back.
		won, err := db.Select[int64](ctx, tx, `
			UPDATE campaign_sends SET status = 'sending', claimed_by = $1, claimed_at = $2, updated_at = $2
			WHERE id IN ($3...) AND status = 'queued' RETURNING id`, s.queue.NodeID(), tx.Now, mine)
		if err != nil {
			return err
		}
		if limited {
			if err := countWarmup(ctx, tx, len(won), 0); err != nil {
				return err
			}
		}
		if len(won) < len(claims) {
			claims = slices.DeleteFunc(claims, func(c claim) bool { return !slices.Contains(won, c.id) })
		}
		return nil
	})
	return claims, unread, err
}

// returnPath is the envelope sender: the mail's own where bounces come back to us.
func (s *Service) returnPath(c claim) string {
	if s.cfg.Email.BounceDomain == "" || s.tagged { // SES keeps the return path to itself
		return s.cfg.Email.FromEmail
	}
	return s.signer.ReturnPath(fibonacco.SendClaim{SendID: c.id, SMBID: c.smbID}, s.cfg.Email.BounceDomain)
}

// lateAfter is how late a step may be before it is looked whether the next one is due already.
const lateAfter = 20 * time.Hour

// overtaken is those of late steps whose business is due a later one, or has had it: after days
// without sending, a business gets one mail and not several (R4).
func overtaken(ctx context.Context, tx *db.Tx, late []int64) ([]int64, error) {
	if len(late) == 0 {
		return nil, nil
	}
	missed, err := db.Select[int64](ctx, tx, `
		SELECT s.id FROM campaign_sends s WHERE s.id IN ($1...) AND EXISTS (
			SELECT 1 FROM campaign_sends n JOIN campaigns ON campaigns.id = n.campaign_id
			WHERE n.smb_id = s.smb_id AND n.scheduled_for > s.scheduled_for AND n.scheduled_for <= $2 AND campaigns.day > 0
				AND n.status NOT IN ('cancelled', 'suppressed'))`, late, tx.Now)
	if err != nil {
		return nil, fmt.Errorf("look for later steps: %w", err)
	}
	return missed, nil
}

// mayLeave is the last look before a mail leaves: "" when it may, else what becomes of the send.
func mayLeave(email string, optedIn, dnc, suppressed, deleted, inProgramme bool, status fibonacco.CampaignStatus) (fibonacco.SendStatus, fibonacco.SkipReason) {
	switch {
	case deleted:
		return fibonacco.SendCancelled, fibonacco.Deleted
	case inProgramme && status == fibonacco.StatusPaused:
		return fibonacco.SendCancelled, fibonacco.Paused
	case inProgramme && status == fibonacco.StatusPending:
		return fibonacco.SendCancelled, fibonacco.NotActive
	}
	if why := contactable(email, optedIn, dnc, suppressed); why != "" {
		return fibonacco.SendSuppressed, why
	}
	return "", ""
}

// write renders a claimed send.
func (s *Service) write(step *step, c claim) (*fibonacco.Mail, error) {
	message, err := step.mail.Render(make([]byte, 0, 16<<10), render.Recipient{
		SendID: c.id, SMBID: c.smbID, UUID: c.uuid, Email: c.email, Subject: c.subject, At: c.at,
		Fields: fields(c.business, c.contact, c.category, c.community),
	})
	if err != nil {
		return nil, err
	}
	var tags map[string]string
	if s.tagged {
		tags = map[string]string{"campaign": c.campaignID, "smb": strconv.FormatInt(c.smbID, 10), "send": strconv.FormatInt(c.id, 10)}
	}
	return &fibonacco.Mail{
		Tags: tags, SendID: c.id, From: s.returnPath(c), To: c.email, Message: message,
		MessageID: c.uuid + s.cfg.Email.FromEmail[strings.LastIndexByte(s.cfg.Email.FromEmail, '@'):],
	}, nil
}
