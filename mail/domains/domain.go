package domains

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/fibonacco/fibonacco"
)

// domain is what is known of one. The Mailer's mu guards it.
type domain struct {
	name    string
	limit   fibonacco.DomainLimit
	passing bool // known for its complaints only: forgotten when they are over

	active  int // handed to the mailer and not reported
	waiting []*fibonacco.Mail
	pocket  int       // mails that the limiter has granted
	askAt   time.Time // the limiter has nothing before
	booked  time.Time // the turn of the last mail that was sent back

	slowed  float64   // mails a second since the last complaint; 0 is no complaint
	top     float64   // the speed before the first
	grownAt time.Time // when slowed was last raised
	until   time.Time // nothing goes before
	pause   time.Duration
	count   int // complaints in a row
}

// slowest is the speed that a domain keeps whatever it says: six mails a minute.
const slowest = 0.1

// rate is how many mails a second may go; 0 is no limit.
func (d *domain) rate() float64 {
	if d.slowed > 0 && (d.limit.Rate == 0 || d.slowed < d.limit.Rate) {
		return d.slowed
	}
	return d.limit.Rate
}

// ask returns 0 when a mail may go now, and uses up its place; else how long to wait at most.
func (d *domain) ask(ctx context.Context, l fibonacco.Limiter, now time.Time) time.Duration {
	if d.limit.Connections > 0 && d.active >= d.limit.Connections {
		return time.Hour // until one is reported
	}
	if wait := max(d.until.Sub(now), d.askAt.Sub(now)); wait > 0 {
		return wait
	}
	if rate := d.rate(); rate > 0 {
		if d.pocket == 0 {
			n := min(max(int(rate/10), 1), 100)
			if wait := l.Take(ctx, "domain:"+d.name, rate, n); wait > 0 {
				d.askAt = now.Add(wait)
				return wait
			}
			d.pocket = n
		}
		d.pocket--
	}
	d.active++
	return 0
}

// room reports whether another mail may wait here: one that has its turn within about a second.
func (d *domain) room(now time.Time) bool {
	if d.until.Sub(now) > time.Second {
		return false
	}
	places := math.Inf(1)
	if rate := d.rate(); rate > 0 {
		places = max(rate, 1)
	}
	if d.limit.Connections > 0 {
		places = min(places, float64(4*d.limit.Connections))
	}
	return float64(len(d.waiting)) < places
}

// turnStep rounds turns, so that mails that are sent back come in groups.
const turnStep = 10 * time.Second

// book is how long a mail that is sent back should stay away: turns follow one another at the rate,
// or at the speed seen where only the number at once is limited.
func (d *domain) book(now time.Time, speed float64) time.Duration {
	rate := d.rate()
	if rate == 0 {
		rate = max(speed, float64(d.limit.Connections), 1)
	}
	earliest := now.Add(time.Second)
	if d.until.After(earliest) {
		earliest = d.until
	}
	if d.booked.Before(earliest) {
		d.booked = earliest
	}
	d.booked = d.booked.Add(time.Duration(float64(time.Second) / rate))
	away := min(d.booked.Sub(now), time.Hour)
	return (away + turnStep - 1).Truncate(turnStep)
}

// slow halves the speed that was seen, and reports whether this is a new complaint: those that come while nothing
// goes, or right after, were caused by what was on its way.
func (d *domain) slow(now time.Time, speed float64, pause, most time.Duration) bool {
	if now.Before(d.until.Add(d.pause / 4)) {
		return false
	}
	speed = max(speed, 1)
	if r := d.rate(); r > 0 {
		speed = min(speed, r)
	}
	if d.slowed == 0 {
		d.top, d.count = speed, 0
	}
	d.count++
	d.slowed = max(speed/2, slowest)
	d.pause = pause << min(d.count-1, 20)
	if d.pause > most || d.pause <= 0 {
		d.pause = most
	}
	d.pause = time.Duration(float64(d.pause) * (0.75 + rand.Float64()/2))
	d.until = now.Add(d.pause)
	d.grownAt, d.pocket = d.until, 0
	return true
}

// recover lets the speed grow by a twentieth in each step, and reports whether the complaints are over.
func (d *domain) recover(now time.Time, step time.Duration) bool {
	if d.slowed == 0 || now.Before(d.grownAt.Add(step/10)) {
		return d.slowed == 0
	}
	d.slowed *= math.Pow(1.05, float64(now.Sub(d.grownAt))/float64(step))
	d.grownAt = now
	if d.slowed < 2*d.top {
		return false
	}
	d.slowed, d.count = 0, 0
	return true
}
