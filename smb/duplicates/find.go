package duplicates

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const (
	defaultLimit = 100
	mostLimit    = 500
	blockMost    = 20_000 // businesses of one ZIP code that are held at once
	readAtOnce   = 5_000
	ofMost       = 5_000 // businesses of its ZIP code that one is compared with
)

// Finder finds the duplicates. Safe for concurrent use.
type Finder struct {
	db        *db.DB
	directory fibonacco.SMBDirectory
}

// New makes the finder; directory reads the businesses that it proposes.
func New(d *db.DB, directory fibonacco.SMBDirectory) *Finder {
	return &Finder{db: d, directory: directory}
}

// Duplicates implements fibonacco.MergeService. A limit above 500 is 500.
func (f *Finder) Duplicates(ctx context.Context, communityID int64, limit int) ([]fibonacco.DuplicatePair, error) {
	if limit <= 0 {
		limit = defaultLimit
	}
	best := newRanking(min(limit, mostLimit))
	err := f.db.View(ctx, func(tx *db.Tx) error {
		towns, err := f.towns(ctx, tx, communityID)
		if err != nil {
			return err
		}
		for _, id := range towns {
			if err := searchCommunity(ctx, tx, id, best); err != nil {
				return fmt.Errorf("look for duplicates in community %d: %w", id, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f.fill(ctx, best.sorted())
}

// towns is the communities to look in, as far as the caller sees.
func (f *Finder) towns(ctx context.Context, tx *db.Tx, communityID int64) ([]int64, error) {
	all, err := db.Select[int64](ctx, tx, `SELECT id FROM communities ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("read communities: %w", err)
	}
	all = slices.DeleteFunc(all, func(id int64) bool {
		return communityID != 0 && id != communityID || !fibonacco.InScope(ctx, id)
	})
	if communityID != 0 && len(all) == 0 {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no such community")
	}
	return all, nil
}

func searchCommunity(ctx context.Context, tx *db.Tx, communityID int64, best *ranking) error {
	all, err := glanceAll(ctx, tx, communityID)
	if err != nil {
		return err
	}
	if best.dismissed, err = readDismissed(ctx, tx, `smbs.community_id = $1`, communityID); err != nil {
		return err
	}
	who := groupAll(all)
	shared := func(value string) int { return who.counts[hash(value)] }
	look := func(a, b *Entry) {
		if score, why := Likely(a, b, shared); score >= Proposed {
			best.add(pair{ids(a, b), score, why})
		}
	}
	if err := who.eachAcross(ctx, tx, look); err != nil {
		return err
	}
	return eachBlock(ctx, tx, all, func(block []*Entry) { pairsWithin(block, look) })
}

// eachBlock reads a community ZIP code by ZIP code, in the order of all.
func eachBlock(ctx context.Context, tx *db.Tx, all []glance, do func(block []*Entry)) error {
	var block []*Entry
	for some := range slices.Chunk(all, readAtOnce) {
		if err := ctx.Err(); err != nil {
			return err
		}
		ids := make([]int64, len(some))
		at := make(map[int64]int, len(some))
		for i, g := range some {
			ids[i], at[g.id] = g.id, i
		}
		read, err := readEntries(ctx, tx, `smbs.id IN ($1...)`, ids)
		if err != nil {
			return err
		}
		slices.SortFunc(read, func(a, b *Entry) int { return cmp.Compare(at[a.ID], at[b.ID]) })
		for _, e := range read {
			if len(block) > 0 && (block[0].ZIP != e.ZIP || len(block) >= blockMost) {
				do(block)
				block = block[:0]
			}
			block = append(block, e)
		}
	}
	do(block)
	return nil
}

// DuplicatesOf implements fibonacco.MergeService. The pairs have the business first.
func (f *Finder) DuplicatesOf(ctx context.Context, smbID int64) ([]fibonacco.DuplicatePair, error) {
	best := newRanking(defaultLimit)
	err := f.db.View(ctx, func(tx *db.Tx) error {
		e, communityID, err := findEntry(ctx, tx, smbID)
		if err != nil {
			return err
		}
		if best.dismissed, err = readDismissed(ctx, tx, `smbs.id = $1`, smbID); err != nil {
			return err
		}
		others, shared, err := readOthers(ctx, tx, communityID, e)
		if err != nil {
			return fmt.Errorf("look for duplicates of SMB %d: %w", smbID, err)
		}
		for _, o := range others {
			if score, why := Likely(e, o, shared); o.ID != e.ID && score >= Proposed {
				best.add(pair{ids(e, o), score, why})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	pairs, err := f.fill(ctx, best.sorted())
	for i, p := range pairs {
		if p.A.ID != smbID {
			pairs[i].A, pairs[i].B = p.B, p.A
		}
	}
	return pairs, err
}

func findEntry(ctx context.Context, tx *db.Tx, smbID int64) (*Entry, int64, error) {
	communityID, err := db.Get[int64](ctx, tx, `SELECT community_id FROM smbs WHERE id = $1 AND deleted_at IS NULL`, smbID)
	if db.IsNoRows(err) || err == nil && !fibonacco.InScope(ctx, communityID) {
		return nil, 0, fibonacco.Errorf(fibonacco.NotFound, "there is no such business")
	}
	if err != nil {
		return nil, 0, fmt.Errorf("find SMB %d: %w", smbID, err)
	}
	found, err := readEntries(ctx, tx, `smbs.id = $1`, smbID)
	if err != nil {
		return nil, 0, err
	}
	if len(found) == 0 { // erased: nobody's duplicate
		return NewEntry(smbID, "", "", "", "", "", "", ""), communityID, nil
	}
	return found[0], communityID, nil
}

// beginning is the first letters of a name, which few misspell.
func beginning(key string) string {
	if letters := []rune(key); len(letters) > 4 {
		return string(letters[:4])
	}
	return key
}

// readOthers reads what e shares something with, each by an index: its number, its address, its
// name, how its name begins, its ZIP code. The 0 added to the community keeps its index out, which
// finds everybody.
func readOthers(ctx context.Context, tx *db.Tx, communityID int64, e *Entry) (others []*Entry, shared Shared, err error) {
	counts := map[string]int{}
	for _, has := range []struct {
		where, value string
		most         int
	}{
		{`smbs.primary_phone = $2`, e.Phone, ofMost},
		{`smbs.email_key = $2`, e.Email, ofMost},
		{`smbs.name_key = $2`, e.key(), ofMost},
		{`smbs.id IN (SELECT smb_id FROM smb_search WHERE community_id = $1 AND name_key >= $2 AND name_key < CAST($2 AS text) || '` + "\U0010FFFF" + `'
			ORDER BY name_key, smb_id LIMIT ` + fmt.Sprint(ofMost/5) + `)`, beginning(e.key()), ofMost / 5},
		{`smbs.id IN (SELECT smb_id FROM smb_search WHERE zip = $2 AND community_id = $1 ORDER BY smb_id LIMIT ` + fmt.Sprint(ofMost) + `)`, e.ZIP, ofMost},
	} {
		if has.value == "" {
			continue
		}
		found, err := readEntries(ctx, tx, `smbs.community_id + 0 = $1 AND `+has.where+` LIMIT `+fmt.Sprint(has.most), communityID, has.value)
		if err != nil {
			return nil, nil, err
		}
		if has.value == e.Phone || has.value == e.Email {
			counts[has.value] = len(found)
		}
		others = append(others, found...)
	}
	return others, func(value string) int { return counts[value] }, nil
}

// fill reads the businesses of the pairs. One that is gone by now takes its pair with it.
func (f *Finder) fill(ctx context.Context, pairs []pair) ([]fibonacco.DuplicatePair, error) {
	if len(pairs) == 0 {
		return []fibonacco.DuplicatePair{}, nil
	}
	var wanted []int64
	for _, p := range pairs {
		wanted = append(wanted, p.ids[0], p.ids[1])
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	smbs, _, err := f.directory.ListSMBs(ctx, fibonacco.SMBFilter{IDs: wanted}, 0, len(wanted))
	if err != nil {
		return nil, fmt.Errorf("read the businesses of %d pairs: %w", len(pairs), err)
	}
	byID := make(map[int64]fibonacco.SMB, len(smbs))
	for _, b := range smbs {
		byID[b.ID] = b
	}
	filled := make([]fibonacco.DuplicatePair, 0, len(pairs))
	for _, p := range pairs {
		a, okA := byID[p.ids[0]]
		b, okB := byID[p.ids[1]]
		if okA && okB {
			filled = append(filled, fibonacco.DuplicatePair{A: a, B: b, Score: p.score, Reasons: p.reasons})
		}
	}
	return filled, nil
}
