// Package notice mails what is not marketing: confirmations, links that somebody asked for, reminders
// of appointments. It owns the table notices.
//
// Read in this order: notice.go (Post stores it with its cause), release.go (when it is due), deliver.go
// (hands it over, once), compose.go (how it is written).
package notice

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// Options make a Service.
type Options struct {
	DB     *db.DB
	Queue  *queue.Queue
	Config fibonacco.Config
	Log    *slog.Logger // nil means slog.Default()
	// Deliver hands one mail to the provider and waits for the answer. nil in processes that mail nothing.
	Deliver func(ctx context.Context, m *fibonacco.Mail) (fibonacco.Handover, error)
	// Ready is nil when Deliver can be tried. nil means always.
	Ready func() error
}

// Service stores notices and mails them. Safe for concurrent use.
type Service struct {
	db      *db.DB
	queue   *queue.Queue
	cfg     fibonacco.Config
	log     *slog.Logger
	deliver func(ctx context.Context, m *fibonacco.Mail) (fibonacco.Handover, error)
	ready   func() error
}

// New makes a Service and registers its jobs with the queue.
func New(o Options) *Service {
	s := &Service{db: o.DB, queue: o.Queue, cfg: o.Config, log: o.Log, deliver: o.Deliver, ready: o.Ready}
	if s.log == nil {
		s.log = slog.Default()
	}
	queue.Handle(s.queue, s.mail)
	return s
}

// Post stores a notice in the transaction of what it tells of; it is mailed after the commit, at its
// time. One with a key that was there before is left alone. Returns Invalid for what cannot be mailed.
func (s *Service) Post(ctx context.Context, tx *db.Tx, n fibonacco.Notice) error {
	if err := check(n); err != nil {
		return err
	}
	due := n.At
	if due.IsZero() {
		due = tx.Now
	}
	var released any
	if !due.After(tx.Now) {
		released = tx.Now
	}
	var smb any
	if n.SMBID != 0 {
		smb = n.SMBID
	}
	var id int64
	err := tx.QueryRow(ctx, `
		INSERT INTO notices (notice_key, purpose, smb_id, recipient, subject, content, due_at, released_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT (notice_key) DO NOTHING RETURNING id`,
		n.Key, n.Purpose, smb, n.To, n.Subject, db.JSON(contentOf(n)), due, released, tx.Now).Scan(&id)
	if db.IsNoRows(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("store a notice: %w", err)
	}
	if released == nil {
		return nil
	}
	return s.queue.Enqueue(ctx, tx, job{ID: id})
}

// Cancel takes back notices that are not on their way yet, by their keys.
func (s *Service) Cancel(ctx context.Context, tx *db.Tx, keys ...string) error {
	if _, err := tx.Exec(ctx, `
		UPDATE notices SET status = 'cancelled', content = '{}', updated_at = $1 WHERE notice_key IN ($2...) AND status = 'queued'`, tx.Now, keys); err != nil {
		return fmt.Errorf("cancel %d notices: %w", len(keys), err)
	}
	return nil
}

// content is what a notice says, while it waits.
type content struct {
	ReplyTo    string      `json:"reply_to,omitempty"`
	Paragraphs []string    `json:"paragraphs,omitempty"`
	Facts      [][2]string `json:"facts,omitempty"`
	Button     string      `json:"button,omitempty"`
	ButtonURL  string      `json:"button_url,omitempty"`
	After      []string    `json:"after,omitempty"`
	Calendar   string      `json:"calendar,omitempty"`
	Method     string      `json:"method,omitempty"`
	Footer     string      `json:"footer,omitempty"`
	Leave      string      `json:"leave,omitempty"`
}

func contentOf(n fibonacco.Notice) content {
	return content{n.ReplyTo, n.Paragraphs, n.Facts, n.Button, n.ButtonURL, n.After, n.Calendar, n.Method, n.Footer, n.Leave}
}

func check(n fibonacco.Notice) error {
	var bad []fibonacco.FieldError
	refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
	if n.Key == "" || len(n.Key) > 255 {
		refuse("key", "must be from 1 to 255 bytes long")
	}
	if n.Purpose == "" || len(n.Purpose) > 100 {
		refuse("purpose", "must be from 1 to 100 bytes long")
	}
	if !fibonacco.ValidEmail(n.To) {
		refuse("to", "is not an e-mail address")
	}
	if n.ReplyTo != "" && !fibonacco.ValidEmail(n.ReplyTo) {
		refuse("reply_to", "is not an e-mail address")
	}
	if strings.TrimSpace(n.Subject) == "" || utf8.RuneCountInString(n.Subject) > 255 {
		refuse("subject", "must be from 1 to 255 characters long")
	}
	if len(n.Paragraphs) == 0 {
		refuse("paragraphs", "are missing")
	}
	if n.Button != "" && !isPage(n.ButtonURL) {
		refuse("button_url", "is no address of a page")
	}
	if n.Leave != "" && (!isPage(n.Leave) || strings.ContainsAny(n.Leave, "<>\r\n ")) {
		refuse("leave", "is no address of a page")
	}
	if n.Calendar != "" && n.Method != "PUBLISH" && n.Method != "REQUEST" && n.Method != "CANCEL" {
		refuse("method", "must be PUBLISH, REQUEST or CANCEL")
	}
	if bad != nil {
		return fibonacco.InvalidFields("the notice cannot be mailed", bad)
	}
	return nil
}

func isPage(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// Schedule registers the periodic work: the release of what is due.
func (s *Service) Schedule() {
	s.queue.Every("notice.release", "@every 1m", "UTC", func(ctx context.Context, _ time.Time) error { return s.Release(ctx) })
}
