package analytics

import (
	"context"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// slow is what needs every row, and moves slowly.
type slow struct {
	total fibonacco.DayFigures
	tiers [4]int
	smbs  map[int64]int // community → its SMBs
	day   int           // furthest programme day of an active SMB
}

// readSlow is what is slow of some communities; of all when scope is nil. Everybody who is limited
// shares one count, community by community, so that it does not cost more the more of them there are.
func (s *Service) readSlow(ctx context.Context, tx *db.Tx, scope []int64) (*slow, error) {
	began := fibonacco.RealTime()
	if scope == nil {
		if !s.whole.fresh(slowShare, slowMost) {
			all, err := countSlow(ctx, tx, false)
			if err != nil {
				return nil, err
			}
			s.whole.keep(all.at(0), began)
		}
		return s.whole.value, nil
	}
	if !s.split.fresh(slowShare, slowMost) {
		all, err := countSlow(ctx, tx, true)
		if err != nil {
			return nil, err
		}
		s.split.keep(&all.of, began)
	}
	sum := &slow{smbs: map[int64]int{}}
	for _, id := range scope {
		if own := (*s.split.value)[id]; own != nil {
			sum.add(own)
		}
	}
	return sum, nil
}

func (s *slow) add(o *slow) {
	t, more := &s.total, o.total
	t.Sent += more.Sent
	t.Opened += more.Opened
	t.Clicked += more.Clicked
	t.Unsubscribed += more.Unsubscribed
	t.Approvals += more.Approvals
	t.Failed += more.Failed
	t.Unknown += more.Unknown
	t.Skipped += more.Skipped
	for i, n := range o.tiers {
		s.tiers[i] += n
	}
	for id, n := range o.smbs {
		s.smbs[id] += n
	}
	s.day = max(s.day, o.day)
}

// slowly is a count of what is slow: of everything, under 0, or of each community.
type slowly struct {
	split bool
	of    map[int64]*slow
}

func countSlow(ctx context.Context, tx *db.Tx, split bool) (*slowly, error) {
	c := &slowly{split, map[int64]*slow{}}
	for _, read := range []func(context.Context, *db.Tx) error{c.readSMBs, c.readDays, c.readSends, c.readClicks, c.readSkips, c.readEvents} {
		if err := read(ctx, tx); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *slowly) at(communityID int64) *slow {
	if !c.split {
		communityID = 0
	}
	if c.of[communityID] == nil {
		c.of[communityID] = &slow{smbs: map[int64]int{}}
	}
	return c.of[communityID]
}

// by is a community for the list of columns and, with what else is grouped by, the grouping. All of
// it is one group when nothing is split, which an index may be enough for.
func (c *slowly) by(column, more string) (community, group string) {
	switch {
	case !c.split && more == "":
		return "CAST(0 AS bigint)", ""
	case !c.split:
		return "CAST(0 AS bigint)", " GROUP BY " + more
	case more == "":
		return column, " GROUP BY " + column
	}
	return column, " GROUP BY " + column + ", " + more
}

// counts is a statement's communities with a number each.
func (c *slowly) counts(ctx context.Context, tx *db.Tx, column, number, from string, into func(s *slow, n int), args ...any) error {
	type group struct {
		CommunityID int64
		N           int
	}
	community, by := c.by(column, "")
	groups, err := db.Select[group](ctx, tx, `SELECT `+community+` AS community_id, `+number+` AS n FROM `+from+by, args...)
	if err != nil {
		return err
	}
	for _, g := range groups {
		into(c.at(g.CommunityID), g.N)
	}
	return nil
}
