package notice

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// job mails one notice.
type job struct {
	ID int64 `json:"id"`
}

func (job) Kind() string  { return "notice.mail" }
func (job) Queue() string { return queue.EmailHigh }

// notReadyPause is how long a notice waits for a provider that is away. It is no try.
const notReadyPause = 15 * time.Second

// mostTries is how often a provider may say "later".
const mostTries = 8

// mail hands a notice over. It is claimed first, so that it is on its way once at most: what the
// provider may have is not offered again.
func (s *Service) mail(ctx context.Context, j job) error {
	if s.deliver == nil || s.ready != nil && s.ready() != nil {
		return queue.Snooze(notReadyPause)
	}
	n, tries, err := s.claim(ctx, j.ID)
	if err != nil || n == nil {
		return err
	}
	id := uuid.NewString()
	message, err := s.compose(n, id, s.db.Clock().Now())
	if err != nil {
		return s.settle(ctx, j.ID, fibonacco.NoticeFailed, "", "it cannot be written: "+err.Error())
	}
	messageID := id + "@" + domainOf(s.cfg.Email.FromEmail)
	h, err := s.deliver(ctx, &fibonacco.Mail{From: s.cfg.Email.FromEmail, To: n.To, MessageID: messageID, Message: message})
	if err != nil { // nobody says what became of it
		h = fibonacco.Handover{Result: fibonacco.Unanswered, Reason: err.Error()}
	}
	if h.MessageID != "" {
		messageID = h.MessageID
	}
	// The answer is stored even when this process is told to stop meanwhile.
	ctx = context.WithoutCancel(ctx)
	switch h.Result {
	case fibonacco.Accepted:
		return s.settle(ctx, j.ID, fibonacco.NoticeSent, messageID, "")
	case fibonacco.Unanswered:
		return s.settle(ctx, j.ID, fibonacco.NoticeUnknown, messageID, h.Reason)
	case fibonacco.Refused:
		return s.settle(ctx, j.ID, fibonacco.NoticeFailed, "", h.Reason)
	case fibonacco.Deferred:
		if tries >= mostTries {
			return s.settle(ctx, j.ID, fibonacco.NoticeFailed, "", h.Reason)
		}
	}
	if err := s.settle(ctx, j.ID, fibonacco.NoticeQueued, "", h.Reason); err != nil {
		return err
	}
	return queue.Snooze(time.Duration(tries) * time.Minute)
}

// claim is a notice that is ours to mail now; nil when it was mailed, cancelled, or must not be.
func (s *Service) claim(ctx context.Context, id int64) (n *fibonacco.Notice, tries int, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		n = &fibonacco.Notice{}
		var text string
		err := tx.QueryRow(ctx, `
			UPDATE notices SET status = 'sending', attempts = attempts + 1, updated_at = $1 WHERE id = $2 AND status = 'queued'
			RETURNING recipient, subject, CAST(content AS text), attempts, purpose`, tx.Now, id).Scan(&n.To, &n.Subject, &text, &tries, &n.Purpose)
		if db.IsNoRows(err) {
			n = nil
			return nil
		}
		if err != nil {
			return fmt.Errorf("claim notice %d: %w", id, err)
		}
		var c content
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			return fmt.Errorf("read notice %d: %w", id, err)
		}
		n.ReplyTo, n.Paragraphs, n.Facts, n.Button, n.ButtonURL, n.After, n.Calendar, n.Method, n.Footer, n.Leave =
			c.ReplyTo, c.Paragraphs, c.Facts, c.Button, c.ButtonURL, c.After, c.Calendar, c.Method, c.Footer, c.Leave
		// Who left the programme still gets what they ask for; an address that bounces, or reported
		// us, gets nothing at all.
		held, err := db.Count(ctx, tx, `
			SELECT count(*) FROM suppressions WHERE email_key = $1 AND reason IN ('bounce', 'complaint', 'legal')`, strings.ToLower(fibonacco.NormalizeEmail(n.To)))
		if err != nil {
			return fmt.Errorf("look for the recipient of notice %d among the suppressions: %w", id, err)
		}
		if held == 0 {
			return nil
		}
		n = nil
		return settled(ctx, tx, id, fibonacco.NoticeSuppressed, "", "")
	})
	return n, tries, err
}

func (s *Service) settle(ctx context.Context, id int64, state fibonacco.NoticeState, messageID, reason string) error {
	if state == fibonacco.NoticeFailed || state == fibonacco.NoticeUnknown {
		s.log.Warn("a notice did not go as it should", "notice", id, "state", state)
	}
	return s.db.Update(ctx, func(tx *db.Tx) error { return settled(ctx, tx, id, state, messageID, reason) })
}

// settled stores what became of a notice on its way. What it said goes, but for one that waits again.
func settled(ctx context.Context, tx *db.Tx, id int64, state fibonacco.NoticeState, messageID, reason string) error {
	var sent any
	if state == fibonacco.NoticeSent {
		sent = tx.Now
	}
	if _, err := tx.Exec(ctx, `
		UPDATE notices SET status = $1, message_id = $2, last_error = $3, sent_at = $4, updated_at = $5,
			content = CASE WHEN CAST($7 AS boolean) THEN content ELSE '{}' END
		WHERE id = $6 AND status = 'sending'`, string(state), db.Null(messageID), db.Null(reason), sent, tx.Now, id, state == fibonacco.NoticeQueued); err != nil {
		return fmt.Errorf("store what became of notice %d: %w", id, err)
	}
	return nil
}
