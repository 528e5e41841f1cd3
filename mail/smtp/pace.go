package smtp

import "time"

// pace is how fast all lanes of a mailer may go together. As long as nobody complains there is no
// limit and no cost. A complaint stops everything for a moment and halves the speed that was
// measured, but not below one mail in Backoff.First; then it recovers by a twentieth in each such
// time. With the defaults these are seconds. gate guards it.
type pace struct {
	backoff Backoff

	rate  float64   // mails a second; 0 is no limit
	slot  time.Time // the next mail may go then
	until time.Time // nothing goes before
	pause time.Duration
	top   float64 // the speed before the first complaint
	count int     // complaints since there was a limit

	measured float64 // mails a second, lately
	marked   time.Time
	mark     int64 // accepted at marked
}

// ask returns 0 and uses up a slot when a mail may go, else how long to wait.
func (p *pace) ask(now time.Time) time.Duration {
	if p.rate == 0 {
		return 0
	}
	if wait := max(p.until.Sub(now), p.slot.Sub(now)); wait > 0 {
		return wait
	}
	p.slot = now.Add(time.Duration(float64(time.Second) / p.rate))
	return 0
}

// slow notes a complaint and reports whether it is a new one: those that come while we pause, or
// right after, were caused by what was on its way.
func (p *pace) slow(now time.Time, accepted int64) bool {
	if now.Before(p.until.Add(p.pause / 4)) {
		return false
	}
	slowest := 1 / p.backoff.First.Seconds()
	speed := p.measured
	if since := now.Sub(p.marked).Seconds(); since > 0.05 && !p.marked.IsZero() {
		speed = max(speed, float64(accepted-p.mark)/since)
	}
	if p.rate > 0 {
		speed = min(speed, p.rate)
	} else {
		p.top, p.count = max(speed, slowest), 0
	}
	p.count++
	p.rate = max(speed/2, slowest)
	p.pause = jitter(p.backoff.after(p.count))
	p.until = now.Add(p.pause)
	return true
}

// tick measures and recovers, and reports whether the limit has gone.
func (p *pace) tick(now time.Time, accepted int64) (gone bool) {
	since := now.Sub(p.marked).Seconds()
	if p.marked.IsZero() || since > 10 {
		p.marked, p.mark = now, accepted // nobody was here to measure
		return false
	}
	if since < 0.2 {
		return false
	}
	p.measured = (p.measured + float64(accepted-p.mark)/since) / 2
	p.marked, p.mark = now, accepted
	if p.rate == 0 || now.Before(p.until) {
		return false
	}
	p.rate *= 1 + since/p.backoff.First.Seconds()/20
	if p.rate < 2*p.top {
		return false
	}
	p.rate, p.count = 0, 0
	return true
}
