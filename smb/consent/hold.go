package consent

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// Kinds of what can be suppressed.
const (
	kindEmail = "email"
	kindPhone = "phone"
)

// target is an address or number in the form in which it is compared: lower case, or E.164.
type target struct{ kind, value string }

// readTarget tells addresses and numbers apart, in any form a person writes; false for neither.
func readTarget(text string) (target, bool) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "@") {
		e164, ok := normal.Phone(text)
		return target{kindPhone, e164}, ok
	}
	if rest, ok := strings.CutPrefix(strings.ToLower(text), "mailto:"); ok {
		text = rest
	}
	if strings.ContainsAny(text, "<>\" ") {
		parsed, err := mail.ParseAddress(text)
		if err != nil {
			return target{}, false
		}
		text = parsed.Address
	}
	text = fibonacco.NormalizeEmail(text)
	return target{kindEmail, normal.EmailKey(text)}, fibonacco.ValidEmail(text) && unstorable(text, 255) == ""
}

// Compared is a text as suppressions compare it: an e-mail address in lower case, or a telephone
// number in E.164. Both are "" for what is neither.
func Compared(text string) (email, phone string) {
	t, ok := readTarget(text)
	switch {
	case !ok:
		return "", ""
	case t.kind == kindEmail:
		return t.value, ""
	}
	return "", t.value
}

// held is one target on its way into the suppressions, or just arrived there.
type held struct {
	target
	id          int64 // once stored
	reason      string
	source      string
	communityID *int64
	smbID       *int64
}

// hold stores those that are not suppressed yet, and cancels what is queued for them. It returns
// those that this call added.
func hold(ctx context.Context, tx *db.Tx, list []held) (added []held, err error) {
	rows := db.NewBatch("kind text", "email text", "phone text", "reason text", "source text", "community bigint", "smb bigint")
	byTarget := make(map[target]held, len(list))
	// In order, so that two who bring the same at once do not wait for each other.
	for _, h := range slices.SortedStableFunc(slices.Values(list), func(a, b held) int { return strings.Compare(a.value, b.value) }) {
		if _, twice := byTarget[h.target]; twice {
			continue
		}
		byTarget[h.target] = h
		email, phone := columnsOf(h.target)
		rows.Add(h.kind, email, phone, h.reason, h.source, h.communityID, h.smbID)
	}
	if err := tx.QueryBatch(ctx, rows, `
		INSERT INTO suppressions (kind, email_key, phone, reason, source, community_id, smb_id, created_at)
		SELECT kind, email, phone, reason, source, community, smb, $1 FROM rows WHERE TRUE
		ON CONFLICT DO NOTHING RETURNING id, kind, COALESCE(email_key, phone)`, func(r db.Row) error {
		var id int64
		var t target
		err := r.Scan(&id, &t.kind, &t.value)
		h := byTarget[t]
		h.id = id
		added = append(added, h)
		return err
	}, tx.Now); err != nil {
		return nil, fmt.Errorf("suppress %d addresses and numbers: %w", rows.Len(), err)
	}
	return added, cancelHeld(ctx, tx, added)
}

// columnsOf is a target as the columns email_key and phone.
func columnsOf(t target) (email, phone any) {
	if t.kind == kindEmail {
		return t.value, nil
	}
	return nil, t.value
}

// values is the addresses and numbers of a list.
func values(list []held) (emails, phones []string) {
	for _, h := range list {
		if h.kind == kindEmail {
			emails = append(emails, h.value)
		} else {
			phones = append(phones, h.value)
		}
	}
	return emails, phones
}

// cancelHeld stops what is queued for the SMBs that have the addresses and numbers. A mail that was
// planned to an address which its SMB no longer has is stopped when it is claimed.
func cancelHeld(ctx context.Context, tx *db.Tx, list []held) error {
	emails, phones := values(list)
	if len(emails) > 0 {
		if _, err := tx.Exec(ctx, `
			UPDATE campaign_sends SET status = 'suppressed', skip_reason = 'suppressed', updated_at = $1
			WHERE smb_id IN (SELECT id FROM smbs WHERE email_key IN ($2...)) AND status = 'queued' AND lower(email) IN ($2...)`, tx.Now, emails); err != nil {
			return fmt.Errorf("cancel what is queued for %d suppressed addresses: %w", len(emails), err)
		}
	}
	if len(phones) > 0 {
		if _, err := tx.Exec(ctx, `
			UPDATE rvm_drops SET status = 'cancelled', delivery_status = 'suppressed', updated_at = $1
			WHERE smb_id IN (SELECT id FROM smbs WHERE primary_phone IN ($2...)) AND status = 'queued' AND phone IN ($2...)`, tx.Now, phones); err != nil {
			return fmt.Errorf("cancel what is queued for %d suppressed numbers: %w", len(phones), err)
		}
	}
	return nil
}

// reached is the SMBs, as far as the caller sees, that have one of the addresses or numbers.
func reached(ctx context.Context, tx *db.Tx, list []held) ([]int64, error) {
	emails, phones := values(list)
	query := `SELECT id FROM smbs WHERE deleted_at IS NULL AND (email_key IN ($1...) OR primary_phone IN ($2...))`
	args := []any{emails, phones}
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		query += ` AND community_id IN ($3...)`
		args = append(args, scope)
	}
	ids, err := db.Select[int64](ctx, tx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("find the SMBs of %d suppressed addresses and numbers: %w", len(list), err)
	}
	return ids, nil
}
