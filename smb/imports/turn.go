package imports

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco/db"
)

// takeTurn makes imports into one community take turns: two that look for the same business at
// the same time would both not find it. Others may go on adding businesses by hand.
//
// Each community has two locks. Whoever comes new takes the first and waits until the second is
// free too. The batch behind takes the other one while the batch ahead still holds its own, so
// that between the two there is no moment at which nobody holds any. Somebody new who waits for
// the first lock is before the batch after that: everybody gets a turn.
func (w *writer) takeTurn(ctx context.Context, tx *db.Tx, f *flight) error {
	name := func(lock int) string { return fmt.Sprintf("imports/%d/%d", w.req.CommunityID, lock) }
	if f.ahead != nil {
		f.lock = 1 - f.ahead.lock
		if err := tx.Lock(ctx, name(f.lock)); err != nil {
			return err
		}
		if f.ahead.leaving.Load() {
			return errLate
		}
		return nil
	}
	f.lock = 0
	if err := tx.Lock(ctx, name(0)); err != nil {
		return err
	}
	return tx.Await(ctx, name(1))
}
