package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/address"
	"github.com/fibonacco/fibonacco/db"
)

const (
	greetingMost  = 300 // characters
	questionMost  = 200
	answerMost    = 600
	questionsMost = 30
)

// Assistant implements fibonacco.Assistants.
func (s *Service) Assistant(ctx context.Context, smbID int64) (*fibonacco.AssistantSettings, error) {
	var a assistant
	out := &fibonacco.AssistantSettings{}
	err := s.o.DB.Update(ctx, func(tx *db.Tx) (err error) {
		if a, err = findAssistant(ctx, tx, smbID); err != nil {
			return err
		}
		out.Slug, err = address.Of(ctx, tx, smbID)
		return err
	})
	if err != nil {
		return nil, err
	}
	if out.Questions, err = a.questions(); err != nil {
		return nil, err
	}
	if out.Facts, err = s.facts(ctx, a); err != nil {
		return nil, err
	}
	out.On, out.Withdrawn, out.Greeting, out.TellStreet = a.Enabled, a.Withdrawn, a.Greeting, a.TellStreet
	return out, nil
}

func (a assistant) questions() (all []fibonacco.Answered, err error) {
	if err := json.Unmarshal([]byte(a.Questions), &all); err != nil {
		return nil, fmt.Errorf("read the questions of SMB %d: %w", a.SMBID, err)
	}
	return all, nil
}

// SetAssistant implements fibonacco.Assistants.
func (s *Service) SetAssistant(ctx context.Context, smbID int64, set fibonacco.AssistantSettings) error {
	set, err := checked(set)
	if err != nil {
		return err
	}
	return s.o.DB.Update(ctx, func(tx *db.Tx) error {
		a, err := findAssistant(ctx, tx, smbID)
		if err != nil {
			return err
		}
		if a.Withdrawn {
			return fibonacco.Errorf(fibonacco.Conflict, "the chat helper was taken out of service")
		}
		if _, err := tx.Exec(ctx, `
			UPDATE chat_assistants SET enabled = $2, greeting = $3, tell_street = $4, questions = $5, updated_at = $6 WHERE smb_id = $1 AND NOT withdrawn`,
			smbID, set.On, set.Greeting, set.TellStreet, db.JSON(set.Questions), tx.Now); err != nil {
			return fmt.Errorf("change the assistant of SMB %d: %w", smbID, err)
		}
		return nil
	})
}

// checked is the settings as they are stored, or Invalid with everything that is wrong with them.
func checked(set fibonacco.AssistantSettings) (fibonacco.AssistantSettings, error) {
	var wrong []fibonacco.FieldError
	bound := func(field, text string, most int) {
		if utf8.RuneCountInString(text) > most {
			wrong = append(wrong, fibonacco.FieldError{Field: field, Reason: fmt.Sprintf("must be at most %d characters long", most)})
		}
	}
	set.Greeting = cleanText(set.Greeting)
	bound("greeting", set.Greeting, greetingMost)
	kept := []fibonacco.Answered{}
	for i, q := range set.Questions {
		q.Question, q.Answer = cleanText(q.Question), cleanText(q.Answer)
		field := fmt.Sprintf("questions[%d].", i)
		switch {
		case q.Question == "" && q.Answer == "":
			continue
		case q.Question == "":
			wrong = append(wrong, fibonacco.FieldError{Field: field + "question", Reason: "is missing: what do customers ask?"})
		case q.Answer == "":
			wrong = append(wrong, fibonacco.FieldError{Field: field + "answer", Reason: "is missing: what should be said?"})
		}
		bound(field+"question", q.Question, questionMost)
		bound(field+"answer", q.Answer, answerMost)
		kept = append(kept, q)
	}
	if len(kept) > questionsMost {
		wrong = append(wrong, fibonacco.FieldError{Field: "questions", Reason: fmt.Sprintf("must be at most %d", questionsMost)})
	}
	set.Questions = kept
	return set, fibonacco.InvalidFields("some of it cannot be kept", wrong)
}

// cleanText is a text as people see it: valid, without control characters and those that turn the
// direction of what follows, blanks as one, lines kept.
func cleanText(text string) string {
	var lines []string
	for l := range strings.SplitSeq(strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\r\n", "\n"), "\n") {
		l = strings.Map(func(r rune) rune {
			switch {
			case unicode.IsSpace(r):
				return ' '
			case unicode.IsControl(r), r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\u200e', r == '\u200f', r == '\u061c', r == '\ufeff':
				return -1
			}
			return r
		}, l)
		lines = append(lines, strings.Join(strings.Fields(l), " "))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
