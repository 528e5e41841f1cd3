package imports

import (
	"cmp"
	"context"
	"fmt"
	"math/bits"
	"slices"
	"sync"

	"github.com/fibonacco/fibonacco/db"
)

// names is what all businesses of a community are called, sixteen bytes each, for an import that
// compares names by their sound: neither database can look for that. It is read once, and what was
// added since at each batch.
type names struct {
	mu    sync.Mutex
	byZIP map[string][]signedID
	last  int64 // the largest id in it
}

type signedID struct {
	sign uint64
	id   int64
}

// mostLikely is how many businesses are looked at for one row.
const mostLikely = 20

// load adds to x every business of the community that a row could be about.
func (w *writer) load(ctx context.Context, tx *db.Tx, x *index, rows []business) error {
	if err := x.load(ctx, tx, w.req.CommunityID, rows, w.about); err != nil {
		return err
	}
	if w.names != nil {
		ids, err := w.names.likely(ctx, tx, w.req.CommunityID, rows)
		if err != nil {
			return err
		}
		if err := x.loadIDs(ctx, tx, w.req.CommunityID, ids, w.about); err != nil {
			return err
		}
	}
	switch {
	case x.refuses:
		return x.loadBlocked(ctx, tx)
	case x.draft != nil && slices.ContainsFunc(rows, func(b business) bool { return b.consent != nil }):
		return x.loadRecorded(ctx, tx)
	}
	return nil
}

// likely is the businesses whose names are most like those of rows in the same ZIP.
func (n *names) likely(ctx context.Context, tx *db.Tx, community int64, rows []business) ([]int64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.refresh(ctx, tx, community); err != nil {
		return nil, err
	}
	found := map[int64]bool{}
	type likely struct {
		id     int64
		shared int
	}
	var best []likely
	for i := range rows {
		b := &rows[i]
		sign := signature(b.nameKey)
		best = best[:0]
		for _, s := range n.byZIP[zip5(b.text[zip])] {
			if mayBeAlike(sign, s.sign) {
				best = append(best, likely{s.id, bits.OnesCount64(sign&s.sign&letterBits) - bits.OnesCount64((sign^s.sign)&letterBits)})
			}
		}
		slices.SortFunc(best, func(a, b likely) int { return cmp.Or(cmp.Compare(b.shared, a.shared), cmp.Compare(a.id, b.id)) })
		for _, l := range best[:min(len(best), mostLikely)] {
			found[l.id] = true
		}
	}
	ids := make([]int64, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids, nil
}

// refresh reads the businesses that were added since. One that got another name since is found by
// the former one only; the next import finds it.
func (n *names) refresh(ctx context.Context, tx *db.Tx, community int64) error {
	rows, err := tx.Query(ctx, `
		SELECT id, COALESCE(name_key, ''), zip FROM smbs
		WHERE id > $1 AND community_id = $2 AND deleted_at IS NULL AND zip IS NOT NULL`, n.last, community)
	if err != nil {
		return fmt.Errorf("read the names of community %d: %w", community, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		var name, code string
		if err := rows.Scan(&id, &name, &code); err != nil {
			return fmt.Errorf("read the names of community %d: %w", community, err)
		}
		code = zip5(code)
		n.byZIP[code] = append(n.byZIP[code], signedID{signature(name), id})
		n.last = max(n.last, id)
	}
	return rows.Err()
}
