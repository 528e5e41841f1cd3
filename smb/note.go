package smb

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

var noteTable = query.Table{Listing: fibonacco.NoteListing, From: "smb_notes", Key: "smb_notes.id"}

const noteColumns = `smb_notes.id, smb_notes.smb_id, smb_notes.body, smb_notes.user_id, smb_notes.author, smb_notes.created_at`

// ListNotes implements fibonacco.NoteService.
func (s *Service) ListNotes(ctx context.Context, smbID int64, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.Note], err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		page, err = query.OfSMB(ctx, tx, noteTable, smbID, q, noteColumns, func(row db.Row) (fibonacco.Note, error) { return scanNote(ctx, row) })
		return err
	})
	return page, err
}

func scanNote(ctx context.Context, row db.Row) (n fibonacco.Note, err error) {
	err = row.Scan(&n.ID, &n.SMBID, &n.Body, &n.UserID, &n.Author, db.Time(&n.CreatedAt))
	n.Mine = err == nil && wroteNote(ctx, n)
	return n, err
}

// wroteNote compares by account; where there is none, as in the demo or with a token of nobody's, the
// name is all there is.
func wroteNote(ctx context.Context, n fibonacco.Note) bool {
	p := fibonacco.PrincipalOf(ctx)
	switch {
	case p == nil:
		return false
	case n.UserID != nil:
		return *n.UserID == p.UserID
	}
	return p.UserID == 0 && p.Name == n.Author
}

// AddNote implements fibonacco.NoteService. The audit log notes that it was written, not its text: a
// note can be taken away, and an entry cannot.
func (s *Service) AddNote(ctx context.Context, smbID int64, body string) (*fibonacco.Note, error) {
	var note fibonacco.Note
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		b, err := findSMB(ctx, tx, `smbs.id = $1`, "", smbID)
		if err != nil {
			return err
		}
		text, err := noteText(body)
		if err != nil {
			return err
		}
		author, user := "fibonacco", (*int64)(nil)
		if p := fibonacco.PrincipalOf(ctx); p != nil {
			author = p.Name
			if p.UserID != 0 {
				user = &p.UserID
			}
		}
		note, err = scanNote(ctx, tx.QueryRow(ctx, `
			INSERT INTO smb_notes (smb_id, body, user_id, author, created_at) VALUES ($1, $2, $3, $4, $5) RETURNING `+
			strings.ReplaceAll(noteColumns, "smb_notes.", ""), smbID, text, user, author, tx.Now))
		if err != nil {
			return fmt.Errorf("write a note about SMB %d: %w", smbID, err)
		}
		return recordNote(ctx, tx, "smb.note_added", b, note.ID)
	})
	if err != nil {
		return nil, err
	}
	return &note, nil
}

func noteText(body string) (string, error) {
	body = strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n"))
	why := ""
	switch {
	case body == "":
		why = "is required"
	case !utf8.ValidString(body) || strings.ContainsRune(body, 0):
		why = "is not text"
	case utf8.RuneCountInString(body) > fibonacco.MostNote:
		why = fmt.Sprintf("must have at most %d characters", fibonacco.MostNote)
	default:
		return body, nil
	}
	return "", fibonacco.InvalidFields("the note cannot be kept", []fibonacco.FieldError{{Field: "body", Reason: why}})
}

func recordNote(ctx context.Context, tx *db.Tx, action string, b *fibonacco.SMB, noteID int64) error {
	return audit.Record(ctx, tx, fibonacco.AuditEntry{
		Action: action, Entity: "smb", EntityID: strconv.FormatInt(b.ID, 10), CommunityID: &b.CommunityID, After: map[string]any{"note_id": noteID},
	})
}

// DeleteNote implements fibonacco.NoteService.
func (s *Service) DeleteNote(ctx context.Context, smbID, noteID int64) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		b, err := findSMB(ctx, tx, `smbs.id = $1`, "", smbID)
		if err != nil {
			return err
		}
		note, err := scanNote(ctx, tx.QueryRow(ctx, `SELECT `+noteColumns+` FROM smb_notes WHERE smb_notes.id = $1 AND smb_notes.smb_id = $2`, noteID, smbID))
		if db.IsNoRows(err) {
			return fibonacco.Errorf(fibonacco.NotFound, "there is no such note")
		}
		if err != nil {
			return fmt.Errorf("find note %d: %w", noteID, err)
		}
		if p := fibonacco.PrincipalOf(ctx); p != nil && !note.Mine && !p.Role.AtLeast(fibonacco.Manager) {
			return fibonacco.Errorf(fibonacco.Forbidden, "a note is deleted by whoever wrote it, or by a manager")
		}
		n, err := tx.Exec(ctx, `DELETE FROM smb_notes WHERE id = $1`, noteID)
		if err != nil {
			return fmt.Errorf("delete note %d: %w", noteID, err)
		}
		if n == 0 {
			return fibonacco.Errorf(fibonacco.NotFound, "there is no such note")
		}
		return recordNote(ctx, tx, "smb.note_deleted", b, noteID)
	})
}
