package booking

import (
	"time"

	"github.com/fibonacco/fibonacco"
)

// Plan is plan for tests.
type Plan struct {
	fibonacco.BookingSettings
	Zone   *time.Location
	Now    time.Time
	booked []span
}

func (p *Plan) inner() plan {
	return plan{BookingSettings: p.BookingSettings, zone: p.Zone, now: p.Now, booked: p.booked}
}

// Free is plan.free.
func (p *Plan) Free(date string, minutes int) []time.Time {
	day, _ := midnight(date)
	return p.inner().free(day, minutes)
}

// Book adds an appointment.
func (p *Plan) Book(start time.Time, minutes int) {
	p.booked = append(p.booked, span{start, start.Add(time.Duration(minutes) * time.Minute)})
}

// Booked is what was added: beginnings and ends.
func (p *Plan) Booked() (all [][2]time.Time) {
	for _, b := range p.booked {
		all = append(all, [2]time.Time{b.from, b.to})
	}
	return all
}
