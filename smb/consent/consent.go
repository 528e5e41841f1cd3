// Package consent keeps who may be reached, and the proof of it:
//
//	add.go           many consents at once, and what they do to the opt-ins
//	record.go        one that somebody writes down, list.go: those of a business
//	switched.go      a member of staff changed an opt-in of the record itself
//	hold.go          addresses and numbers that get nothing more, many at once
//	suppress.go      one of them, suppressions.go: all of them
//	file.go          a do-not-contact file is read, importing.go: and taken in
//	erased.go        what was erased is known by a keyed hash only, and stays suppressed
//
// The package owns the tables consents and suppressions, and the four opt-in columns of smbs. It
// sends nothing; whoever does looks at the opt-ins and suppressions once more before (R3).
package consent

import (
	"context"
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// Service implements fibonacco.ConsentService. Safe for concurrent use.
type Service struct {
	db    *db.DB
	queue *queue.Queue
}

var _ fibonacco.ConsentService = (*Service)(nil)

// New makes the service; q publishes its events.
func New(d *db.DB, q *queue.Queue) *Service { return &Service{db: d, queue: q} }

// owner is what is asked of the SMB that a consent or suppression is about.
type owner struct {
	ID          int64
	CommunityID int64
	Email       string
	Phone       string
}

// findOwner returns NotFound for an SMB that is unknown, deleted or not the caller's to see. lock
// keeps others from changing it meanwhile.
func findOwner(ctx context.Context, tx *db.Tx, smbID int64, lock bool) (*owner, error) {
	query := `
		SELECT id, community_id, COALESCE(primary_email, '') AS email, COALESCE(primary_phone, '') AS phone
		FROM smbs WHERE id = $1 AND deleted_at IS NULL`
	if lock {
		query += ` FOR NO KEY UPDATE`
	}
	o, err := db.Get[owner](ctx, tx, query, smbID)
	if db.IsNoRows(err) || err == nil && !fibonacco.InScope(ctx, o.CommunityID) {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no such business")
	}
	if err != nil {
		return nil, fmt.Errorf("read SMB %d: %w", smbID, err)
	}
	return &o, nil
}

// RecordedBy is whoever asks, as consents name them: "Ana Ruiz (user 5)".
func RecordedBy(ctx context.Context) string {
	switch p := fibonacco.PrincipalOf(ctx); {
	case p == nil:
		return "fibonacco"
	case p.TokenID != 0:
		return fmt.Sprintf("%s (token %d)", cut(p.Name, 200), p.TokenID)
	case p.UserID != 0:
		return fmt.Sprintf("%s (user %d)", cut(p.Name, 200), p.UserID)
	default:
		return cut(p.Name, 200)
	}
}

// unstorable says why a text cannot be stored; "" when it can. most is in characters.
func unstorable(text string, most int) string {
	switch {
	case strings.ContainsRune(text, 0):
		return "holds a zero byte"
	case strings.ToValidUTF8(text, "") != text:
		return "is not UTF-8 text"
	case len([]rune(text)) > most:
		return fmt.Sprintf("must have at most %d characters", most)
	}
	return ""
}

func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}
