package booking

import (
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
)

// span is a stretch of time, its end not included.
type span struct{ from, to time.Time }

// wall is what clocks on the wall show, as seconds since 1970 without any zone.
type wall int64

const minute = 60 // seconds

// midnight is when a local date begins, by the wall.
func midnight(date string) (wall, bool) {
	t, err := time.Parse(time.DateOnly, date)
	return wall(t.Unix()), err == nil
}

func (w wall) date() string { return time.Unix(int64(w), 0).UTC().Format(time.DateOnly) }

func (w wall) addDays(n int) wall { return w + wall(n)*24*60*minute }

// shown is what the wall shows at a moment.
func shown(t time.Time, zone *time.Location) wall {
	_, offset := t.In(zone).Zone()
	return wall(t.Unix() + int64(offset))
}

// opening is a stretch of time by the wall, its end not included.
type opening struct{ from, to wall }

// openings is when a business is open on a local date: its weekly hours, or those of a special day. What
// ends before it begins ends on the next day.
func openings(s fibonacco.BookingSettings, day wall) []opening {
	if special, ok := specialOf(s.Special, day.date()); ok {
		if special.Opens == "" {
			return nil
		}
		return slices.DeleteFunc([]opening{openingOf(day, special.Opens, special.Closes)}, opening.empty)
	}
	weekday := time.Unix(int64(day), 0).UTC().Weekday()
	var all []opening
	for _, h := range s.Hours {
		if h.Day == weekday {
			if o := openingOf(day, h.Opens, h.Closes); !o.empty() {
				all = append(all, o)
			}
		}
	}
	return all
}

func (o opening) empty() bool { return o.to <= o.from }

func openingOf(day wall, opens, closes string) opening {
	from, ok := clockMinutes(opens)
	to, ok2 := clockMinutes(closes)
	if !ok || !ok2 {
		return opening{}
	}
	if to <= from {
		to += 24 * 60
	}
	return opening{day + wall(from)*minute, day + wall(to)*minute}
}

// specialOf is what holds on a date instead of the weekly hours: of several, the shortest.
func specialOf(all []fibonacco.SpecialDays, date string) (best fibonacco.SpecialDays, ok bool) {
	shortest := 0
	for _, s := range all {
		to := s.To
		if to == "" {
			to = s.From
		}
		if date < s.From || date > to {
			continue
		}
		from, _ := midnight(s.From)
		until, _ := midnight(to)
		if days := int(until-from) / (24 * 60 * minute); !ok || days <= shortest {
			best, ok, shortest = s, true, days
		}
	}
	return best, ok
}

// clockMinutes reads "09:30"; "24:00" is midnight at the day's end.
func clockMinutes(text string) (int, bool) {
	if text == "24:00" {
		return 24 * 60, true
	}
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != 5 {
		return 0, false
	}
	return t.Hour()*60 + t.Minute(), true
}

// moments is when the wall shows a time within an opening. Where clocks are set forward, the hour that
// is left out is not there; where they are set back, the hour that comes twice is there twice. It is
// therefore one span, as a rule; two when the opening begins or ends within that hour.
func (o opening) moments(zone *time.Location) []span {
	var all []span
	// No zone is further from UTC than this.
	const furthest = 16 * 60 * minute
	for t, last := time.Unix(int64(o.from)-furthest, 0), time.Unix(int64(o.to)+furthest, 0); t.Before(last); {
		local := t.In(zone)
		_, offset := local.Zone()
		begins, ends := local.ZoneBounds() // while this offset holds; zero is for ever
		s := span{time.Unix(int64(o.from)-int64(offset), 0), time.Unix(int64(o.to)-int64(offset), 0)}
		if !begins.IsZero() && s.from.Before(begins) {
			s.from = begins
		}
		if !ends.IsZero() && s.to.After(ends) {
			s.to = ends
		}
		if s.from.Before(s.to) {
			all = append(all, span{s.from.UTC(), s.to.UTC()})
		}
		if ends.IsZero() {
			break
		}
		t = ends
	}
	return joined(all)
}

// joined is the same moments in as few spans as there can be, in order.
func joined(all []span) []span {
	slices.SortFunc(all, func(a, b span) int { return a.from.Compare(b.from) })
	var out []span
	for _, s := range all {
		if n := len(out); n > 0 && !s.from.After(out[n-1].to) {
			if s.to.After(out[n-1].to) {
				out[n-1].to = s.to
			}
			continue
		}
		out = append(out, s)
	}
	return out
}
