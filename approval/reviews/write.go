package reviews

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// What one address of the network may write in a day, and what strangers together may. A household or
// a shop's own wireless network needs no more.
const (
	bySenderHere = 3
	bySender     = 10
	byStrangers  = 50
	senderKept   = 48 * time.Hour
)

// WriteReview implements fibonacco.ReviewPages.
func (s *Service) WriteReview(ctx context.Context, slug string, d fibonacco.ReviewDraft) error {
	d, err := tidy(d)
	if err != nil {
		return err
	}
	return s.o.DB.Update(ctx, func(tx *db.Tx) error {
		p, err := publicPlace(ctx, tx, slug, true)
		if err != nil {
			return err
		}
		key := fmt.Sprintf("%d %s", p.SMBID, d.FormKey)
		n, err := db.Count(ctx, tx, `SELECT count(*) FROM reviews WHERE form_key = $1`, key)
		if err != nil || n > 0 { // the button was pressed twice
			return err
		}
		sender := s.sender(d.ClientIP)
		if err := mayWrite(ctx, tx, p.SMBID, sender); err != nil {
			return err
		}
		return s.insert(ctx, tx, p, d, written{key: key, sender: sender})
	})
}

// ReviewRequest implements fibonacco.ReviewPages.
func (s *Service) ReviewRequest(ctx context.Context, token string) (r *fibonacco.ReviewRequest, err error) {
	err = s.o.DB.View(ctx, func(tx *db.Tx) error {
		r, _, err = s.request(ctx, tx, token, false)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// AnswerRequest implements fibonacco.ReviewPages. The conditional update is the lock: of many answers
// at once one is taken.
func (s *Service) AnswerRequest(ctx context.Context, token string, d fibonacco.ReviewDraft) error {
	d.Email = ""
	d, err := tidy(d)
	if err != nil {
		return err
	}
	return s.o.DB.Update(ctx, func(tx *db.Tx) error {
		r, p, err := s.request(ctx, tx, token, true)
		if err != nil {
			return err
		}
		if r.Closed {
			return missing()
		}
		n, err := tx.Exec(ctx, `
			UPDATE review_requests SET answered_at = $1, remind_at = NULL, updated_at = $1
			WHERE id = $2 AND answered_at IS NULL AND created_at > $3`, tx.Now, r.ID, tx.Now.Add(-requestValid))
		if err != nil {
			return fmt.Errorf("answer review request %d: %w", r.ID, err)
		}
		if n == 0 {
			return fibonacco.Errorf(fibonacco.Conflict, "this request was answered already, or is over")
		}
		d.Email = r.Email
		return s.insert(ctx, tx, p, d, written{key: fmt.Sprint("request ", r.ID), request: &r.ID})
	})
}

// DeclineRequests implements fibonacco.ReviewPages.
func (s *Service) DeclineRequests(ctx context.Context, token string) error {
	return s.o.DB.Update(ctx, func(tx *db.Tx) error {
		id, ok := s.o.Signer.VerifyID(fibonacco.ReviewToken, token)
		if !ok {
			return missing()
		}
		n, err := tx.Exec(ctx, `
			UPDATE review_requests SET declined_at = COALESCE(declined_at, $1), remind_at = NULL, updated_at = $1
			WHERE EXISTS (SELECT 1 FROM review_requests r WHERE r.id = $2 AND r.smb_id = review_requests.smb_id AND r.email_key = review_requests.email_key)`,
			tx.Now, id)
		if err != nil {
			return fmt.Errorf("decline review request %d: %w", id, err)
		}
		if n == 0 {
			return missing()
		}
		return nil
	})
}

// request is what a token asks for, and of whom.
func (s *Service) request(ctx context.Context, tx *db.Tx, token string, lock bool) (*fibonacco.ReviewRequest, *place, error) {
	id, ok := s.o.Signer.VerifyID(fibonacco.ReviewToken, token)
	if !ok {
		return nil, nil, missing()
	}
	all, err := requests(ctx, tx, `id = $1`, id)
	if err != nil {
		return nil, nil, err
	}
	if len(all) == 0 {
		return nil, nil, missing()
	}
	r := &all[0]
	p, err := placeOf(ctx, tx, r.SMBID, lock)
	if err != nil {
		return nil, nil, err
	}
	r.Business, r.Slug, r.Closed = p.Business, p.Slug, !p.public()
	return r, p, nil
}

// mayWrite returns TooMany for a stranger who writes more than people do. The page's lock makes the
// count hold.
func mayWrite(ctx context.Context, tx *db.Tx, smbID int64, sender string) error {
	since := tx.Now.Add(-24 * time.Hour)
	var here, all, strangers int
	if err := tx.QueryRow(ctx, `
		SELECT (SELECT count(*) FROM reviews WHERE sender = $1 AND created_at > $2 AND smb_id = $3),
			(SELECT count(*) FROM reviews WHERE sender = $1 AND created_at > $2),
			(SELECT count(*) FROM reviews WHERE smb_id = $3 AND request_id IS NULL AND created_at > $2)`,
		sender, since, smbID).Scan(&here, &all, &strangers); err != nil {
		return fmt.Errorf("count what a sender wrote: %w", err)
	}
	if here >= bySenderHere || all >= bySender || strangers >= byStrangers {
		return fibonacco.Errorf(fibonacco.TooMany, "enough reviews came from there today")
	}
	return nil
}

// written is how a review came.
type written struct {
	key     string
	sender  string // "" for who was asked
	request *int64 // nil for who was not
}

func (s *Service) insert(ctx context.Context, tx *db.Tx, p *place, d fibonacco.ReviewDraft, w written) error {
	r := fibonacco.Review{
		SMBID: p.SMBID, Name: d.Name, Stars: d.Stars, Body: d.Body, Verified: w.request != nil, Status: "waiting",
		PublishAt: tx.Now.Add(publishAfter), CreatedAt: tx.Now,
	}
	err := tx.QueryRow(ctx, `
		INSERT INTO reviews (smb_id, request_id, form_key, sender, name, email, stars, body, status, publish_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) ON CONFLICT DO NOTHING RETURNING id`,
		p.SMBID, w.request, w.key, db.Null(w.sender), r.Name, db.Null(d.Email), r.Stars, r.Body, r.Status, r.PublishAt, tx.Now).Scan(&r.ID)
	if db.IsNoRows(err) {
		return nil // the same form at the same moment
	}
	if err != nil {
		return fmt.Errorf("store a review of SMB %d: %w", p.SMBID, err)
	}
	return s.tellOwner(ctx, tx, p, r)
}

// sender is where a review came from, as a keyed hash. An IPv6 subscriber has a whole /64.
func (s *Service) sender(ip string) string {
	if addr, err := netip.ParseAddr(ip); err == nil && addr.Is6() && !addr.Is4In6() {
		if network, err := addr.WithZone("").Prefix(64); err == nil {
			ip = network.String()
		}
	}
	sum := sha256.Sum256([]byte(s.o.Signer.Sign(fibonacco.ReviewToken, []byte("sender "+ip))))
	return hex.EncodeToString(sum[:16])
}

// tidy trims what was typed, and checks all of it at once.
func tidy(d fibonacco.ReviewDraft) (fibonacco.ReviewDraft, error) {
	d.Name = strings.Join(strings.Fields(d.Name), " ")
	d.Body = strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(d.Body, "\r\n", "\n"), "\r", "\n"))
	d.Email = fibonacco.NormalizeEmail(d.Email)
	var bad []fibonacco.FieldError
	refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
	if d.Stars < 1 || d.Stars > 5 {
		refuse("stars", "must be from 1 to 5")
	}
	if reason := unwritable(d.Body, 4000); reason != "" {
		refuse("body", reason)
	}
	if d.Name == "" {
		refuse("name", "is missing")
	} else if reason := unwritable(d.Name, 80); reason != "" {
		refuse("name", reason)
	}
	if d.Email != "" && !fibonacco.ValidEmail(d.Email) {
		refuse("email", "is not an e-mail address")
	}
	if len(d.FormKey) > 64-21 || unwritable(d.FormKey, 64) != "" { // the rest is the business's id
		refuse("form", "is not a form of ours")
	}
	return d, fibonacco.InvalidFields("the review is not complete", bad)
}

// unwritable says why a text cannot be kept; "" when it can. most is in characters.
func unwritable(text string, most int) string {
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return "holds a character that cannot be written"
	case utf8.RuneCountInString(text) > most:
		return fmt.Sprintf("is longer than %d characters", most)
	}
	return ""
}
