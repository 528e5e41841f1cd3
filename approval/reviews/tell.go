package reviews

import (
	"context"
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// mailRequest writes to a customer whom a business has named: the same words to each of them.
func (s *Service) mailRequest(ctx context.Context, tx *db.Tx, r fibonacco.ReviewRequest, again bool) error {
	hello := "Hello,"
	if r.Name != "" {
		hello = "Hello " + r.Name + ","
	}
	name := cut(r.Business, 150)
	n := fibonacco.Notice{
		Key: fmt.Sprintf("review request %d", r.ID), Purpose: "review.request", SMBID: r.SMBID, To: r.Email,
		Subject: "How was it at " + name + "?",
		Paragraphs: []string{
			hello,
			"how was your visit? " + r.Business + " asks each customer they name the same short question. It takes about a minute.",
			"Good or bad, your review is published. It is held back only if it is spam, abusive, or tells private things. Nobody is paid or rewarded for it.",
		},
		Button: "Write a review", ButtonURL: s.requestURL(r.ID), Leave: s.requestURL(r.ID) + "/stop",
	}
	n.Footer = "You get this because " + r.Business + " told us that you are their customer. Nothing is sold here."
	stop := "To be asked by them never again, open this page: " + s.requestURL(r.ID) + "/stop"
	if again {
		n.Key, n.Purpose = fmt.Sprintf("review request %d again", r.ID), "review.reminder"
		n.Subject = "A last reminder: how was it at " + name + "?"
		n.Paragraphs[1] = "a week ago we asked how your visit at " + r.Business + " was. If you would like to say, it takes about a minute."
		n.After = []string{"This was the last time that we ask about this visit.", stop}
	} else {
		n.After = []string{"We remind you once, in a week, and then no more.", stop}
	}
	return s.o.Post(ctx, tx, n)
}

// tellOwner says that a review came. Without an address there is nobody to tell; it waits at the desk.
func (s *Service) tellOwner(ctx context.Context, tx *db.Tx, p *place, r fibonacco.Review) error {
	if !fibonacco.ValidEmail(p.Email) {
		return nil
	}
	kind := "Not checked: anybody can use your public form"
	if r.Verified {
		kind = "A customer whom you named"
	}
	said := r.Body
	if said == "" {
		said = "No text, only stars."
	}
	url, err := s.o.OwnerURL(ctx, tx, r.SMBID, "reviews")
	if err != nil {
		return err
	}
	return s.o.Post(ctx, tx, fibonacco.Notice{
		Key: fmt.Sprintf("review %d new", r.ID), Purpose: "review.new", SMBID: r.SMBID, To: p.Email,
		Subject: fmt.Sprintf("A new review of %s: %s", cut(p.Business, 150), inStars(r.Stars)),
		Paragraphs: append([]string{
			"Somebody has reviewed " + p.Business + ". It becomes public on " + p.day(r.PublishAt) + " unless you publish it sooner, or hold it back for one of four reasons.",
		}, strings.Split(said, "\n")...),
		Facts:  [][2]string{{"Stars", inStars(r.Stars)}, {"Name", r.Name}, {"Who", kind}},
		Button: "Open your reviews", ButtonURL: url,
		After: []string{"You can answer each public review in public. A calm answer to a bad one is read by everybody who comes later."},
	})
}

// tellWriter says that a review is public, once, to those who left an address.
func (s *Service) tellWriter(ctx context.Context, tx *db.Tx, p *place, id int64) error {
	email, err := db.Get[string](ctx, tx, `SELECT COALESCE(email, '') FROM reviews WHERE id = $1`, id)
	if err != nil {
		return fmt.Errorf("read who wrote review %d: %w", id, err)
	}
	if !fibonacco.ValidEmail(email) || p.Slug == "" {
		return nil
	}
	return s.o.Post(ctx, tx, fibonacco.Notice{
		Key: fmt.Sprintf("review %d public", id), Purpose: "review.public", SMBID: p.SMBID, To: email,
		Subject:    "Your review of " + cut(p.Business, 150) + " is public",
		Paragraphs: []string{"Thank you for your review of " + p.Business + ". It is on their page now, where they can answer it."},
		Button:     "See your review", ButtonURL: fmt.Sprintf("%s#review-%d", s.pageURL(p.Slug), id),
		After: []string{"You get this because this address was given with the review. If it was not you, reply to this email: a person reads it."},
	})
}

func inStars(n int) string {
	if n == 1 {
		return "1 of 5 stars"
	}
	return fmt.Sprintf("%d of 5 stars", n)
}

func cut(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}
