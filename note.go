package fibonacco

import (
	"context"
	"time"
)

// MostNote is the most characters that a note has.
const MostNote = 4000

// Note is what one of our people wrote down about an SMB, for the others. It is part of what the SMB
// gets when it asks for everything that is stored about it, and goes with an erasure.
type Note struct {
	ID        int64     `json:"id"`
	SMBID     int64     `json:"smb_id"`
	Body      string    `json:"body"` // plain text
	UserID    *int64    `json:"user_id"`
	Author    string    `json:"author"` // the name of whoever wrote it, as it was then
	Mine      bool      `json:"mine"`   // whoever asks has written it
	CreatedAt time.Time `json:"created_at"`
}

// NoteListing is what can be asked of an SMB's notes.
var NoteListing = Listing{
	Name: "notes", Sort: "-id",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they were written."},
		{Name: "user_id", Kind: IntegerField, Filter: true, About: "Who wrote it."},
		{Name: "created_at", Kind: TimeField, Filter: true, About: "When."},
	},
}

// NoteService keeps notes, within the caller's communities. Each method returns NotFound for an SMB
// that is unknown, deleted or not the caller's to see.
type NoteService interface {
	// ListNotes is one page of NoteListing of one SMB.
	ListNotes(ctx context.Context, smbID int64, q ListQuery) (Page[Note], error)
	// AddNote writes one down in the caller's name. Returns Invalid for one that is empty or has more
	// than MostNote characters.
	AddNote(ctx context.Context, smbID int64, body string) (*Note, error)
	// DeleteNote takes one away for good. Returns NotFound, and Forbidden unless whoever asks wrote it
	// or is a manager.
	DeleteNote(ctx context.Context, smbID, noteID int64) error
}
