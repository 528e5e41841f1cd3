package approval

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// The link to a business's own pages goes to the address on record only: whoever says yes may have typed
// any other. Where there is none on record, the one that was given is all there is.

// confirm mails what was said yes to (M4-10).
func (s *Service) confirm(ctx context.Context, tx *db.Tx, a *submitted, who approver) error {
	o := s.described(a.Service)
	owner := ownerAddress(a, who)
	url, err := s.OwnerURL(ctx, tx, a.SMB, "")
	if err != nil {
		return err
	}
	facts := [][2]string{{"Business", who.Business}, {"Service", o.Title}, {"Said yes", a.Name}}
	n := fibonacco.Notice{
		Key: fmt.Sprintf("approval %d confirmed", a.ID), Purpose: "approval.confirmation", SMBID: a.SMB, To: a.Email,
		Subject: subject("We have your yes: ", o.Title), Facts: facts,
		Paragraphs: append([]string{"Thank you. This is what you said yes to:"}, s.next(o)...),
		After:      []string{"Was it not you, or do you think otherwise? Reply to this email, and we take it back."},
	}
	if strings.EqualFold(owner, a.Email) {
		n.Button, n.ButtonURL = "See where it stands", url
		return s.post(ctx, tx, n)
	}
	n.After = append([]string{"The link to the pages of your business goes to the address that we have on file for it."}, n.After...)
	if err := s.post(ctx, tx, n); err != nil {
		return err
	}
	return s.post(ctx, tx, fibonacco.Notice{
		Key: fmt.Sprintf("approval %d told", a.ID), Purpose: "approval.told", SMBID: a.SMB, To: owner,
		Subject: subject("A yes in the name of your business: ", o.Title),
		Facts:   append(facts, [2]string{"Their email", a.Email}),
		Paragraphs: append([]string{"Somebody said yes to a service for your business, by a link that we had sent to you:"},
			s.next(o)...),
		Button: "See where it stands", ButtonURL: url,
		After: []string{"Was it nobody you know? Reply to this email, and we take it back."},
	})
}

// tellResult mails what was made, with the link to change it (M4-15).
func (s *Service) tellResult(ctx context.Context, tx *db.Tx, a *submitted, result map[string]any) error {
	who, err := readApprover(ctx, tx, a.SMB)
	if err != nil {
		return err
	}
	manage, err := s.OwnerURL(ctx, tx, a.SMB, text(result, "manage"))
	if err != nil {
		return err
	}
	o := s.described(a.Service)
	n := fibonacco.Notice{
		Key: fmt.Sprintf("approval %d provisioned", a.ID), Purpose: "approval.provisioned", SMBID: a.SMB, To: ownerAddress(a, who),
		Subject: subject("Ready for you: ", o.Title), Facts: [][2]string{{"Business", who.Business}, {"Service", o.Title}},
		Paragraphs: []string{"It is ready for you to look at."},
		Button:     "Open it", ButtonURL: manage,
		After: []string{"The button is your own: whoever has it can change what it leads to. It works for 90 days."},
	}
	if url := text(result, "url"); url != "" {
		n.Facts = append(n.Facts, [2]string{"Its address, when it is public", url})
	}
	if note := text(result, "note"); note != "" {
		n.Paragraphs = append(n.Paragraphs, note)
	}
	return s.post(ctx, tx, n)
}

// tellCancelled mails that an approval was taken back.
func (s *Service) tellCancelled(ctx context.Context, tx *db.Tx, a *fibonacco.Approval) error {
	o := s.described(a.ServiceType)
	return s.post(ctx, tx, fibonacco.Notice{
		Key: fmt.Sprintf("approval %d cancelled", a.ID), Purpose: "approval.cancelled", SMBID: a.SMBID, To: a.ApproverEmail,
		Subject:    subject("Taken back: ", o.Title),
		Paragraphs: []string{"Your yes was taken back, and nothing comes of it.", "Was that not your wish? Reply to this email: a person reads it."},
		Facts:      [][2]string{{"Service", o.Title}},
	})
}

// next is what happens after a yes, as sentences of a mail.
func (s *Service) next(o fibonacco.Offering) []string {
	if len(o.Next) == 0 {
		return []string{"A person replies with what happens next."}
	}
	return []string{"What happens next: " + strings.Join(o.Next, " ")}
}

// ownerAddress is where the link to a business's own pages goes.
func ownerAddress(a *submitted, who approver) string {
	if fibonacco.ValidEmail(who.Email) {
		return who.Email
	}
	return a.Email
}

// subject is a line that a mail program shows whole.
func subject(lead, title string) string {
	line := []rune(lead + strings.Join(strings.Fields(title), " "))
	return string(line[:min(len(line), 150)])
}

// text is a text of a task's result; "" when there is none.
func text(result map[string]any, name string) string {
	v, _ := result[name].(string)
	return v
}

// masked shows its owner which address is meant, and nobody else what it is.
func masked(address string) string {
	local, domain, ok := strings.Cut(address, "@")
	_, size := utf8.DecodeRuneInString(local)
	if !ok || size == 0 {
		return "•••"
	}
	return local[:size] + "•••@" + domain
}

// stamp tells notices of one kind apart by their time.
func stamp(at time.Time) string { return at.UTC().Format("20060102T150405.000000") }
