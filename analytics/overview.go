package analytics

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// counting is one overview on its way. The first span of sends is the day so far, the second
// the same weekday a week before up to the same time, then one for each community's own day.
type counting struct {
	o        *fibonacco.Overview
	scope    []int64 // the communities that are counted; nil is all
	today    day     // in the zone of the largest community
	before   day
	sameTime span // before, up to the same time of day

	days    map[int64]day // community → its own day
	towns   map[int64]*fibonacco.CommunityToday
	order   []int64
	reasons map[int64]map[fibonacco.SkipReason]int // community → why its steps did not go today
	skips   map[fibonacco.SkipReason]int           // of the day so far
}

// count fills o as of tx.Now, but for what is slow.
func (s *Service) count(ctx context.Context, tx *db.Tx, o *fibonacco.Overview, scope []int64, slow *slow, failedJobs int) error {
	c := &counting{
		o: o, scope: scope, days: map[int64]day{}, towns: map[int64]*fibonacco.CommunityToday{},
		reasons: map[int64]map[fibonacco.SkipReason]int{}, skips: map[fibonacco.SkipReason]int{},
	}
	o.Now, o.Total, o.Tiers, o.ProgrammeDay = tx.Now, slow.total, slow.tiers, slow.day
	if err := s.readTowns(ctx, tx, c, slow.smbs); err != nil {
		return err
	}
	for _, read := range []func(context.Context, *db.Tx) error{
		c.readSent, c.readUnsent, c.readSkips, c.readQueued, c.readEngagement, c.readMachines, c.readEvents, c.readFeed,
	} {
		if err := read(ctx, tx); err != nil {
			return err
		}
	}
	c.finish()
	return c.readAttention(ctx, tx, failedJobs)
}

// readTowns reads the communities and settles what "today" is for each, and for all.
func (s *Service) readTowns(ctx context.Context, tx *db.Tx, c *counting, smbs map[int64]int) error {
	type town struct {
		ID             int64
		Name, Timezone string
	}
	where, args := c.within("id", 1)
	towns, err := db.Select[town](ctx, tx, `SELECT id, name, timezone FROM communities WHERE TRUE`+where+` ORDER BY name, id`, args...)
	if err != nil {
		return fmt.Errorf("read communities: %w", err)
	}
	c.o.Timezone = fibonacco.DefaultTimezone
	largest := -1
	for _, t := range towns {
		d := dayAt(tx.Now, s.location(t.Timezone))
		c.days[t.ID] = d
		c.towns[t.ID] = &fibonacco.CommunityToday{
			ID: t.ID, Name: t.Name, Timezone: t.Timezone, LocalTime: tx.Now.In(d.zone).Format("15:04"),
		}
		c.order = append(c.order, t.ID)
		c.reasons[t.ID] = map[fibonacco.SkipReason]int{}
		if smbs[t.ID] > largest {
			largest, c.o.Timezone = smbs[t.ID], t.Timezone
		}
	}
	c.today = dayAt(tx.Now, s.location(c.o.Timezone))
	c.before = c.today.weekBefore()
	c.sameTime = c.before.until(tx.Now)
	return nil
}

// within limits a statement to the communities that are counted, by their id in a column; the
// placeholder is number first.
func (c *counting) within(column string, first int) (where string, args []any) {
	if c.scope == nil {
		return "", nil
	}
	return fmt.Sprintf(" AND %s IN ($%d...)", column, first), []any{c.scope}
}

// spans are the day so far, the day a week before up to the same time, and each community's day in the
// order of c.order.
func (c *counting) spans() []span {
	all := []span{c.today.span, c.sameTime}
	for _, id := range c.order {
		all = append(all, c.days[id].span)
	}
	return all
}

// figures calls all for a row of the day so far or the day a week before, and own when it lies in its
// community's own day.
func (c *counting) figures(pieces cuts, n int, communityID int64, all func(*fibonacco.DayFigures), own func(*fibonacco.CommunityToday)) {
	pieces.in(n, func(i int) {
		switch {
		case i == 0:
			all(&c.o.Today)
		case i == 1:
			all(&c.o.Before)
		case c.order[i-2] == communityID:
			own(c.towns[communityID])
		}
	})
}

// finish turns what was gathered into lists. They are never nil: JSON readers want [].
func (c *counting) finish() {
	c.o.Communities = make([]fibonacco.CommunityToday, 0, len(c.order))
	for _, id := range c.order {
		town := *c.towns[id]
		if worst := byCount(c.reasons[id]); len(worst) > 0 {
			town.TopReason = worst[0].Reason
		}
		c.o.Communities = append(c.o.Communities, town)
	}
	c.o.Skips = byCount(c.skips)
}

// byCount lists reasons, most first; equal ones by name, so that pages do not flicker.
func byCount(reasons map[fibonacco.SkipReason]int) []fibonacco.SkipCount {
	out := make([]fibonacco.SkipCount, 0, len(reasons))
	for reason, n := range reasons {
		out = append(out, fibonacco.SkipCount{Reason: reason, Count: n})
	}
	slices.SortFunc(out, func(a, b fibonacco.SkipCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}
