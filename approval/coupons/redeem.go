package coupons

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// atTill is the business whose till a token opens. A withdrawn one still keeps what it promised.
func (s *Service) atTill(ctx context.Context, tx *db.Tx, token string) (*shop, error) {
	refused := fibonacco.Errorf(fibonacco.Forbidden, "this link opens no till, or none any more")
	c, ok := s.signer.VerifyTill(token)
	if !ok {
		return nil, refused
	}
	p, err := shopOf(ctx, tx, c.SMBID)
	if fibonacco.CodeOf(err) == fibonacco.NotFound || err == nil && p.Generation != c.Generation {
		return nil, refused
	}
	return p, err
}

// Till implements fibonacco.CouponPages.
func (s *Service) Till(ctx context.Context, token string) (t *fibonacco.Till, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		p, err := s.atTill(ctx, tx, token)
		if err != nil {
			return err
		}
		all, err := list(ctx, tx, `smb_id = $1 AND published_at IS NOT NULL ORDER BY id DESC LIMIT $2`, p.SMBID, mostCoupons)
		if err != nil {
			return err
		}
		t = &fibonacco.Till{SMBID: p.SMBID, Business: p.Business, Shop: p.tag()}
		for _, live := range []bool{true, false} {
			for _, c := range all {
				if page := p.page(tx, c); (page.State == fibonacco.CouponLive) == live {
					t.Coupons = append(t.Coupons, page)
				}
			}
		}
		return nil
	})
	return t, err
}

// Redeem implements fibonacco.CouponPages. The coupon's row is taken first, so that whoever redeems it
// at the same moment waits here and then counts what this one has used.
func (s *Service) Redeem(ctx context.Context, token, slug string, use fibonacco.CouponUse) (r *fibonacco.Redemption, err error) {
	err = s.update(ctx, func(tx *db.Tx) error {
		p, err := s.atTill(ctx, tx, token)
		if err != nil {
			return err
		}
		c, err := find(ctx, tx, `slug = $1 AND smb_id = $2 AND published_at IS NOT NULL`, true, slug, p.SMBID)
		if err != nil {
			return err
		}
		key, err := formKey(c.ID, use.FormKey)
		if err != nil {
			return err
		}
		if r, err = sentBefore(ctx, tx, key); r != nil || err != nil {
			return err
		}
		if state := c.State(tx.Now); state != fibonacco.CouponLive {
			return fibonacco.Errorf(fibonacco.Conflict, "%s", refusal(state))
		}
		hash, hint, err := s.mayUse(ctx, tx, c, use.Customer)
		if err != nil {
			return err
		}
		r, err = redeem(ctx, tx, c, key, hash, hint)
		return err
	})
	return r, err
}

// formKey is a form's key as it is stored, of one coupon.
func formKey(couponID int64, key string) (string, error) {
	if key == "" || len(key) > 64 || unwritable(key, 64) != "" {
		return "", fibonacco.InvalidFields("nothing was redeemed", []fibonacco.FieldError{{Field: "form", Reason: "is not a form of ours"}})
	}
	return fmt.Sprintf("%d %s", couponID, key), nil
}

// sentBefore is what a form got when it was sent the first time; nil when it was not.
func sentBefore(ctx context.Context, tx *db.Tx, key string) (*fibonacco.Redemption, error) {
	all, err := redemptions(ctx, tx, `form_key = $1`, key)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	if all[0].UndoneAt != nil {
		return nil, fibonacco.Errorf(fibonacco.Conflict, "This redemption was taken back. Load the page again to redeem once more.")
	}
	return &all[0], nil
}

func refusal(state fibonacco.CouponState) string {
	switch state {
	case fibonacco.CouponPaused:
		return "This coupon is paused."
	case fibonacco.CouponSoon:
		return "This coupon has not started yet."
	case fibonacco.CouponUsedUp:
		return "This coupon is used up."
	}
	return "This coupon has ended."
}

// mayUse returns Invalid without a customer where one is needed, and Conflict for one who has had
// enough.
func (s *Service) mayUse(ctx context.Context, tx *db.Tx, c *fibonacco.Coupon, typed string) (hash, hint string, err error) {
	if c.PerCustomer == 0 {
		return "", "", nil
	}
	key, hint := customer(typed)
	if key == "" {
		return "", "", fibonacco.InvalidFields("nothing was redeemed", []fibonacco.FieldError{{Field: "customer", Reason: "must be an e-mail address or a number"}})
	}
	sum := sha256.Sum256([]byte(s.signer.Sign(fibonacco.TillToken, fmt.Appendf(nil, "customer %d %s", c.SMBID, key))))
	hash = hex.EncodeToString(sum[:16])
	n, err := db.Count(ctx, tx, `
		SELECT count(*) FROM coupon_redemptions WHERE coupon_id = $1 AND customer_hash = $2 AND undone_at IS NULL`, c.ID, hash)
	if err != nil {
		return "", "", fmt.Errorf("count what a customer redeemed of coupon %d: %w", c.ID, err)
	}
	if n >= c.PerCustomer {
		return "", "", fibonacco.Errorf(fibonacco.Conflict, "This customer has used it %s already: that is all of it.", times(n))
	}
	return hash, hint, nil
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprint(n, " times")
}

