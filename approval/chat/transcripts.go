package chat

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const (
	// kept is how long a conversation is there: for its visitor, its owner, and at all.
	kept = 30 * 24 * time.Hour

	transcriptsMost = 50
	forgetAtOnce    = 500 // sessions of one transaction
)

// Transcripts implements fibonacco.Assistants.
func (s *Service) Transcripts(ctx context.Context, smbID int64) ([]fibonacco.Transcript, error) {
	var all []fibonacco.Transcript
	err := s.o.DB.View(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(ctx, `
			SELECT CAST(session_id AS text), visitor_name, visitor_reach, started_at FROM chat_sessions
			WHERE smb_id = $1 AND started_at > $2 AND messages > 0 AND NOT preview ORDER BY started_at DESC, id DESC LIMIT $3`, smbID, tx.Now.Add(-kept), transcriptsMost)
		if err != nil {
			return fmt.Errorf("list the chats of SMB %d: %w", smbID, err)
		}
		defer func() { _ = rows.Close() }()
		var ids []string
		at := map[string]int{}
		for rows.Next() {
			var t fibonacco.Transcript
			if err := rows.Scan(&t.ID, &t.Name, &t.Reach, db.Time(&t.Started)); err != nil {
				return fmt.Errorf("list the chats of SMB %d: %w", smbID, err)
			}
			at[t.ID] = len(all)
			all, ids = append(all, t), append(ids, t.ID)
		}
		if err := rows.Err(); err != nil || len(ids) == 0 {
			return err
		}
		said, err := readMessages(ctx, tx, ids)
		for _, m := range said {
			t := &all[at[m.session]]
			t.Lines = append(t.Lines, m.line(fibonacco.AssistantFacts{}))
		}
		return err
	})
	return all, err
}

// Forget deletes the conversations that are older than they are kept.
func (s *Service) Forget(ctx context.Context) error {
	for more := true; more; {
		if err := s.o.DB.Update(ctx, func(tx *db.Tx) error {
			ids, err := db.Select[string](ctx, tx, `
				SELECT CAST(session_id AS text) FROM chat_sessions WHERE started_at <= $1 ORDER BY started_at LIMIT $2`, tx.Now.Add(-kept), forgetAtOnce)
			if err != nil || len(ids) == 0 {
				more = false
				return err
			}
			for _, query := range []string{
				`DELETE FROM chat_messages WHERE session_id IN ($1...)`, `DELETE FROM chat_sessions WHERE CAST(session_id AS text) IN ($1...)`,
			} {
				if _, err := tx.Exec(ctx, query, ids); err != nil {
					return fmt.Errorf("delete %d old chats: %w", len(ids), err)
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// Schedule registers the periodic work.
func (s *Service) Schedule() {
	s.o.Queue.Every("chat.forget", "@every 6h", "UTC", func(ctx context.Context, _ time.Time) error { return s.Forget(ctx) })
}
