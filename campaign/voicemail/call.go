package voicemail

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// calledWithin is how long after a voicemail a call from its number is taken for an answer to it.
const calledWithin = 30 * 24 * time.Hour

// Intents of callers, as callbacks.intent_detected has them.
const (
	intentOptOut   = "opt_out"
	intentTalk     = "conversation"
	maskedNumber   = "anonymous"
	recordingField = "recording_url"
)

// call is one call to one of our numbers, as it is stored.
type call struct {
	fibonacco.PhoneCall
	intent string
	done   []string // what followed from it
}

// storeCall writes a call down, ties it to the voicemail that it answers, and publishes
// CallbackReceived once per call (M2-18). A later step of the same call adds to its row.
func (s *Service) storeCall(ctx context.Context, tx *db.Tx, c call) error {
	if c.From == "" {
		c.From = maskedNumber
	}
	type answered struct {
		ID    int64
		SMBID int64 `db:"smb_id"`
	}
	to, err := db.Get[answered](ctx, tx, `
		SELECT id, smb_id FROM rvm_drops WHERE phone = $1 AND sent_at > $2 AND status IN ('sending', 'sent', 'delivered')
		ORDER BY sent_at DESC, id DESC LIMIT 1`, c.From, tx.Now.Add(-calledWithin))
	if db.IsNoRows(err) {
		to.SMBID, err = s.ownerOf(ctx, tx, c.From)
	}
	if err != nil {
		return fmt.Errorf("find the voicemail that a call answers: %w", err)
	}
	id := uuid.NewSHA1(uuid.NameSpaceURL, []byte("call:"+c.ID)).String()
	metadata := map[string]any{}
	if c.Recording != "" {
		metadata[recordingField] = cut(c.Recording, 2000)
	}
	var callback int64
	first := true
	err = tx.QueryRow(ctx, `
		INSERT INTO callbacks (uuid, smb_id, rvm_drop_id, caller_phone, called_number, started_at, transcript, intent_detected, actions_taken, metadata, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CAST($9 AS jsonb), CAST($10 AS jsonb), $6, $6) ON CONFLICT (uuid) DO NOTHING RETURNING id`,
		id, db.Null(to.SMBID), db.Null(to.ID), cut(c.From, 50), cut(c.To, 50), tx.Now, db.Null(cut(c.Speech, 10_000)), c.intent,
		db.JSON(append([]string{}, c.done...)), db.JSON(metadata)).Scan(&callback)
	if db.IsNoRows(err) {
		first, err = false, s.addToCall(ctx, tx, id, c, metadata)
	}
	if err != nil {
		return fmt.Errorf("store a call: %w", err)
	}
	if !first {
		return nil
	}
	if to.ID != 0 {
		if _, err := tx.Exec(ctx, `
			UPDATE rvm_drops SET callback_received = TRUE, callback_at = $1, callback_id = $2, updated_at = $1
			WHERE id = $3 AND callback_received = FALSE`, tx.Now, callback, to.ID); err != nil {
			return fmt.Errorf("tie a call to voicemail %d: %w", to.ID, err)
		}
	}
	return s.queue.Publish(ctx, tx, fibonacco.CallbackReceived{CallbackID: callback, SMBID: to.SMBID, Intent: c.intent})
}

// addToCall stores what a later step of a call brought. Who has asked to be left alone keeps that
// intent, whatever else was said.
func (s *Service) addToCall(ctx context.Context, tx *db.Tx, id string, c call, metadata map[string]any) error {
	var duration, recording, actions any
	if c.Seconds > 0 {
		duration = c.Seconds
	}
	if len(metadata) > 0 {
		recording = db.JSON(metadata)
	}
	if len(c.done) > 0 {
		actions = db.JSON(c.done)
	}
	_, err := tx.Exec(ctx, `
		UPDATE callbacks SET intent_detected = CASE WHEN intent_detected = 'opt_out' THEN intent_detected ELSE $1 END,
			actions_taken = COALESCE(CAST($2 AS jsonb), actions_taken), metadata = COALESCE(CAST($3 AS jsonb), metadata),
			duration_seconds = COALESCE($4, duration_seconds), transcript = COALESCE($5, transcript), ended_at = $6, updated_at = $6
		WHERE uuid = CAST($7 AS uuid)`, c.intent, actions, recording, duration, db.Null(cut(c.Speech, 10_000)), tx.Now, id)
	return err
}

// ownerOf is the SMB whose number it is; 0 when nobody's, or several businesses'.
func (s *Service) ownerOf(ctx context.Context, tx *db.Tx, phone string) (int64, error) {
	ids, err := db.Select[int64](ctx, tx, `SELECT id FROM smbs WHERE primary_phone = $1 AND deleted_at IS NULL ORDER BY id LIMIT 2`, phone)
	if err != nil || len(ids) != 1 {
		return 0, err
	}
	return ids[0], nil
}
