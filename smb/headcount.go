package smb

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Counting the businesses of communities reads an entry for each of them. Over few that is done
// whenever somebody asks; over many it may take at most one part in headShare of the time, and where it
// takes longer than headPatience, nobody waits for it but the first: the last count is shown meanwhile.
const (
	headShare    = 20
	headMost     = 10 * time.Second
	headFew      = 20_000
	headPatience = 100 * time.Millisecond
	headStale    = 10 * time.Minute
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
	behind    bool          // somebody counts, and nobody waits
}

type keptHeadcount struct {
	headcount
	until, stale time.Time // real times: when it is to be counted anew, and when it may not be shown any more
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

// of is the headcounts of some communities. One that has no business is not in the map. d is for what is
// counted while nobody waits.
func (h *headcounts) of(ctx context.Context, tx *db.Tx, d *db.DB, ids []int64, mark int) (map[int64]headcount, error) {
	counts, missing, old := h.lookUp(ids)
	if len(old) > 0 && h.goBehind() {
		go h.recount(d, old) //nolint:gosec // it goes on for whoever asks next
	}
	if len(missing) == 0 {
		return counts, nil
	}
	h.counting.Lock()
	defer h.counting.Unlock()
	counts, missing, _ = h.lookUp(ids)
	if len(missing) == 0 {
		return counts, nil
	}
	fresh, err := h.countAnew(ctx, tx, missing, mark)
	maps.Copy(counts, fresh)
	return counts, err
}

func (h *headcounts) countAnew(ctx context.Context, tx *db.Tx, ids []int64, mark int) (map[int64]headcount, error) {
	began := fibonacco.RealTime()
	fresh, rows, err := countHeads(ctx, tx, ids)
	if err == nil && rows >= headFew {
		h.keep(ids, fresh, mark, fibonacco.RealTime().Sub(began))
	}
	return fresh, err
}

// goBehind reports whether the caller is to count while nobody waits: one does at a time.
func (h *headcounts) goBehind() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := !h.behind
	h.behind = true
	return first
}

// recount counts while nobody waits. An error is left to those who will.
func (h *headcounts) recount(d *db.DB, ids []int64) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	mark := h.mark()
	_ = d.View(ctx, func(tx *db.Tx) error {
		_, err := h.countAnew(ctx, tx, ids, mark)
		return err
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.behind = false
}

// lookUp is what is kept of some communities, the others, and those whose count is old.
func (h *headcounts) lookUp(ids []int64) (counts map[int64]headcount, missing, old []int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	counts = map[int64]headcount{}
	now := fibonacco.RealTime()
	for _, id := range ids {
		k, ok := h.kept[id]
		if !ok || !now.Before(k.stale) {
			missing = append(missing, id)
			continue
		}
		counts[id] = k.headcount
		if !now.Before(k.until) {
			old = append(old, id)
		}
	}
	return counts, missing, old
}

// keep keeps counts that took so long, but for what was forgotten since mark.
func (h *headcounts) keep(ids []int64, counts map[int64]headcount, mark int, cost time.Duration) {
	until := fibonacco.RealTime().Add(min(cost*headShare, headMost))
	stale := until
	if cost >= headPatience {
		stale = until.Add(headStale)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.kept == nil {
		h.kept = map[int64]keptHeadcount{}
	}
	for _, id := range ids {
		if h.forgotten[id] <= mark {
			h.kept[id] = keptHeadcount{counts[id], until, stale}
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
