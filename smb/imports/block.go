package imports

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// blockBit is in known.changed of a business that the file says must not be contacted.
const blockBit = placeBit << 1

// blocks reports whether the file is a do-not-contact file.
func (w *writer) blocks() bool { return w.req.Mode == fibonacco.DoNotContactFile }

// refuse puts one row of a do-not-contact file in its place: every business that it may be about is
// blocked, not only the likeliest, and what of its address and number none of them has is
// suppressed.
func (x *index) refuse(b *business, line int) fate {
	mail, number := b.emailKey, b.number()
	out := skipped
	seen := map[*known]bool{}
	each := func(k *known) {
		sure := x.evidence(b, &k.business)
		if sure == different || seen[k] {
			return
		}
		seen[k] = true
		if k.emailKey == mail {
			mail = ""
		}
		if k.number() == number {
			number = ""
		}
		if k.blocked {
			return
		}
		if x.notice != nil {
			x.notice(finding{line, k, b, x.because(sure), blockBit})
		}
		k.blocked, out = true, updated
		k.changed |= blockBit
	}
	x.byEmail.each(b.emailKey, each)
	x.byNumber.each(b.number(), each)
	x.byName.each(b.nameKey, each)
	if x.near != nil {
		x.near.each(b, each)
	}
	for _, s := range [...]fibonacco.Suppression{{Kind: "email", Value: mail}, {Kind: "phone", Value: number}} {
		if s.Value != "" && !x.unknown[s.Value] {
			x.unknown[s.Value] = true
			x.suppress = append(x.suppress, s)
			if out == skipped {
				out = created
			}
		}
	}
	return out
}

// loadBlocked marks the known businesses that must not be contacted already.
func (x *index) loadBlocked(ctx context.Context, tx *db.Tx) error {
	ids := make([]int64, 0, len(x.byID))
	for id := range x.byID {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil
	}
	blocked, err := db.Select[int64](ctx, tx, `SELECT id FROM smbs WHERE id IN ($1...) AND do_not_contact = TRUE`, ids)
	if err != nil {
		return fmt.Errorf("look for blocked businesses: %w", err)
	}
	for _, id := range blocked {
		x.byID[id].blocked = true
	}
	return nil
}

// block stores what the rows of a do-not-contact file came to.
func (w *writer) block(ctx context.Context, tx *db.Tx, x *index) error {
	if !w.blocks() {
		return nil
	}
	if err := unguided(ctx, tx); err != nil {
		return err
	}
	var ids []int64
	for _, k := range x.changed() {
		ids = append(ids, k.id)
	}
	if len(ids) > 0 {
		if _, err := tx.Exec(ctx, `
			UPDATE smbs SET do_not_contact = TRUE, version = version + 1, updated_at = $1 WHERE id IN ($2...)`, tx.Now, ids); err != nil {
			return fmt.Errorf("block %d businesses: %w", len(ids), err)
		}
	}
	if len(x.suppress) == 0 {
		return nil
	}
	for i := range x.suppress {
		s := &x.suppress[i]
		s.Reason, s.Source, s.CommunityID = "dnc", w.req.Source, &w.req.CommunityID
		if w.req.Filename != "" {
			s.Source = w.req.Filename
		}
	}
	if _, err := w.o.suppress(ctx, tx, x.suppress); err != nil {
		return fmt.Errorf("suppress %d addresses and numbers: %w", len(x.suppress), err)
	}
	return nil
}
