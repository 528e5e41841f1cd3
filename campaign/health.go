package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

const (
	healthSpan  = 24 * time.Hour
	healthLeast = 100             // mails before a rate says anything
	pausedPause = 5 * time.Second // how long a chunk waits, in real time, while sending is paused
	healthActor = "health"
	sendingKey  = "sending" // in settings
)

// sendingSetting is what all nodes know of it.
type sendingSetting struct {
	Paused  bool       `json:"paused"`
	Reason  string     `json:"reason,omitempty"`
	By      string     `json:"by,omitempty"`
	Since   *time.Time `json:"since,omitempty"`
	Counted *time.Time `json:"counted,omitempty"` // health is counted from here on
}

var _ fibonacco.SendingControl = (*Service)(nil)

func loadSending(ctx context.Context, tx *db.Tx, lock string) (s sendingSetting, err error) {
	var text string
	err = tx.QueryRow(ctx, `SELECT CAST(value AS text) FROM settings WHERE key = $1`+lock, sendingKey).Scan(&text)
	if db.IsNoRows(err) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &s)
	}
	if err != nil {
		return s, fmt.Errorf("read whether sending is paused: %w", err)
	}
	return s, nil
}

func storeSending(ctx context.Context, tx *db.Tx, s sendingSetting) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`, sendingKey, db.JSON(s), tx.Now)
	if err != nil {
		return fmt.Errorf("store whether sending is paused: %w", err)
	}
	return nil
}

// held is a Snooze when sending is paused. It is asked in the transaction that claims (R3).
func held(ctx context.Context, tx *db.Tx) error {
	s, err := loadSending(ctx, tx, "")
	if err == nil && s.Paused {
		err = queue.Snooze(pausedPause)
	}
	return err
}

// SendingState implements fibonacco.SendingControl.
func (s *Service) SendingState(ctx context.Context) (*fibonacco.SendingState, error) {
	var out fibonacco.SendingState
	err := s.db.View(ctx, func(tx *db.Tx) error {
		now, err := loadSending(ctx, tx, "")
		if err != nil {
			return err
		}
		out = fibonacco.SendingState{Paused: now.Paused, Reason: now.Reason, By: now.By, Since: now.Since}
		if out.Health, err = countHealth(ctx, tx, now); err != nil {
			return err
		}
		out.Warmup, err = s.warmupState(ctx, tx)
		return err
	})
	return &out, err
}

// countHealth counts each send once, by its row: a replayed event changes nothing.
func countHealth(ctx context.Context, tx *db.Tx, s sendingSetting) (fibonacco.MailHealth, error) {
	h := fibonacco.MailHealth{Since: tx.Now.Add(-healthSpan), Level: "ok"}
	if s.Counted != nil && s.Counted.After(h.Since) {
		h.Since = *s.Counted
	}
	err := tx.QueryRow(ctx, `
		SELECT COUNT(*), COALESCE(SUM(CASE WHEN bounced_at IS NOT NULL THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN complained_at IS NOT NULL THEN 1 ELSE 0 END), 0)
		FROM campaign_sends WHERE status IN ('sent', 'bounced', 'complained') AND sent_at >= $1`, h.Since).Scan(&h.Sent, &h.Bounced, &h.Complained)
	if err != nil {
		return h, fmt.Errorf("count what came back: %w", err)
	}
	if h.Sent == 0 {
		return h, nil
	}
	h.BounceRate = 100 * float64(h.Bounced) / float64(h.Sent)
	h.ComplaintRate = 100 * float64(h.Complained) / float64(h.Sent)
	switch {
	case h.Sent < healthLeast:
	case h.BounceRate > fibonacco.BouncePause || h.ComplaintRate > fibonacco.ComplaintPause:
		h.Level = "critical"
	case h.BounceRate > fibonacco.BounceWarning || h.ComplaintRate > fibonacco.ComplaintWarning:
		h.Level = "warning"
	}
	return h, nil
}

// GuardHealth pauses sending when too much comes back (M8-08). Once paused, it stays so until a
// person has looked: sending on is what costs a sender's name.
func (s *Service) GuardHealth(ctx context.Context, _ time.Time) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		now, err := loadSending(ctx, tx, " FOR UPDATE")
		if err != nil || now.Paused {
			return err
		}
		h, err := countHealth(ctx, tx, now)
		if err != nil || h.Level != "critical" {
			return err
		}
		reason := fmt.Sprintf("%.2f %% of %d mails bounced (5 %% is the limit) and %.3f %% were reported as spam (0.1 %%)", h.BounceRate, h.Sent, h.ComplaintRate)
		s.log.Error("sending is paused: too much comes back", "sent", h.Sent, "bounced", h.Bounced, "complained", h.Complained)
		return s.pause(ctx, tx, now, reason, healthActor)
	})
}

func (s *Service) pause(ctx context.Context, tx *db.Tx, now sendingSetting, reason, by string) error {
	since := tx.Now
	now.Paused, now.Reason, now.By, now.Since = true, reason, by, &since
	if err := storeSending(ctx, tx, now); err != nil {
		return err
	}
	if err := audit.Record(ctx, tx, fibonacco.AuditEntry{
		Action: "sending.paused", Entity: "sending", After: map[string]any{"paused": true, "reason": reason, "by": by},
	}); err != nil {
		return err
	}
	return s.queue.Publish(ctx, tx, fibonacco.SendingPaused{Reason: reason, By: by})
}

// PauseSending implements fibonacco.SendingControl.
func (s *Service) PauseSending(ctx context.Context, reason, by string) error {
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > 500 {
		return fibonacco.InvalidFields("sending cannot be paused", []fibonacco.FieldError{{Field: "reason", Reason: "is required, in at most 500 bytes"}})
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		now, err := loadSending(ctx, tx, " FOR UPDATE")
		if err != nil || now.Paused {
			return err
		}
		return s.pause(ctx, tx, now, reason, by)
	})
}

// ResumeSending implements fibonacco.SendingControl.
func (s *Service) ResumeSending(ctx context.Context, by string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		now, err := loadSending(ctx, tx, " FOR UPDATE")
		if err != nil || !now.Paused {
			return err
		}
		counted := tx.Now
		if err := storeSending(ctx, tx, sendingSetting{Counted: &counted}); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, fibonacco.AuditEntry{
			Action: "sending.resumed", Entity: "sending",
			Before: map[string]any{"paused": true, "reason": now.Reason, "by": now.By}, After: map[string]any{"paused": false, "by": by},
		}); err != nil {
			return err
		}
		return s.queue.Publish(ctx, tx, fibonacco.SendingResumed{By: by})
	})
}
