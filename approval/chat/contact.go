package chat

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/template"
	"github.com/fibonacco/fibonacco/db"
)

// mailedLines is how much of a conversation a notice holds; all of it is on the owner's page.
const mailedLines = 24

// LeaveContact implements fibonacco.Chats.
func (s *Service) LeaveContact(ctx context.Context, slug, token string, contact fibonacco.ChatContact) error {
	contact, err := checkContact(contact)
	if err != nil {
		return err
	}
	if token == "" {
		return noSession()
	}
	return s.o.DB.Update(ctx, func(tx *db.Tx) error {
		a, c, err := s.open(ctx, tx, slug, token)
		if err != nil {
			return err
		}
		to, err := addressOnRecord(ctx, tx, a.SMBID)
		if err != nil {
			return err
		}
		if to == "" && !c.Preview {
			return fibonacco.Errorf(fibonacco.Conflict, "nobody can be told: there is no address on record")
		}
		n, err := tx.Exec(ctx, `
			UPDATE chat_sessions SET told_at = $2, visitor_name = $3, visitor_reach = $4 WHERE id = $1 AND told_at IS NULL`, c.ID, tx.Now, contact.Name, contact.Reach)
		if err != nil {
			return fmt.Errorf("note whom to answer in chat session %d: %w", c.ID, err)
		}
		if n == 0 {
			return nil // somebody was told already
		}
		said, err := readMessages(ctx, tx, []string{c.SessionID})
		if err != nil {
			return err
		}
		thanks := "Thank you. Your question and how to reach you are on their way by email. When somebody answers, I cannot say."
		if c.Preview {
			thanks = "This is a try, so nothing was sent. A visitor's question would be in your email now, with how to reach them."
		}
		if _, err := insertMessage(ctx, tx, c, roleReply, thanks, "told", []string{told}); err != nil || c.Preview {
			return err
		}
		url, err := s.o.OwnerURL(ctx, tx, c.SMBID, "assistant")
		if err != nil {
			return err
		}
		return s.o.Post(ctx, tx, notice(c, to, url, contact, said))
	})
}

// checkContact is a contact as it is stored, or Invalid.
func checkContact(c fibonacco.ChatContact) (fibonacco.ChatContact, error) {
	var wrong []fibonacco.FieldError
	c.Name, c.Reach = template.Clean(c.Name), template.Clean(c.Reach)
	if c.Name == "" {
		wrong = append(wrong, fibonacco.FieldError{Field: "name", Reason: "is missing: how should they call you?"})
	} else if len([]rune(c.Name)) > 100 {
		wrong = append(wrong, fibonacco.FieldError{Field: "name", Reason: "must be at most 100 characters long"})
	}
	if !fibonacco.ValidEmail(c.Reach) && !telephone(c.Reach) {
		wrong = append(wrong, fibonacco.FieldError{Field: "reach", Reason: "must be an email address, like rosa@example.com, or a telephone number with its area code"})
	}
	return c, fibonacco.InvalidFields("something is missing", wrong)
}

// telephone reports whether somebody could dial it: ten to fifteen digits, and what people write between them.
func telephone(text string) bool {
	n := 0
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			n++
		case !strings.ContainsRune("+-(). /x", r):
			return false
		}
	}
	return n >= 10 && n <= 15
}

// notice tells the owner, with what was said. url leads to the owner's pages.
func notice(c session, to, url string, contact fibonacco.ChatContact, said []message) fibonacco.Notice {
	n := fibonacco.Notice{
		Key: "chat " + c.SessionID, Purpose: "chat.person_wanted", SMBID: c.SMBID, To: to, Subject: cut("A visitor of your site asks for you: "+contact.Name, 200),
		Paragraphs: []string{"Somebody wrote to the chat helper on your site and would like to hear from a person.", "What was said:"},
		Facts:      [][2]string{{"Name", contact.Name}, {"Reach them at", contact.Reach}},
		Button:     "See all conversations", ButtonURL: url,
		After: []string{"The helper promised nothing but that this reaches you. We do not check who visitors are."},
	}
	if fibonacco.ValidEmail(contact.Reach) {
		n.ReplyTo = contact.Reach
		n.After = slices.Insert(n.After, 0, "Your reply to this email goes to the visitor.")
	}
	if len(said) > mailedLines {
		said = said[len(said)-mailedLines:]
		n.Paragraphs = append(n.Paragraphs, "(The beginning is left out here.)")
	}
	for _, m := range said {
		who := "Helper: "
		if m.visitor {
			who = "Visitor: "
		}
		n.Paragraphs = append(n.Paragraphs, who+strings.Join(strings.Fields(m.text), " "))
	}
	return n
}