func redeem(ctx context.Context, tx *db.Tx, c *fibonacco.Coupon, key, hash, hint string) (*fibonacco.Redemption, error) {
	// The row is ours, and the conditions were looked at; said again here, they hold whatever changes above.
	n, err := tx.Exec(ctx, `UPDATE coupons SET redeemed = redeemed + 1, updated_at = $1 WHERE id = $2 AND status = 'published' AND redeemed < total_limit`, tx.Now, c.ID)
	if err != nil {
		return nil, fmt.Errorf("redeem coupon %d: %w", c.ID, err)
	}
	if n == 0 {
		return nil, fibonacco.Errorf(fibonacco.Conflict, "%s", refusal(fibonacco.CouponUsedUp))
	}
	r := &fibonacco.Redemption{CouponID: c.ID, Customer: hint, RedeemedAt: tx.Now, CanUndo: true}
	if err := tx.QueryRow(ctx, `
		INSERT INTO coupon_redemptions (coupon_id, smb_id, form_key, customer_hash, customer_hint, redeemed_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
		c.ID, c.SMBID, key, db.Null(hash), db.Null(hint), tx.Now).Scan(&r.ID); err != nil {
		return nil, fmt.Errorf("store a redemption of coupon %d: %w", c.ID, err)
	}
	return r, nil
}

// UndoRedemption implements fibonacco.CouponKeeper.
func (s *Service) UndoRedemption(ctx context.Context, smbID, id int64) error {
	return s.kept(ctx, smbID, func(tx *db.Tx, _ *shop) error {
		coupon, err := db.Get[int64](ctx, tx, `SELECT coupon_id FROM coupon_redemptions WHERE id = $1 AND smb_id = $2`, id, smbID)
		if db.IsNoRows(err) {
			return missing()
		}
		if err != nil {
			return fmt.Errorf("read redemption %d: %w", id, err)
		}
		// In the order in which a redemption takes them: the coupon, then what was redeemed of it.
		if _, err := find(ctx, tx, `id = $1`, true, coupon); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `
			UPDATE coupon_redemptions SET undone_at = $1 WHERE id = $2 AND undone_at IS NULL AND redeemed_at >= $3`, tx.Now, id, tx.Now.Add(-undoWithin))
		if err != nil {
			return fmt.Errorf("take redemption %d back: %w", id, err)
		}
		if n == 0 {
			return fibonacco.Errorf(fibonacco.Conflict, "this redemption was taken back already, or is more than ten minutes old")
		}
		if _, err := tx.Exec(ctx, `UPDATE coupons SET redeemed = redeemed - 1, updated_at = $1 WHERE id = $2`, tx.Now, coupon); err != nil {
			return fmt.Errorf("count redemption %d back: %w", id, err)
		}
		return nil
	})
}

// RenewTill implements fibonacco.CouponKeeper.
func (s *Service) RenewTill(ctx context.Context, smbID int64) error {
	return s.kept(ctx, smbID, func(tx *db.Tx, _ *shop) error {
		if _, err := tx.Exec(ctx, `UPDATE coupon_pages SET till_generation = till_generation + 1 WHERE smb_id = $1`, smbID); err != nil {
			return fmt.Errorf("renew the till of SMB %d: %w", smbID, err)
		}
		return nil
	})
}

// redemptions reads redemptions; rest is what follows WHERE.
func redemptions(ctx context.Context, tx *db.Tx, rest string, args ...any) (all []fibonacco.Redemption, err error) {
	rows, err := tx.Query(ctx, `SELECT id, coupon_id, COALESCE(customer_hint, ''), redeemed_at, undone_at FROM coupon_redemptions WHERE `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read redemptions: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r fibonacco.Redemption
		if err := rows.Scan(&r.ID, &r.CouponID, &r.Customer, db.Time(&r.RedeemedAt), db.TimePtr(&r.UndoneAt)); err != nil {
			return nil, fmt.Errorf("read redemptions: %w", err)
		}
		r.CanUndo = r.UndoneAt == nil && !r.RedeemedAt.Before(tx.Now.Add(-undoWithin))
		all = append(all, r)
	}
	return all, rows.Err()
}

// customer reads who it is: an address without case, or a number without what people put between its
// parts. key is "" for what is neither; hint is what a person at the till would recognize.
func customer(typed string) (key, hint string) {
	typed = strings.TrimSpace(typed)
	if strings.Contains(typed, "@") {
		address := strings.ToLower(fibonacco.NormalizeEmail(typed))
		if !fibonacco.ValidEmail(address) {
			return "", ""
		}
		local, domain, _ := strings.Cut(address, "@")
		_, size := utf8.DecodeRuneInString(local)
		return address, local[:size] + "•••@" + domain
	}
	key = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r) || unicode.IsLetter(r):
			return unicode.ToUpper(r)
		case unicode.IsSpace(r) || strings.ContainsRune("-+().#/_", r):
			return -1
		}
		return utf8.RuneError
	}, typed)
	runes := []rune(key)
	if len(runes) < 3 || len(runes) > 40 || strings.ContainsRune(key, utf8.RuneError) || !strings.ContainsFunc(key, unicode.IsDigit) {
		return "", ""
	}
	return key, "•••" + string(runes[len(runes)-2:])
}
