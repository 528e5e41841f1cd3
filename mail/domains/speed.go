package domains

import "time"

// span is how long mails are counted before the count begins anew.
const span = 5 * time.Second

// speeds counts what was accepted, by domain, in this span and the one before.
type speeds struct {
	now, before map[string]int
	since       time.Time
	full        bool // before is a whole span
}

func (s *speeds) turn(now time.Time) {
	switch age := now.Sub(s.since); {
	case age < span && s.now != nil:
		return
	case age < 2*span && s.now != nil:
		s.before, s.full, s.since = s.now, true, s.since.Add(span)
	default:
		s.before, s.full, s.since = nil, false, now
	}
	s.now = map[string]int{}
}

func (s *speeds) count(name string, now time.Time) {
	s.turn(now)
	s.now[name]++
}

// of is how many mails a second a domain has accepted lately.
func (s *speeds) of(name string, now time.Time) float64 {
	s.turn(now)
	passed := now.Sub(s.since)
	if s.full {
		passed += span
	}
	return float64(s.now[name]+s.before[name]) / max(passed, time.Second/10).Seconds()
}
