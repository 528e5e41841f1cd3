package coupons

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/address"
	"github.com/fibonacco/fibonacco/db"
)

// offer is a coupon as it was typed, read.
type offer struct {
	title, terms, code string
	limit, perCustomer int
	starts, ends       time.Time // ends is midnight behind the last day
}

// SaveCoupon implements fibonacco.CouponKeeper.
func (s *Service) SaveCoupon(ctx context.Context, smbID, id int64, d fibonacco.CouponDraft, publish bool) (int64, error) {
	saved := id
	err := s.kept(ctx, smbID, func(tx *db.Tx, p *shop) error {
		zone, err := fibonacco.LoadZone(p.Zone)
		if err != nil {
			return err
		}
		var was *fibonacco.Coupon
		if id != 0 {
			if was, err = find(ctx, tx, `id = $1 AND smb_id = $2`, true, id, smbID); err != nil {
				return err
			}
		}
		o, err := read(d, was, tx.Now.In(zone))
		if err != nil {
			return err
		}
		saved = id
		if was == nil {
			if saved, err = s.add(ctx, tx, smbID); err != nil {
				return err
			}
		}
		status, first := "draft", any(nil)
		if was != nil {
			status = was.Status
		}
		if publish {
			status, first = "published", tx.Now
		}
		if _, err := tx.Exec(ctx, `
			UPDATE coupons SET title = $1, terms = $2, code = $3, total_limit = $4, per_customer = $5, starts_at = $6, ends_at = $7, status = $8,
				published_at = COALESCE(published_at, $9), updated_at = $10
			WHERE id = $11`, o.title, o.terms, o.code, o.limit, o.perCustomer, o.starts, o.ends, status, first, tx.Now, saved); err != nil {
			return fmt.Errorf("save coupon %d: %w", saved, err)
		}
		return nil
	})
	return saved, err
}

// add makes one more coupon.
func (s *Service) add(ctx context.Context, tx *db.Tx, smbID int64) (int64, error) {
	n, err := db.Count(ctx, tx, `SELECT count(*) FROM coupons WHERE smb_id = $1`, smbID)
	if err != nil {
		return 0, err
	}
	if n >= mostCoupons {
		return 0, fibonacco.Errorf(fibonacco.Conflict, "there are %d coupons already", n)
	}
	slug, err := address.Of(ctx, tx, smbID)
	if err != nil {
		return 0, err
	}
	id, _, err := insert(ctx, tx, smbID, slug)
	if err != nil {
		return 0, fmt.Errorf("make a coupon of SMB %d: %w", smbID, err)
	}
	return id, nil
}

// PauseCoupon implements fibonacco.CouponKeeper.
func (s *Service) PauseCoupon(ctx context.Context, smbID, id int64, pause bool) error {
	return s.kept(ctx, smbID, func(tx *db.Tx, _ *shop) error {
		c, err := find(ctx, tx, `id = $1 AND smb_id = $2`, true, id, smbID)
		if err != nil {
			return err
		}
		if c.PublishedAt == nil {
			return fibonacco.Errorf(fibonacco.Conflict, "the coupon is not public")
		}
		status := "published"
		if pause {
			status = "paused"
		}
		if _, err := tx.Exec(ctx, `UPDATE coupons SET status = $1, updated_at = $2 WHERE id = $3`, status, tx.Now, id); err != nil {
			return fmt.Errorf("pause coupon %d: %w", id, err)
		}
		return nil
	})
}

