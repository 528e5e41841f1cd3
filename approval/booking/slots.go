package booking

import (
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
)

// plan is what decides whether an appointment can be: the settings, the zone, the time it is now, and
// what is booked already, without its gaps.
type plan struct {
	fibonacco.BookingSettings
	zone   *time.Location
	now    time.Time
	booked []span
}

// reach is the days that can be booked, the last one included.
func (p plan) reach() (first, last wall) {
	today, _ := midnight(shown(p.now, p.zone).date())
	return today, today.addDays(p.DaysAhead)
}

// free is the times on a local date at which an appointment of some minutes can begin, in order. It ends
// within the hours as it begins within them; its gaps may reach out of them.
func (p plan) free(day wall, minutes int) []time.Time {
	if first, last := p.reach(); day < first || day > last {
		return nil
	}
	// An evening may reach into the next day, and an appointment over midnight from one opening into
	// the next.
	var begin, open []span
	for n := -1; n <= 1; n++ {
		for _, o := range openings(p.BookingSettings, day.addDays(n)) {
			m := o.moments(p.zone)
			open = append(open, m...)
			if n <= 0 {
				begin = append(begin, m...)
			}
		}
	}
	open = joined(open)
	soonest := p.now.Add(time.Duration(p.LeadMinutes) * time.Minute)
	length, every := time.Duration(minutes)*time.Minute, time.Duration(p.EveryMinutes)*time.Minute
	var all []time.Time
	for _, s := range begin {
		for t := s.from; t.Before(s.to); t = t.Add(every) {
			end := t.Add(length)
			if on := shown(t, p.zone); on >= day && on < day.addDays(1) && !t.Before(soonest) && within(open, t, end) && p.room(t, end) {
				all = append(all, t)
			}
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}

func within(open []span, from, to time.Time) bool {
	return slices.ContainsFunc(open, func(s span) bool { return !from.Before(s.from) && !to.After(s.to) })
}

// room reports whether one more appointment can be at a time, with its gaps and everybody's: at no
// moment are there more than there are seats.
func (p plan) room(from, to time.Time) bool {
	mine := p.withGaps(span{from, to})
	var others []span
	for _, b := range p.booked {
		if b = p.withGaps(b); b.from.Before(mine.to) && b.to.After(mine.from) {
			others = append(others, b)
		}
	}
	// The most at once is at the beginning of one of them, or of mine.
	for _, at := range append(others, mine) {
		if at.from.Before(mine.from) {
			continue
		}
		n := 0
		for _, o := range others {
			if !o.from.After(at.from) && o.to.After(at.from) {
				n++
			}
		}
		if n >= p.Seats {
			return false
		}
	}
	return true
}

func (p plan) withGaps(s span) span {
	return span{s.from.Add(-time.Duration(p.GapBefore) * time.Minute), s.to.Add(time.Duration(p.GapAfter) * time.Minute)}
}

// can reports whether an appointment can begin at a time, which must be one of those that are offered.
func (p plan) can(start time.Time, minutes int) bool {
	day, _ := midnight(shown(start, p.zone).date())
	return slices.ContainsFunc(p.free(day, minutes), start.Equal)
}

// month is a month with its free times. "" is the first month that has any; one out of reach is the
// nearest, and so is what is no month.
func (p plan) month(month string, minutes int) fibonacco.BookingCalendar {
	first, last := p.reach()
	if month == "" {
		month = first.date()[:7]
		for day := first; day <= last; day = day.addDays(1) {
			if len(p.free(day, minutes)) > 0 {
				month = day.date()[:7]
				break
			}
		}
	}
	if t, err := time.Parse("2006-01", month); err != nil || t.Format("2006-01") != month {
		month = first.date()[:7]
	}
	month = min(max(month, first.date()[:7]), last.date()[:7])
	c := fibonacco.BookingCalendar{Month: month}
	begin, _ := midnight(month + "-01")
	if before := begin.addDays(-1); before >= first {
		c.Earlier = before.date()[:7]
	}
	day := begin
	for ; day.date()[:7] == month; day = day.addDays(1) {
		c.Days = append(c.Days, fibonacco.BookingDay{Date: day.date(), Free: p.free(day, minutes)})
	}
	if day <= last {
		c.Later = day.date()[:7]
	}
	return c
}

// next is the first n times that are free.
func (p plan) next(n, minutes int) []time.Time {
	var all []time.Time
	first, last := p.reach()
	for day := first; day <= last && len(all) < n; day = day.addDays(1) {
		all = append(all, p.free(day, minutes)...)
	}
	return all[:min(n, len(all))]
}
