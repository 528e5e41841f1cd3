package consent

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// InForce says which SMBs have agreed in words, on record, to be reached on a channel, and have not
// taken it back since. An opt-in that somebody merely switched proves nothing, and a yes that was given
// for another number than the present one holds for that one only.
func InForce(ctx context.Context, tx *db.Tx, channel fibonacco.Channel, smbIDs []int64) (map[int64]bool, error) {
	address := "primary_phone"
	if channel == fibonacco.ChannelEmail {
		address = "primary_email"
	}
	ids, err := db.Select[int64](ctx, tx, `
		SELECT DISTINCT yes.smb_id FROM consents yes JOIN smbs ON smbs.id = yes.smb_id
		WHERE yes.smb_id IN ($1...) AND yes.channel = $2 AND yes.granted AND yes.wording <> ''
			AND (yes.address = '' OR lower(yes.address) = lower(smbs.`+address+`))
			AND NOT EXISTS (SELECT 1 FROM consents no WHERE no.smb_id = yes.smb_id AND no.channel = yes.channel AND NOT no.granted
				AND (no.occurred_at > yes.occurred_at OR no.occurred_at = yes.occurred_at AND no.id > yes.id))`, smbIDs, string(channel))
	if err != nil {
		return nil, fmt.Errorf("read the consents of %d SMBs: %w", len(smbIDs), err)
	}
	agreed := make(map[int64]bool, len(ids))
	for _, id := range ids {
		agreed[id] = true
	}
	return agreed, nil
}

// Suppressed says which of some telephone numbers, E.164, get nothing more, those of which only a
// hash is kept among them.
func Suppressed(ctx context.Context, tx *db.Tx, phones []string) (map[string]bool, error) {
	if len(phones) == 0 {
		return nil, nil
	}
	found, err := db.Select[string](ctx, tx, `SELECT phone FROM suppressions WHERE phone IN ($1...)`, phones)
	if err != nil {
		return nil, fmt.Errorf("look for %d numbers among the suppressions: %w", len(phones), err)
	}
	held := make(map[string]bool, len(found))
	for _, phone := range found {
		held[phone] = true
	}
	targets := make([]target, 0, len(phones))
	for _, phone := range phones {
		targets = append(targets, target{kindPhone, phone})
	}
	gone, err := erasedAmong(ctx, tx, targets)
	if err != nil {
		return nil, err
	}
	for t := range gone {
		held[t.value] = true
	}
	return held, nil
}

// Held is the reason why an e-mail address gets nothing more, an erased one's among them; "" when
// there is none.
func Held(ctx context.Context, tx *db.Tx, address string) (reason string, err error) {
	t, ok := readTarget(address)
	if !ok || t.kind != kindEmail {
		return "", fibonacco.InvalidFields("the address cannot be looked for", []fibonacco.FieldError{{Field: "address", Reason: "is not an e-mail address"}})
	}
	err = tx.QueryRow(ctx, `SELECT reason FROM suppressions WHERE email_key = $1`, t.value).Scan(&reason)
	if err == nil {
		return reason, nil
	}
	if !db.IsNoRows(err) {
		return "", fmt.Errorf("look for an address among the suppressions: %w", err)
	}
	gone, err := erasedAmong(ctx, tx, []target{t})
	if len(gone) > 0 {
		reason = erased
	}
	return reason, err
}
