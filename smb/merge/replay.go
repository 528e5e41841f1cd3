package merge

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco/db"
)

// stored is what is kept of a merge for the day that it is undone.
type stored struct {
	id                   int64
	before, after, other *record
	choose               map[string]string
}

// readLater reads the merges of a survivor that were made after m and are in force, oldest first.
func readLater(ctx context.Context, tx *db.Tx, survivorID, mergeID int64) ([]*stored, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, CAST(before AS text), CAST(after AS text), CAST(other AS text), CAST(choose AS text)
		FROM merges WHERE survivor_id = $1 AND id > $2 AND undone_at IS NULL AND forgotten_at IS NULL ORDER BY id`, survivorID, mergeID)
	if err != nil {
		return nil, fmt.Errorf("read the later merges of SMB %d: %w", survivorID, err)
	}
	defer func() { _ = rows.Close() }()
	var all []*stored
	for rows.Next() {
		l := &stored{}
		var before, after, other, choose string
		if err := rows.Scan(&l.id, &before, &after, &other, &choose); err != nil {
			return nil, fmt.Errorf("read the later merges of SMB %d: %w", survivorID, err)
		}
		if err := l.decode(before, after, other, choose); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, rows.Err()
}

func (m *stored) decode(before, after, other, choose string) error {
	m.before, m.after, m.other = &record{}, &record{}, &record{}
	for _, part := range []struct {
		text string
		into any
	}{{before, m.before}, {after, m.after}, {other, m.other}, {choose, &m.choose}} {
		if err := decode(part.text, part.into); err != nil {
			return fmt.Errorf("read merge %d: %w", m.id, err)
		}
	}
	return nil
}

// replay tells what the survivor, which is now as in now, would be if merge m had not been made.
// Several merges may have been made one after the other, and any of them may be undone: so what was
// made of the survivor since is done once more, on what it was before m. later is changed to what
// its merges then find and leave.
func replay(m *stored, later []*stored, now *record) *replayed {
	r := &replayed{m: m, state: *m.before, refused: map[string]bool{}}
	if takesPlace(m.before, m.other, m.choose) {
		r.placeNow = m.id
	}
	was := m.after // as it really was, while r.state is as it would have been
	for _, l := range later {
		r.follow(was, l.before)
		was = l.after
		before := r.state
		after := combine(&before, l.other, l.choose)
		if takesPlace(l.before, l.other, l.choose) {
			r.placeNow = l.id
		}
		if takesPlace(&before, l.other, l.choose) {
			r.placeThen = l.id
		}
		l.before, l.after = &before, after
		r.state = *after
	}
	r.follow(was, now)
	return r
}

// replayed is a survivor without a merge.
type replayed struct {
	m       *stored
	state   record
	refused map[string]bool // opt-ins that were taken back since the merge, and do_not_contact

	// Which merge brought the place in the programme, now and without m; 0 is none.
	placeNow, placeThen int64
}

// placeBack reports whether the place that m brought is still there, and goes back.
func (r *replayed) placeBack() bool { return r.placeNow == r.m.id }

// follow brings the state on by what somebody changed between was and is.
func (r *replayed) follow(was, is *record) {
	state := &r.state
	if !sameRun(was, is) { // started since: nobody brought that
		r.placeNow, r.placeThen = 0, 0
	}
	for _, c := range columns {
		switch c.rule {
		case left:
			c.take(state, is)
		case sum: // counted on: what m brought goes with it
			*c.at(state).(*int) = max(*c.at(is).(*int)-*c.at(r.m.other).(*int), 0)
		case newest: // from the rows, once they are back: see seenSince
		case placed:
			if r.placeNow == r.placeThen { // the days that went by
				c.take(state, is)
			}
		case fill, both, either, union:
			if c.same(was, is) {
				continue
			}
			c.take(state, is)
			if yes, ok := c.at(is).(*bool); ok {
				r.refused[c.name] = *yes == (c.rule == either)
			}
		}
	}
}
