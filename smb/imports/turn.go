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
	if f.ahead != nil {
		f.lock = 1 - f.ahead.lock
		if err := tx.Lock(ctx, turnName(w.req.CommunityID, f.lock)); err != nil {
			return err
		}
		if f.ahead.leaving.Load() {
			return errLate
		}
		return nil
	}
	f.lock = 0
	return waitTurn(ctx, tx, w.req.CommunityID)
}

// waitTurn is the turn of whoever comes new: a file's first batch, or one that is taken back.
func waitTurn(ctx context.Context, tx *db.Tx, community int64) error {
	if err := tx.Lock(ctx, turnName(community, 0)); err != nil {
		return err
	}
	return tx.Await(ctx, turnName(community, 1))
}

func turnName(community int64, lock int) string { return fmt.Sprintf("imports/%d/%d", community, lock) }
