package smtp

import (
	"time"

	"github.com/fibonacco/fibonacco"
)

// took notes that a lane has taken a mail from the queue.
func (sh *share) took() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.takenAt = fibonacco.RealTime()
}

// room reports whether the queue takes another mail: one only while nobody knows whether the server
// works.
func (sh *share) room() bool {
	_, proven := sh.relay.gate.standing()
	return len(sh.queue) == 0 || proven && len(sh.queue) < cap(sh.queue)
}

// put appends a mail; there is room.
func (sh *share) put(mail *fibonacco.Mail) {
	sh.mu.Lock()
	if len(sh.queue) == 0 {
		sh.takenAt = fibonacco.RealTime()
	}
	sh.mu.Unlock()
	sh.queue <- mail
}

// stuck reports whether mails lie in the queue and nobody takes them.
func (sh *share) stuck(now time.Time) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return len(sh.queue) > 0 && now.Sub(sh.takenAt) > stuckAfter
}

func (s *spread) anyUp() bool {
	for _, sh := range s.shares {
		if up, _ := sh.relay.gate.standing(); up {
			return true
		}
	}
	return false
}

// returned is a mail that a server has given back, or that lies with one that does not work, or nil.
func (s *spread) returned() *fibonacco.Mail {
	s.mu.Lock()
	if len(s.back) > 0 {
		mail := s.back[0]
		s.back = s.back[1:]
		s.mu.Unlock()
		return mail
	}
	s.mu.Unlock()
	now := fibonacco.RealTime()
	for _, sh := range s.shares {
		if len(sh.queue) == 0 {
			continue
		}
		up, _ := sh.relay.gate.standing()
		if up {
			// One that keeps to its own rate is slow as it should be.
			if len(sh.relay.budgets) > 0 || !sh.stuck(now) || !s.otherHasRoom(sh, now) {
				continue
			}
			sh.passUntil = now.Add(passOver)
		}
		select {
		case mail := <-sh.queue:
			return mail
		default:
		}
	}
	return nil
}

func (s *spread) otherHasRoom(than *share, now time.Time) bool {
	for _, sh := range s.shares {
		if up, _ := sh.relay.gate.standing(); sh != than && up && now.After(sh.passUntil) && sh.room() {
			return true
		}
	}
	return false
}

// candidates are the servers that may be given a mail: those that are up and have not given it back,
// without those to be passed over if there are others.
func (s *spread) candidates(mail *fibonacco.Mail, now time.Time) (all []*share) {
	s.mu.Lock()
	var tried uint32
	if t := s.tries[mail]; t != nil {
		tried = t.by
	}
	s.mu.Unlock()
	var passed []*share
	for _, sh := range s.shares {
		up, _ := sh.relay.gate.standing()
		switch {
		case !up || tried&sh.bit != 0:
		case now.Before(sh.passUntil):
			passed = append(passed, sh)
		default:
			all = append(all, sh)
		}
	}
	if len(all) == 0 {
		return passed
	}
	return all
}

// place gives a mail to the server whose turn it is. When none is left to try, it is reported.
func (s *spread) place(mail *fibonacco.Mail) {
	for {
		now := fibonacco.RealTime()
		all := s.candidates(mail, now)
		if len(all) == 0 || s.ctx.Err() != nil {
			h := fibonacco.Handover{Result: fibonacco.NotTried, Reason: "no mail server takes mail"}
			s.mu.Lock()
			if t := s.tries[mail]; t != nil {
				h = t.last
			}
			s.mu.Unlock()
			s.report(mail, h)
			return
		}
		sh, wait := turn(all, now)
		if sh != nil {
			sh.put(mail)
			return
		}
		s.await(nil, wait)
	}
}

// turn picks by weight, as a smooth round robin does. It returns nil when the one whose turn it is
// has no room, and how long to wait for it at most.
func turn(all []*share, now time.Time) (*share, time.Duration) {
	total := 0
	var best *share
	var live []*share
	for _, sh := range all {
		if sh.room() {
			sh.fullSince, sh.behind = time.Time{}, false
		}
		if sh.behind {
			continue
		}
		live = append(live, sh)
		total += sh.relay.server.weight
		if best == nil || sh.credit+sh.relay.server.weight > best.credit+best.relay.server.weight {
			best = sh
		}
	}
	switch {
	case best == nil:
		return nil, look
	case best.room():
		for _, sh := range live {
			sh.credit += sh.relay.server.weight
		}
		best.credit -= total
		return best, 0
	case best.fullSince.IsZero():
		best.fullSince = now
	}
	// One that keeps to its own rate leaves the rest to the others at once.
	left := slack - now.Sub(best.fullSince)
	if left <= 0 || len(best.relay.budgets) > 0 {
		best.behind = true
		return nil, time.Microsecond
	}
	return nil, left
}
