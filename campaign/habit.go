package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco/db"
)

// habits is when people read: what a learned sending hour is chosen by. nil where hours are fixed.
type habits struct {
	hours    []time.Duration    // that are permitted, since midnight
	usual    time.Duration      // the fixed time, for whom nothing is known
	explore  float64            // share of mails that try another hour
	category map[string][24]int // opens by local hour of all businesses of a category
	business map[int64]*[24]int // of one business
	zone     *time.Location
}

const (
	habitSpan = 90 * 24 * time.Hour // how far back opens of others count
	// usualWeight and othersWeight are how many opens of its own a business needs to outweigh the fixed
	// hour, and the habits of others of its category.
	usualWeight  = 2.0
	othersWeight = 4.0
	// othersEnough is how many opens of a category count as half of what could be known of it.
	othersEnough = 20
)

// learnHabits reads when the businesses of a community open their mail, by category.
func (s *Service) learnHabits(ctx context.Context, tx *db.Tx, t town) (*habits, error) {
	set := s.cfg.ManifestDestiny.SendTime
	if set.Choice != "learned" {
		return nil, nil //nolint:nilnil // documented: hours are fixed
	}
	h := &habits{explore: set.Explore, category: map[string][24]int{}, zone: t.zone}
	var from, until time.Duration
	for _, t := range []struct {
		text string
		into *time.Duration
	}{{set.FromLocal, &from}, {set.UntilLocal, &until}, {s.cfg.ManifestDestiny.SendTimeLocal, &h.usual}} {
		var err error
		if *t.into, err = parseClockTime(t.text); err != nil {
			return nil, err
		}
	}
	for at := from.Truncate(time.Hour); at <= until; at += time.Hour {
		if at >= from {
			h.hours = append(h.hours, at)
		}
	}
	if len(h.hours) == 0 {
		h.hours = []time.Duration{from}
	}
	rows, err := tx.Query(ctx, `
		SELECT COALESCE(smbs.category, ''), s.opened_at FROM campaign_sends s JOIN smbs ON smbs.id = s.smb_id
		WHERE s.community_id = $1 AND s.opened_at >= $2`, t.id, tx.Now.Add(-habitSpan))
	if err != nil {
		return nil, fmt.Errorf("read when mails are opened: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var category string
		var at time.Time
		if err := rows.Scan(&category, db.Time(&at)); err != nil {
			return nil, err
		}
		counts := h.category[category]
		counts[at.In(t.zone).Hour()]++
		h.category[category] = counts
	}
	return h, rows.Err()
}

// of adds what is known of the candidates themselves.
func (h *habits) of(ctx context.Context, tx *db.Tx, candidates []candidate) (*habits, error) {
	if h == nil || len(candidates) == 0 {
		return h, nil
	}
	one := *h
	one.business = map[int64]*[24]int{}
	rows, err := tx.Query(ctx, `SELECT smb_id, opened_at FROM campaign_sends WHERE smb_id IN ($1...) AND opened_at IS NOT NULL`, idsOf(candidates))
	if err != nil {
		return nil, fmt.Errorf("read when mails are opened: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		var at time.Time
		if err := rows.Scan(&id, db.Time(&at)); err != nil {
			return nil, err
		}
		if one.business[id] == nil {
			one.business[id] = &[24]int{}
		}
		one.business[id][at.In(h.zone).Hour()]++
	}
	return &one, rows.Err()
}

func idsOf(candidates []candidate) []int64 {
	ids := make([]int64, len(candidates))
	for i, c := range candidates {
		ids[i] = c.ID
	}
	return ids
}

// choose is when an SMB gets a mail, since local midnight. Now and then it is any permitted hour, by a
// hash, so that planning again chooses the same; else the hour with the most opens, its own and, to
// begin with, those of its category.
func (h *habits) choose(campaign string, c candidate) time.Duration {
	dice := hashOf(campaign+"/hour", c.ID)
	if float64(dice>>11)/(1<<53) < h.explore {
		return h.hours[int(hashOf(campaign+"/other", c.ID)%uint64(len(h.hours)))]
	}
	others, all := h.category[c.Category], 0
	for _, n := range others {
		all += n
	}
	own := h.business[c.ID]
	best, most := h.hours[0], -1.0
	for _, at := range h.hours {
		hour := int(at / time.Hour)
		score := 0.0
		if at.Truncate(time.Hour) == h.usual.Truncate(time.Hour) {
			score += usualWeight
			at = max(min(h.usual, h.hours[len(h.hours)-1]), h.hours[0])
		}
		score += othersWeight * float64(others[hour]) / float64(all+othersEnough)
		if own != nil {
			score += float64(own[hour])
		}
		if score > most {
			best, most = at, score
		}
	}
	return best
}
