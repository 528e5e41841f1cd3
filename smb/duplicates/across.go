package duplicates

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/fibonacco/fibonacco/db"
)

// glance is all that is held of every business of a community at once: some fifty bytes.
type glance struct {
	id                 int64
	phone, email, name uint64 // hashes; 0 is none. Two that are the same by chance are looked at, and found to differ
	zip                uint64
}

var seed = maphash.MakeSeed()

func hash(text string) uint64 {
	if text == "" {
		return 0
	}
	return maphash.String(seed, text)
}

// glanceAll reads a community ordered by ZIP code and name.
func glanceAll(ctx context.Context, tx *db.Tx, communityID int64) ([]glance, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, COALESCE(primary_phone, ''), COALESCE(email_key, ''), COALESCE(name_key, ''), COALESCE(zip, '') FROM smbs
		WHERE community_id = $1 AND deleted_at IS NULL AND erased_at IS NULL
		ORDER BY substr(zip, 1, 5), name_key, id`, communityID)
	if err != nil {
		return nil, fmt.Errorf("order businesses by ZIP code: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var all []glance
	for rows.Next() {
		var g glance
		var phone, email, name, zip string
		if err := rows.Scan(&g.id, &phone, &email, &name, &zip); err != nil {
			return nil, fmt.Errorf("order businesses by ZIP code: %w", err)
		}
		g.phone, g.email, g.name, g.zip = hash(usable(phone)), hash(email), hash(name), hash(zip5(zip))
		all = append(all, g)
	}
	return all, rows.Err()
}

// shares is what businesses have in common across ZIP codes.
var shares = []func(*glance) uint64{
	func(g *glance) uint64 { return g.phone },
	func(g *glance) uint64 { return g.email },
	func(g *glance) uint64 { return g.name },
}

const byName = 2 // the place of the name in shares

// sharing is the businesses of a community that share something.
type sharing struct {
	counts map[uint64]int // of numbers and addresses that more than a few have
	groups [][]int64      // ids that share something, and are not all of one ZIP code
}

// groupAll finds out who shares what. What more than most share is a headquarters', and is met
// within its ZIP code. A name alone says too little across ZIP codes, unless one of those who have
// it names none.
func groupAll(all []glance) sharing {
	s := sharing{counts: map[uint64]int{}}
	order := make([]int32, 0, len(all))
	for kind, of := range shares {
		order = order[:0]
		for i := range all {
			if of(&all[i]) != 0 {
				order = append(order, int32(i))
			}
		}
		slices.SortFunc(order, func(i, j int32) int {
			return cmp.Or(cmp.Compare(of(&all[i]), of(&all[j])), cmp.Compare(i, j))
		})
		for len(order) > 0 {
			value := of(&all[order[0]])
			n := 1
			apart, placeless := false, all[order[0]].zip == 0
			for ; n < len(order) && of(&all[order[n]]) == value; n++ {
				apart = apart || all[order[n]].zip != all[order[0]].zip
				placeless = placeless || all[order[n]].zip == 0
			}
			if n > few && kind != byName {
				s.counts[value] = n
			}
			if n > 1 && n <= most && apart && (placeless || kind != byName) {
				group := make([]int64, n)
				for i, at := range order[:n] {
					group[i] = all[at].id
				}
				s.groups = append(s.groups, group)
			}
			order = order[n:]
		}
	}
	return s
}

// eachAcross calls look for every two of each group.
func (s sharing) eachAcross(ctx context.Context, tx *db.Tx, look func(a, b *Entry)) error {
	for groups := s.groups; len(groups) > 0; {
		var ids []int64
		n := 0
		for ; n < len(groups) && len(ids) < readAtOnce; n++ {
			ids = append(ids, groups[n]...)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		read, err := readEntries(ctx, tx, `smbs.id IN ($1...)`, ids)
		if err != nil {
			return err
		}
		byID := make(map[int64]*Entry, len(read))
		for _, e := range read {
			byID[e.ID] = e
		}
		for _, group := range groups[:n] {
			for i, a := range group {
				for _, b := range group[i+1:] {
					if byID[a] != nil && byID[b] != nil {
						look(byID[a], byID[b])
					}
				}
			}
		}
		groups = groups[n:]
	}
	return nil
}
