package smb

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Counting the businesses of communities reads an entry for each of them. Over few that is done
// whenever somebody asks; over many it may take at most one part in headShare of the time.
const (
	headShare = 20
	headMost  = 10 * time.Second
	headFew   = 20_000
)

// headcount is how many businesses a community has.
type headcount struct{ all, active int }

// headcounts keeps what was counted for as long as it may be shown again, community by community, so
// that it is the same for everybody who sees one. The zero value is ready.
type headcounts struct {
	counting sync.Mutex // one counts at a time: the others find it done

	mu        sync.Mutex
	kept      map[int64]keptHeadcount
	changes   int           // how often any was forgotten
	forgotten map[int64]int // changes when a community's was, the last time
}

type keptHeadcount struct {
	headcount
	until time.Time // real time
}

// forget is for whoever changed the businesses of communities, once the change is stored.
func (h *headcounts) forget(communityIDs ...int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.forgotten == nil {
		h.forgotten = map[int64]int{}
	}
	h.changes++
	for _, id := range communityIDs {
		delete(h.kept, id)
		h.forgotten[id] = h.changes
	}
}

// mark is how much was forgotten so far: of needs to know it of the moment before its transaction
// began, because a transaction may not see what was stored later.
func (h *headcounts) mark() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.changes
}

// of is the headcounts of some communities. One that has no business is not in the map.
func (h *headcounts) of(ctx context.Context, tx *db.Tx, ids []int64, mark int) (map[int64]headcount, error) {
	counts, missing := h.lookUp(ids)
	if len(missing) == 0 {
		return counts, nil
	}
	h.counting.Lock()
	defer h.counting.Unlock()
	counts, missing = h.lookUp(ids)
	if len(missing) == 0 {
		return counts, nil
	}
	began := fibonacco.RealTime()
	fresh, rows, err := countHeads(ctx, tx, missing)
	if err != nil {
		return nil, err
	}
	for id, n := range fresh {
		counts[id] = n
	}
	if rows >= headFew {
		now := fibonacco.RealTime()
		h.keep(missing, fresh, mark, now.Add(min(now.Sub(began)*headShare, headMost)))
	}
	return counts, nil
}

// lookUp is what is kept of some communities, and the others.
func (h *headcounts) lookUp(ids []int64) (counts map[int64]headcount, missing []int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	counts = map[int64]headcount{}
	now := fibonacco.RealTime()
	for _, id := range ids {
		if k, ok := h.kept[id]; ok && now.Before(k.until) {
			counts[id] = k.headcount
			continue
		}
		missing = append(missing, id)
	}
	return counts, missing
}

// keep leaves out what was forgotten since mark.
func (h *headcounts) keep(ids []int64, counts map[int64]headcount, mark int, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.kept == nil {
		h.kept = map[int64]keptHeadcount{}
	}
	for _, id := range ids {
		if h.forgotten[id] <= mark {
			h.kept[id] = keptHeadcount{counts[id], until}
		}
	}
}

// countHeads counts anew; rows is how many businesses there are in all of these communities.
func countHeads(ctx context.Context, tx *db.Tx, ids []int64) (counts map[int64]headcount, rows int, err error) {
	type group struct {
		CommunityID int64
		N, Active   int
	}
	groups, err := db.Select[group](ctx, tx, `
		SELECT community_id, count(*) AS n, SUM(CASE WHEN campaign_status = 'active' THEN 1 ELSE 0 END) AS active
		FROM smbs WHERE deleted_at IS NULL AND community_id IN ($1...) GROUP BY community_id`, ids)
	if err != nil {
		return nil, 0, fmt.Errorf("count the businesses of %d communities: %w", len(ids), err)
	}
	counts = make(map[int64]headcount, len(groups))
	for _, g := range groups {
		counts[g.CommunityID] = headcount{g.N, g.Active}
		rows += g.N
	}
	return counts, rows, nil
}
