package track

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/db"
)

// linkKey is one link of a send: by id, or by address when a provider told of it.
type linkKey struct {
	id  int64
	url string // "" when id is known
}

func (n *note) key() linkKey {
	if n.linkID != 0 {
		return linkKey{id: n.linkID}
	}
	return linkKey{url: n.link}
}

// history is what happened to a send's links, before this batch and in it.
type history struct {
	clicks  []click
	traps   []trap
	counted map[linkKey]bool // links with a click that was not a machine's
	starts  map[burst][]time.Time
}

// burst is so many different links within such a span.
type burst struct {
	links  int
	within time.Duration
}

type click struct {
	key linkKey
	at  time.Time
}

// trap is one fetch of the hidden link.
type trap struct {
	ip string
	at time.Time
}

// first reports whether n is the first click of its link that counts, and remembers that it did.
func (h *history) first(n *note) bool {
	if h.counted == nil {
		h.counted = map[linkKey]bool{}
	}
	was := h.counted[n.key()]
	h.counted[n.key()] = true
	return !was
}

// took notes a click. Bursts are looked for when all are noted.
func (h *history) took(n *note) {
	h.clicks = append(h.clicks, click{n.key(), n.at})
	if n.linkID == render.LinkTrap && n.ip != "" {
		h.traps = append(h.traps, trap{n.ip, n.at})
	}
	h.starts = nil
}

// trapped reports whether the hidden link was taken from the note's address not long ago. Within
// a batch the order is chance, so a moment later counts too.
func (h *history) trapped(n *note, within time.Duration) bool {
	return n.ip != "" && slices.ContainsFunc(h.traps, func(t trap) bool {
		return t.ip == n.ip && n.at.Sub(t.at).Abs() <= within
	})
}

// inBurst reports whether a moment lies in one of the send's bursts.
func (h *history) inBurst(b burst, at time.Time) bool {
	if len(h.clicks) < b.links {
		return false
	}
	starts, known := h.starts[b]
	if !known {
		if h.starts == nil {
			h.starts = map[burst][]time.Time{}
		}
		starts = h.bursts(b)
		h.starts[b] = starts
	}
	return slices.ContainsFunc(starts, func(start time.Time) bool { return !at.Before(start) && at.Sub(start) <= b.within })
}

// bursts is when the bursts of the send began: moments after which so many distinct links were
// taken within the span.
func (h *history) bursts(b burst) []time.Time {
	slices.SortFunc(h.clicks, func(a, b click) int { return a.at.Compare(b.at) })
	var starts []time.Time
	within, end := map[linkKey]int{}, 0
	for _, c := range h.clicks {
		for end < len(h.clicks) && h.clicks[end].at.Sub(c.at) <= b.within {
			within[h.clicks[end].key]++
			end++
		}
		if len(within) >= b.links {
			starts = append(starts, c.at)
		}
		if within[c.key]--; within[c.key] == 0 {
			delete(within, c.key)
		}
	}
	return starts
}

// judge reads what happened to the batch's sends before, adds what is in the batch, and gives
// every hit its verdict.
func (b *batch) judge(ctx context.Context) error {
	if err := b.readHistory(ctx); err != nil {
		return err
	}
	for n, d := range b.live(clicked) {
		d.past.took(n)
	}
	var m moment
	for n, d := range b.live(opened, clicked) {
		b.s.give(n, d, &m)
	}
	return nil
}

// readHistory reads, in one query, when each link of the batch's sends was taken last, whether it
// counted, and from where the hidden link was taken. Grouped, so that a link that is taken a
// thousand times is one row. The empty text beside event_type keeps its index out: half of all
// rows are clicks, a send has a few.
func (b *batch) readHistory(ctx context.Context) error {
	var ids []int64
	for n := range b.live(opened, clicked) {
		ids = append(ids, n.sendID)
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	rows, err := b.tx.Query(ctx, `
		SELECT campaign_send_id, COALESCE(link_id, 0), CASE WHEN link_id IS NULL THEN COALESCE(link_clicked, '') ELSE '' END,
			CASE WHEN link_id = $2 THEN COALESCE(CAST(ip_address AS text), '') ELSE '' END,
			MAX(event_at), MAX(CASE WHEN verdict = $3 THEN 0 ELSE 1 END)
		FROM email_events WHERE campaign_send_id IN ($1...) AND event_type || '' = $4 GROUP BY 1, 2, 3, 4`,
		slices.Compact(ids), render.LinkTrap, string(fibonacco.Machine), clicked)
	if err != nil {
		return fmt.Errorf("read earlier clicks: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var sendID int64
		var key linkKey
		var ip string
		var at time.Time
		var counted int
		if err := rows.Scan(&sendID, &key.id, &key.url, &ip, db.Time(&at), &counted); err != nil {
			return fmt.Errorf("read earlier clicks: %w", err)
		}
		past := &b.sends[sendID].past
		past.clicks = append(past.clicks, click{key, at})
		if counted == 1 {
			past.first(&note{linkID: key.id, link: key.url})
		}
		if key.id == render.LinkTrap && ip != "" {
			ip, _, _ = strings.Cut(ip, "/") // PostgreSQL writes the mask too
			past.traps = append(past.traps, trap{ip, at})
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read earlier clicks: %w", err)
	}
	return nil
}
