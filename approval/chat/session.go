package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/address"
	"github.com/fibonacco/fibonacco/db"
)

// session is a row of chat_sessions.
type session struct {
	ID        int64
	SessionID string
	SMBID     int64
	Preview   bool
	Messages  int
	ToldAt    *time.Time
}

func (s *Service) token(id int64) string { return s.o.Signer.SignID(fibonacco.ChatToken, id) }

func noSession() error {
	return fibonacco.Errorf(fibonacco.Forbidden, "this conversation is not here any more")
}

// findSession is the session of a token, which is one with the business of an assistant. Returns Forbidden,
// always in the same words.
func (s *Service) findSession(ctx context.Context, tx *db.Tx, a assistant, token string) (session, error) {
	id, ok := s.o.Signer.VerifyID(fibonacco.ChatToken, token)
	if !ok {
		return session{}, noSession()
	}
	c := session{ID: id}
	err := tx.QueryRow(ctx, `
		SELECT CAST(session_id AS text), smb_id, preview, messages, told_at FROM chat_sessions WHERE id = $1 AND smb_id = $2 AND started_at > $3`,
		id, a.SMBID, tx.Now.Add(-kept)).Scan(&c.SessionID, &c.SMBID, &c.Preview, &c.Messages, db.TimePtr(&c.ToldAt))
	if db.IsNoRows(err) {
		return session{}, noSession()
	}
	if err != nil {
		return session{}, fmt.Errorf("read chat session %d: %w", id, err)
	}
	return c, nil
}

// startSession begins one. It has a UUID, which is what the rows of chat_messages go by.
func startSession(ctx context.Context, tx *db.Tx, smbID int64, preview bool) (session, error) {
	c := session{SessionID: uuid.NewString(), SMBID: smbID, Preview: preview}
	if err := tx.QueryRow(ctx, `
		INSERT INTO chat_sessions (session_id, smb_id, preview, started_at) VALUES ($1, $2, $3, $4) RETURNING id`,
		c.SessionID, smbID, preview, tx.Now).Scan(&c.ID); err != nil {
		return session{}, fmt.Errorf("begin a chat with SMB %d: %w", smbID, err)
	}
	return c, nil
}

// open finds the assistant of a slug and the session of a token with it; "" is none. An assistant that is off
// talks to its owner only.
func (s *Service) open(ctx context.Context, tx *db.Tx, slug, token string) (a assistant, c session, err error) {
	if a, err = findBySlug(ctx, tx, slug); err != nil {
		return a, c, err
	}
	if token != "" {
		if c, err = s.findSession(ctx, tx, a, token); err != nil {
			return a, c, err
		}
	}
	if !a.talks() && !c.Preview {
		return a, c, noAssistant()
	}
	return a, c, nil
}

// Chat implements fibonacco.Chats.
func (s *Service) Chat(ctx context.Context, slug, token string) (*fibonacco.ChatPage, error) {
	var a assistant
	var c session
	var said []message
	err := s.o.DB.View(ctx, func(tx *db.Tx) (err error) {
		if a, c, err = s.open(ctx, tx, slug, token); err != nil || token == "" {
			return err
		}
		said, err = readMessages(ctx, tx, []string{c.SessionID})
		return err
	})
	if err != nil {
		return nil, err
	}
	f, err := s.facts(ctx, a)
	if err != nil {
		return nil, err
	}
	return &fibonacco.ChatPage{
		Business: f.Profile.Name, Slug: slug, Greeting: greeting(a, f), Session: token, Lines: linesOf(said, public(f, a)), Preview: c.Preview,
		Full: c.Messages+2 > fibonacco.ChatLinesMost, Person: f.CanReach, Told: c.ToldAt != nil,
	}, nil
}

// greeting is what stands before the first message.
func greeting(a assistant, f fibonacco.AssistantFacts) string {
	if a.Greeting != "" {
		return a.Greeting
	}
	return "Hello. Ask about hours, the place, what " + f.Profile.Name + " offers, or how to reach a person."
}

// TryAssistant implements fibonacco.Assistants.
func (s *Service) TryAssistant(ctx context.Context, smbID int64) (slug, token string, err error) {
	err = s.o.DB.Update(ctx, func(tx *db.Tx) error {
		if _, err := findAssistant(ctx, tx, smbID); err != nil {
			return err
		}
		if slug, err = address.Of(ctx, tx, smbID); err != nil {
			return err
		}
		c, err := startSession(ctx, tx, smbID, true)
		token = s.token(c.ID)
		return err
	})
	return slug, token, err
}

// message is a row of chat_messages.
type message struct {
	session string
	visitor bool
	text    string
	actions []string
	at      time.Time
}

// What stands in actions_taken.
const (
	offered   = "offer_person"
	told      = "told_owner"
	linkedTo  = "link:" // and which
	roleUser  = "user"
	roleReply = "assistant"
)

func readMessages(ctx context.Context, tx *db.Tx, sessions []string) (all []message, err error) {
	rows, err := tx.Query(ctx, `
		SELECT CAST(session_id AS text), role, content, CAST(actions_taken AS text), created_at FROM chat_messages
		WHERE session_id IN ($1...) ORDER BY id`, sessions)
	if err != nil {
		return nil, fmt.Errorf("read the messages of %d chats: %w", len(sessions), err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var m message
		var role, actions string
		if err := rows.Scan(&m.session, &role, &m.text, &actions, db.Time(&m.at)); err != nil {
			return nil, fmt.Errorf("read messages: %w", err)
		}
		if err := json.Unmarshal([]byte(actions), &m.actions); err != nil {
			return nil, fmt.Errorf("read what a message did: %w", err)
		}
		m.visitor = role == roleUser
		all = append(all, m)
	}
	return all, rows.Err()
}

func linesOf(said []message, f fibonacco.AssistantFacts) (lines []fibonacco.ChatLine) {
	for _, m := range said {
		lines = append(lines, m.line(f))
	}
	return lines
}

// line is a message as people see it. Its links lead where the facts say now.
func (m message) line(f fibonacco.AssistantFacts) fibonacco.ChatLine {
	l := fibonacco.ChatLine{Visitor: m.visitor, Text: m.text, At: m.at}
	var links []Link
	for _, action := range m.actions {
		if kind, ok := strings.CutPrefix(action, linkedTo); ok {
			links = append(links, Link(kind))
		}
		l.Offer = l.Offer || action == offered
	}
	l.Links = linksOf(links, f)
	return l
}