// kept runs do for a business that has coupons set up, one change of it at a time.
func (s *Service) kept(ctx context.Context, smbID int64, do func(tx *db.Tx, p *shop) error) error {
	return s.update(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE coupon_pages SET updated_at = $1 WHERE smb_id = $2`, tx.Now, smbID); err != nil {
			return fmt.Errorf("lock the coupons of SMB %d: %w", smbID, err)
		}
		p, err := shopOf(ctx, tx, smbID)
		if err != nil {
			return err
		}
		if p.Withdrawn {
			return missing()
		}
		return do(tx, p)
	})
}

// read checks everything that was typed at once. now is local; was is the coupon as it is, nil for a
// new one.
func read(d fibonacco.CouponDraft, was *fibonacco.Coupon, now time.Time) (o offer, err error) {
	public := was != nil && was.PublishedAt != nil
	if public { // people hold it
		o = offer{title: was.Title, terms: was.Terms, code: was.Code, perCustomer: was.PerCustomer, starts: *was.StartsAt}
	}
	var bad []fibonacco.FieldError
	refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
	if !public {
		o.title, o.terms = strings.Join(strings.Fields(d.Title), " "), strings.TrimSpace(strings.ReplaceAll(d.Terms, "\r", ""))
		if o.title == "" {
			refuse("title", "is missing")
		} else if reason := unwritable(o.title, 100); reason != "" {
			refuse("title", reason)
		}
		if reason := unwritable(o.terms, 2000); reason != "" {
			refuse("terms", reason)
		}
		if o.code = strings.ToUpper(strings.TrimSpace(d.Code)); o.code == "" {
			o.code = freshCode()
		} else if !isCode(o.code) {
			refuse("code", "must be 3 to 20 letters, digits and hyphens")
		}
		if o.perCustomer = whole(d.PerCustomer, 100); strings.TrimSpace(d.PerCustomer) == "" {
			o.perCustomer = 0
		} else if o.perCustomer == 0 {
			refuse("per_customer", "must be a number from 1 to 100, or empty")
		}
		if o.starts = midnight(d.Starts, now.Location()); strings.TrimSpace(d.Starts) == "" {
			o.starts = time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
		} else if o.starts.IsZero() {
			refuse("starts", "is not a day")
		}
	}
	switch o.limit = whole(d.TotalLimit, 100_000); {
	case o.limit == 0:
		refuse("total_limit", "must be a number from 1 to 100,000")
	case public && o.limit < was.TotalLimit:
		refuse("total_limit", fmt.Sprintf("may only grow: people hold it, and it was %d", was.TotalLimit))
	}
	last := midnight(d.Ends, now.Location())
	o.ends = last.AddDate(0, 0, 1)
	switch {
	case last.IsZero():
		refuse("ends", "is not a day")
	case public && o.ends.Before(*was.EndsAt):
		refuse("ends", "may only become later: people hold it")
	case !o.ends.After(now) && (!public || !o.ends.Equal(*was.EndsAt)):
		refuse("ends", "is over already")
	case !o.starts.IsZero() && !o.ends.After(o.starts):
		refuse("ends", "is before the first day")
	case last.After(now.AddDate(5, 0, 0)):
		refuse("ends", "is more than five years away")
	}
	return o, fibonacco.InvalidFields("the coupon is not complete", bad)
}

// midnight is the beginning of a day; the zero time for what is none. Where clocks are put forward at
// midnight, the day begins an hour later.
func midnight(day string, zone *time.Location) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, strings.TrimSpace(day), zone)
	if err != nil || t.Year() < 2000 || t.Year() > 9000 {
		return time.Time{}
	}
	return t
}

// whole is a number from 1 to most; 0 for anything else.
func whole(text string, most int) int {
	n, err := strconv.Atoi(strings.ReplaceAll(strings.TrimSpace(text), ",", ""))
	if err != nil || n < 1 || n > most {
		return 0
	}
	return n
}

func isCode(code string) bool {
	if len(code) < 3 || len(code) > 20 || strings.Trim(code, "-") == "" {
		return false
	}
	return !strings.ContainsFunc(code, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' })
}

// freshCode is easy to say and to type: no letter or digit that looks like another.
func freshCode() string {
	const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789" // 32, so that each is as likely
	raw := make([]byte, 6)
	_, _ = rand.Read(raw) // never fails
	for i, b := range raw {
		raw[i] = letters[b%32]
	}
	return string(raw)
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
