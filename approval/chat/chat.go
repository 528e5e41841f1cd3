// Package chat is the chat helper of a business, for its own site: it answers visitors from the business's
// profile and its owner's own answers, says that it is automatic, and hands over to a person (M4-17). It
// owns the tables chat_assistants and chat_sessions; what is said is in chat_messages.
//
// Read in this order: provision.go (a helper is made, off), settings.go (its owner turns it on), session.go
// and say.go (a visitor writes), assistant.go and script.go (how an answer is found), contact.go (a person
// is told), transcripts.go (what the owner can read, for 30 days).
//
// A session is a signed number that only the page of the visitor holds: no cookie, since the page stands in
// a frame on somebody else's site, where browsers keep cookies back. Whom it is about is in the database;
// nothing that a caller says about a business is believed.
package chat

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/address"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// Options make a Service.
type Options struct {
	DB       *db.DB
	Queue    *queue.Queue
	Signer   *fibonacco.Signer
	Profiles fibonacco.Profiles
	Config   fibonacco.Config
	Log      *slog.Logger // nil means slog.Default()

	// Post mails a notice with its cause, once for its key.
	Post func(ctx context.Context, tx *db.Tx, n fibonacco.Notice) error
	// OwnerURL is a fresh link to a page of a business's own.
	OwnerURL func(ctx context.Context, tx *db.Tx, smbID int64, page string) (string, error)
	// Booking is the address of a business's booking page, "" when it is not open. nil means that there
	// are none.
	Booking func(ctx context.Context, smbID int64) (string, error)
	// Assistant answers; nil means Script.
	Assistant Assistant
}

// Service implements fibonacco.Chats and fibonacco.Assistants, and is the provisioner of ai_receptionist.
// Safe for concurrent use.
type Service struct {
	o    Options
	base string // public URL without a slash at its end
}

var (
	_ fibonacco.Chats      = (*Service)(nil)
	_ fibonacco.Assistants = (*Service)(nil)
)

// New makes a Service.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Assistant == nil {
		o.Assistant = Script{}
	}
	return &Service{o: o, base: strings.TrimRight(o.Config.HTTP.PublicURL, "/")}
}

// assistant is a row of chat_assistants.
type assistant struct {
	SMBID      int64
	Enabled    bool
	Withdrawn  bool
	Greeting   string
	TellStreet bool
	Questions  string
}

// talks reports whether it answers the public.
func (a assistant) talks() bool { return a.Enabled && !a.Withdrawn }

func noAssistant() error {
	return fibonacco.Errorf(fibonacco.NotFound, "there is no chat here")
}

// findAssistant returns NotFound for a business that has none.
func findAssistant(ctx context.Context, tx *db.Tx, smbID int64) (assistant, error) {
	a, err := db.Get[assistant](ctx, tx, `
		SELECT a.smb_id AS smbid, a.enabled AS enabled, a.withdrawn AS withdrawn, a.greeting AS greeting, a.tell_street AS tell_street,
			CAST(a.questions AS text) AS questions
		FROM chat_assistants a JOIN smbs ON smbs.id = a.smb_id AND smbs.deleted_at IS NULL WHERE a.smb_id = $1`, smbID)
	if db.IsNoRows(err) {
		return assistant{}, noAssistant()
	}
	if err != nil {
		return assistant{}, fmt.Errorf("read the assistant of SMB %d: %w", smbID, err)
	}
	return a, nil
}

// findBySlug is the assistant of a public address.
func findBySlug(ctx context.Context, tx *db.Tx, slug string) (assistant, error) {
	smb, err := address.Find(ctx, tx, slug)
	if fibonacco.CodeOf(err) == fibonacco.NotFound {
		return assistant{}, noAssistant()
	}
	if err != nil {
		return assistant{}, err
	}
	return findAssistant(ctx, tx, smb)
}

// facts is what an assistant may answer from. It is asked for outside of any transaction.
func (s *Service) facts(ctx context.Context, a assistant) (f fibonacco.AssistantFacts, err error) {
	profile, err := s.o.Profiles.Profile(ctx, a.SMBID)
	if err != nil {
		return f, err
	}
	f.Profile = *profile
	if len(profile.Hours) > 0 {
		f.Hours = weekWords(profile.Hours, s.o.DB.Clock().Now())
	}
	if s.o.Booking != nil {
		if f.Booking, err = s.o.Booking(ctx, a.SMBID); err != nil {
			return f, fmt.Errorf("find the booking page of SMB %d: %w", a.SMBID, err)
		}
	}
	var email string
	if err := s.o.DB.View(ctx, func(tx *db.Tx) (err error) {
		email, err = addressOnRecord(ctx, tx, a.SMBID)
		return err
	}); err != nil {
		return f, err
	}
	f.CanReach = email != ""
	return f, nil
}

// public is the facts without what the owner keeps back.
func public(f fibonacco.AssistantFacts, a assistant) fibonacco.AssistantFacts {
	if !a.TellStreet || f.Profile.HideStreet {
		f.Profile.Street, f.Profile.ZIP, f.Profile.HideStreet = "", "", true
		f.Profile.Latitude, f.Profile.Longitude = nil, nil
	}
	return f
}

// addressOnRecord is where notices to a business go; "" when there is no address that can be mailed.
func addressOnRecord(ctx context.Context, tx *db.Tx, smbID int64) (string, error) {
	email, err := db.Get[string](ctx, tx, `SELECT COALESCE(primary_email, '') FROM smbs WHERE id = $1 AND deleted_at IS NULL`, smbID)
	if db.IsNoRows(err) {
		return "", noAssistant()
	}
	if err != nil {
		return "", fmt.Errorf("read the address of SMB %d: %w", smbID, err)
	}
	if !fibonacco.ValidEmail(email) {
		return "", nil
	}
	return email, nil
}
