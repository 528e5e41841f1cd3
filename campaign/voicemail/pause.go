package voicemail

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

const pauseKey = "voicemail" // in settings

// pauseSetting is what all nodes know of a pause.
type pauseSetting struct {
	Paused bool       `json:"paused"`
	Reason string     `json:"reason,omitempty"`
	By     string     `json:"by,omitempty"`
	Since  *time.Time `json:"since,omitempty"`
}

func loadPause(ctx context.Context, tx *db.Tx, lock string) (p pauseSetting, err error) {
	var text string
	err = tx.QueryRow(ctx, `SELECT CAST(value AS text) FROM settings WHERE key = $1`+lock, pauseKey).Scan(&text)
	if db.IsNoRows(err) {
		return p, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &p)
	}
	return p, wrap(err, "read whether voicemails are paused")
}

func storePause(ctx context.Context, tx *db.Tx, p pauseSetting) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`, pauseKey, db.JSON(p), tx.Now)
	return wrap(err, "store whether voicemails are paused")
}

// pause stops all voicemails in the caller's transaction, unless they are stopped already.
func (s *Service) pause(ctx context.Context, tx *db.Tx, reason, by string) error {
	p, err := loadPause(ctx, tx, " FOR UPDATE")
	if err != nil || p.Paused {
		return err
	}
	since := tx.Now
	if err := storePause(ctx, tx, pauseSetting{Paused: true, Reason: reason, By: by, Since: &since}); err != nil {
		return err
	}
	if err := audit.Record(ctx, tx, fibonacco.AuditEntry{
		Action: "voicemail.paused", Entity: "voicemail", After: map[string]any{"paused": true, "reason": reason, "by": by},
	}); err != nil {
		return err
	}
	s.log.ErrorContext(ctx, "voicemails are paused", "by", by, "reason", reason)
	return s.queue.Publish(ctx, tx, fibonacco.VoicemailPaused{Reason: reason, By: by})
}

// VoicemailState implements fibonacco.VoicemailControl.
func (s *Service) VoicemailState(ctx context.Context) (*fibonacco.VoicemailState, error) {
	var out fibonacco.VoicemailState
	err := s.db.View(ctx, func(tx *db.Tx) error {
		p, err := loadPause(ctx, tx, "")
		out = fibonacco.VoicemailState{Paused: p.Paused, Reason: p.Reason, By: p.By, Since: p.Since}
		return err
	})
	if s.setUp() {
		out.Provider = s.cfg.Provider
	}
	return &out, err
}

// PauseVoicemail implements fibonacco.VoicemailControl.
func (s *Service) PauseVoicemail(ctx context.Context, reason, by string) error {
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > 500 {
		return fibonacco.InvalidFields("voicemails cannot be paused", []fibonacco.FieldError{{Field: "reason", Reason: "is required, in at most 500 bytes"}})
	}
	return s.db.Update(ctx, func(tx *db.Tx) error { return s.pause(ctx, tx, reason, by) })
}

// ResumeVoicemail implements fibonacco.VoicemailControl.
func (s *Service) ResumeVoicemail(ctx context.Context, by string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		p, err := loadPause(ctx, tx, " FOR UPDATE")
		if err != nil || !p.Paused {
			return err
		}
		if err := storePause(ctx, tx, pauseSetting{}); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, fibonacco.AuditEntry{
			Action: "voicemail.resumed", Entity: "voicemail",
			Before: map[string]any{"paused": true, "reason": p.Reason, "by": p.By}, After: map[string]any{"paused": false, "by": by},
		}); err != nil {
			return err
		}
		return s.queue.Publish(ctx, tx, fibonacco.VoicemailResumed{By: by})
	})
}
