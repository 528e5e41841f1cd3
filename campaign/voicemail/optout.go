package voicemail

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// optOut takes every business with a number out of the voicemails at once, and cancels what is planned
// for the number. It reports whether any was in.
func (s *Service) optOut(ctx context.Context, tx *db.Tx, phone, source string) (changed bool, err error) {
	type row struct {
		ID    int64
		Opted bool
	}
	list, err := db.Select[row](ctx, tx, `
		SELECT id, rvm_opted_in AS opted FROM smbs WHERE primary_phone = $1 AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE`, phone)
	if err != nil {
		return false, fmt.Errorf("find whose number it is: %w", err)
	}
	var withdrawals []Withdrawal
	var events []fibonacco.Event
	for _, r := range list {
		withdrawals = append(withdrawals, Withdrawal{r.ID, phone, source})
		if r.Opted {
			events = append(events, fibonacco.Unsubscribed{SMBID: r.ID, Channel: "rvm"})
		}
	}
	if len(withdrawals) > 0 {
		if err := s.withdraw(ctx, tx, withdrawals); err != nil {
			return false, fmt.Errorf("store %d withdrawals: %w", len(withdrawals), err)
		}
	}
	if _, err := tx.Exec(ctx, `
		UPDATE rvm_drops SET status = 'cancelled', delivery_status = $1, updated_at = $2 WHERE phone = $3 AND status = 'queued'`,
		string(fibonacco.NotOptedIn), tx.Now, phone); err != nil {
		return false, fmt.Errorf("cancel planned voicemails: %w", err)
	}
	if err := uncount(ctx, tx); err != nil {
		return false, err
	}
	return len(events) > 0, s.queue.Publish(ctx, tx, events...)
}

// takeOptIns is what Options.Withdraw does when nobody keeps proof.
func takeOptIns(ctx context.Context, tx *db.Tx, list []Withdrawal) error {
	var ids []int64
	for _, w := range list {
		ids = append(ids, w.SMBID)
	}
	_, err := tx.Exec(ctx, `UPDATE smbs SET rvm_opted_in = FALSE, updated_at = $1 WHERE id IN ($2...) AND rvm_opted_in`, tx.Now, ids)
	return err
}
