package chat

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// sessionsADay bounds how many conversations a business gets in 24 hours, so that a stranger cannot fill
// its list.
const sessionsADay = 500

// answerLimit is how long an assistant may think, real time.
const answerLimit = 30 * time.Second

// Say implements fibonacco.Chats. The message is stored before the answer is looked for, and stays when
// none is found.
func (s *Service) Say(ctx context.Context, slug, token, text string, heard func(part string) error) (string, *fibonacco.ChatLine, error) {
	text = cleanText(text)
	if err := checkMessage(text); err != nil {
		return token, nil, err
	}
	var a assistant
	var c session
	var earlier []message
	err := s.o.DB.Update(ctx, func(tx *db.Tx) (err error) {
		if a, c, err = s.open(ctx, tx, slug, token); err != nil {
			return err
		}
		if token == "" {
			if err := boundSessions(ctx, tx, a.SMBID); err != nil {
				return err
			}
			if c, err = startSession(ctx, tx, a.SMBID, false); err != nil {
				return err
			}
		} else if earlier, err = readMessages(ctx, tx, []string{c.SessionID}); err != nil {
			return err
		}
		return s.take(ctx, tx, c, text)
	})
	if err != nil {
		return token, nil, err
	}
	token = s.token(c.ID)
	f, err := s.facts(ctx, a)
	if err != nil {
		return token, nil, err
	}
	f = public(f, a)
	answer := s.ask(ctx, a, f, linesOf(earlier, f), text, heard)
	line, err := s.keep(context.WithoutCancel(ctx), c, answer, f)
	return token, line, err
}

func checkMessage(text string) error {
	reason := ""
	switch {
	case text == "":
		reason = "is empty: type a question first"
	case utf8.RuneCountInString(text) > fibonacco.ChatMessageMost:
		reason = fmt.Sprintf("must be at most %d characters long", fibonacco.ChatMessageMost)
	default:
		return nil
	}
	return fibonacco.InvalidFields("the message cannot be taken", []fibonacco.FieldError{{Field: "message", Reason: reason}})
}

func boundSessions(ctx context.Context, tx *db.Tx, smbID int64) error {
	n, err := db.Count(ctx, tx, `SELECT COUNT(*) FROM chat_sessions WHERE smb_id = $1 AND started_at > $2`, smbID, tx.Now.Add(-24*time.Hour))
	if err != nil {
		return fmt.Errorf("count the chats with SMB %d: %w", smbID, err)
	}
	if n >= sessionsADay {
		return fibonacco.Errorf(fibonacco.TooMany, "the assistant has had very many conversations today and takes no new ones until tomorrow")
	}
	return nil
}

// take stores a visitor's message and makes room for the answer. The update is the lock: whatever comes at
// once, a session never holds more than it may.
func (s *Service) take(ctx context.Context, tx *db.Tx, c session, text string) error {
	n, err := tx.Exec(ctx, `UPDATE chat_sessions SET messages = messages + 2 WHERE id = $1 AND messages + 2 <= $2`, c.ID, fibonacco.ChatLinesMost)
	if err != nil {
		return fmt.Errorf("count a message of chat session %d: %w", c.ID, err)
	}
	if n == 0 {
		return fibonacco.Errorf(fibonacco.TooMany, "this conversation is as long as it can be")
	}
	id, err := insertMessage(ctx, tx, c, roleUser, text, "", nil)
	if err != nil || c.Preview {
		return err
	}
	return s.o.Queue.Publish(ctx, tx, fibonacco.ChatMessageReceived{ChatMessageID: id, SMBID: c.SMBID, SessionID: c.SessionID})
}

func insertMessage(ctx context.Context, tx *db.Tx, c session, role, text, intent string, actions []string) (id int64, err error) {
	if actions == nil {
		actions = []string{}
	}
	err = tx.QueryRow(ctx, `
		INSERT INTO chat_messages (session_id, smb_id, role, content, intent, actions_taken, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING id`,
		c.SessionID, c.SMBID, role, text, db.Null(intent), db.JSON(actions), tx.Now).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("store a message of chat session %d: %w", c.ID, err)
	}
	return id, nil
}

// ask has the assistant answer. What it cannot answer, or breaks off, ends in words that say so.
func (s *Service) ask(ctx context.Context, a assistant, f fibonacco.AssistantFacts, earlier []fibonacco.ChatLine, text string, heard func(string) error) Answer {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	left := false // the visitor has: what was found is kept for the owner
	say := func(part string) error {
		if heard == nil || left {
			return nil
		}
		left = heard(part) != nil
		return nil
	}
	own, err := a.questions()
	if err == nil {
		answer, e := s.o.Assistant.Answer(ctx, Question{
			Text: text, Earlier: earlier, Profile: f.Profile, Answered: append(own, f.Profile.Questions...), Booking: f.Booking, Person: f.CanReach, Now: s.o.DB.Clock().Now(),
		}, say)
		answer.Text = strings.TrimSpace(answer.Text)
		if e == nil && answer.Text != "" {
			return answer
		}
		err = e
	}
	s.o.Log.WarnContext(ctx, "an assistant did not answer", "smb", a.SMBID, "error", err)
	holding := Answer{Text: "I cannot answer that just now.", Intent: "no_answer", Offer: f.CanReach}
	if f.CanReach {
		holding.Text += " Leave your name and how to reach you below, and a person will get your question."
	}
	_ = say(holding.Text) // who has left misses nothing
	return holding
}

// keep stores an answer; its room was made with the question.
func (s *Service) keep(ctx context.Context, c session, answer Answer, f fibonacco.AssistantFacts) (*fibonacco.ChatLine, error) {
	var actions []string
	for _, l := range answer.Links {
		actions = append(actions, linkedTo+string(l))
	}
	if answer.Offer {
		actions = append(actions, offered)
	}
	m := message{text: answer.Text, actions: actions}
	err := s.o.DB.Update(ctx, func(tx *db.Tx) error {
		m.at = tx.Now
		_, err := insertMessage(ctx, tx, c, roleReply, answer.Text, cut(answer.Intent, 100), actions)
		return err
	})
	if err != nil {
		return nil, err
	}
	line := m.line(f)
	return &line, nil
}
