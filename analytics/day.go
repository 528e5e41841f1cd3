package analytics

import (
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Before and after everything.
var (
	ever  = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
)

// span is a stretch of time, to excluded.
type span struct{ from, to time.Time }

func (s span) holds(t time.Time) bool { return !t.Before(s.from) && t.Before(s.to) }

// with is the shortest span that holds both.
func (s span) with(o span) span {
	if o.from.Before(s.from) {
		s.from = o.from
	}
	if o.to.After(s.to) {
		s.to = o.to
	}
	return s
}

// day is one local date.
type day struct {
	span
	zone *time.Location
	date string // "2026-11-23"
}

// dayAt is the local day of a moment.
func dayAt(t time.Time, zone *time.Location) day {
	local := t.In(zone)
	y, m, d := local.Date()
	return day{
		span: span{time.Date(y, m, d, 0, 0, 0, 0, zone).UTC(), time.Date(y, m, d+1, 0, 0, 0, 0, zone).UTC()},
		zone: zone, date: local.Format(time.DateOnly),
	}
}

// weekBefore is the same weekday a week before d: the programme has its days of the week.
func (d day) weekBefore() day {
	y, m, n := d.from.In(d.zone).Date()
	return dayAt(time.Date(y, m, n-7, 12, 0, 0, 0, d.zone), d.zone)
}

// until is d up to the same time of day as now is in its own day.
func (d day) until(now time.Time) span {
	local := now.In(d.zone)
	y, m, n := d.from.In(d.zone).Date()
	h, min, s := local.Clock()
	return span{d.from, time.Date(y, m, n, h, min, s, local.Nanosecond(), d.zone).UTC()}
}

// location is a community's time zone; an unusable one counts as the default.
func (s *Service) location(name string) *time.Location {
	if zone, ok := s.zones[name]; ok {
		return zone
	}
	zone, err := fibonacco.LoadZone(name)
	if err != nil {
		if zone, err = fibonacco.LoadZone(fibonacco.DefaultTimezone); err != nil {
			zone = time.UTC
		}
	}
	s.zones[name] = zone
	return zone
}

// cuts is time cut at every edge of some spans, so that a row is looked at once however many
// spans it lies in. Pieces that lie in no span are left out.
type cuts struct {
	spans  []span
	pieces []span
}

func cut(spans ...span) cuts {
	var edges []time.Time
	for _, s := range spans {
		edges = append(edges, s.from, s.to)
	}
	slices.SortFunc(edges, time.Time.Compare)
	edges = slices.CompactFunc(edges, time.Time.Equal)
	c := cuts{spans: spans}
	for i := 1; i < len(edges); i++ {
		piece := span{edges[i-1], edges[i]}
		if slices.ContainsFunc(spans, func(s span) bool { return s.holds(piece.from) }) {
			c.pieces = append(c.pieces, piece)
		}
	}
	return c
}

// rows is the pieces for a statement FROM rows: n, lo, hi.
func (c cuts) rows() *db.Batch {
	b := db.NewBatch("n integer", "lo timestamptz", "hi timestamptz")
	for n, p := range c.pieces {
		b.Add(n, p.from, p.to)
	}
	return b
}

// in calls f with the index of every span that piece n lies in.
func (c cuts) in(n int, f func(span int)) {
	for i, s := range c.spans {
		if s.holds(c.pieces[n].from) {
			f(i)
		}
	}
}
