package smtp

import (
	"context"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

const (
	// slack is how long the others wait for a server whose turn it is and that is busy. It keeps the
	// shares by weight while all of them are quick, and a slow one from setting the speed.
	slack = 100 * time.Millisecond
	// stuckAfter is how long a mail lies with a server that takes none before another gets it, and
	// passOver how long such a server gets no more then.
	stuckAfter, passOver = time.Second, 5 * time.Second
	// look is how often it is seen, while something waits, whether a server is back or stuck.
	look = 50 * time.Millisecond
)

// spread shares mails out over several servers by weight, among those that are up. Each server has a
// short queue of its own. What lies in the queue of a server that fails is given to the others, and
// so is a mail that a server did not take and of which nothing has left (NotTried): every server
// gets one try at it. A mail whose body may have left is never offered again.
type spread struct {
	ctx    context.Context
	mails  <-chan *fibonacco.Mail // nil when it was found closed
	done   func(*fibonacco.Mail, fibonacco.Handover)
	shares []*share
	budget []budget // of all servers together
	pocket int      // mails that the limiter has already granted
	woken  chan struct{}

	mu       sync.Mutex
	pending  int // mails taken and not reported
	stopping bool
	back     []*fibonacco.Mail // to be offered again
	tries    map[*fibonacco.Mail]*try
}

// try is what is known of a mail that a server has given back.
type try struct {
	by   uint32 // servers, a bit each
	last fibonacco.Handover
}

// share is one server's part in a spread.
type share struct {
	relay  *relay
	bit    uint32
	queue  chan *fibonacco.Mail
	credit int // of the smooth weighted round robin

	mu        sync.Mutex
	takenAt   time.Time // when a lane last took a mail, or the queue was empty
	fullSince time.Time // when its turn came and found no room; zero is not
	behind    bool      // the others do not wait for it, until there is room
	passUntil time.Time // it gets nothing before, if there is another
}

func newSpread(ctx context.Context, m *Mailer, mails <-chan *fibonacco.Mail, done func(*fibonacco.Mail, fibonacco.Handover)) *spread {
	s := &spread{
		ctx: ctx, mails: mails, done: done, budget: m.budget, woken: make(chan struct{}, 1), tries: map[*fibonacco.Mail]*try{},
	}
	for i, r := range m.relays {
		s.shares = append(s.shares, &share{
			relay: r, bit: 1 << i, queue: make(chan *fibonacco.Mail, max(2, r.server.connections)), takenAt: fibonacco.RealTime(),
		})
	}
	return s
}

func (s *spread) run(flight fibonacco.FlightLog) {
	var relays sync.WaitGroup
	for _, sh := range s.shares {
		relays.Go(func() {
			sh.relay.carry(s.ctx, sh.queue, flight,
				func(m *fibonacco.Mail, h fibonacco.Handover) { s.settle(sh, m, h) },
				func() { sh.took(); s.wake() })
		})
	}
	for {
		mail := s.next()
		if mail == nil {
			break
		}
		s.place(mail)
	}
	s.mu.Lock()
	s.stopping = true
	s.mu.Unlock()
	for _, sh := range s.shares {
		close(sh.queue)
	}
	relays.Wait()
	for _, sh := range s.shares {
		for mail := range sh.queue {
			s.report(mail, fibonacco.Handover{Result: fibonacco.NotTried, Reason: "stopped"})
		}
	}
	for _, mail := range s.back {
		s.report(mail, s.tries[mail].last)
	}
}

// settle takes a server's result: it is reported, or the mail is offered to another.
func (s *spread) settle(sh *share, mail *fibonacco.Mail, h fibonacco.Handover) {
	s.mu.Lock()
	again := h.Result == fibonacco.NotTried && !h.Slower && !s.stopping
	if again {
		t := s.tries[mail]
		if t == nil {
			t = &try{}
			s.tries[mail] = t
		}
		t.by, t.last = t.by|sh.bit, h
		s.back = append(s.back, mail)
	}
	s.mu.Unlock()
	if !again {
		s.report(mail, h)
	}
	s.wake()
}

func (s *spread) report(mail *fibonacco.Mail, h fibonacco.Handover) {
	s.mu.Lock()
	s.pending--
	delete(s.tries, mail)
	s.mu.Unlock()
	s.done(mail, h)
}

func (s *spread) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// next waits for a mail to place. It returns nil when there will be none, or the context has ended.
func (s *spread) next() *fibonacco.Mail {
	for s.ctx.Err() == nil {
		if mail := s.returned(); mail != nil {
			return mail
		}
		s.mu.Lock()
		pending := s.pending
		s.mu.Unlock()
		if s.mails == nil && pending == 0 {
			return nil
		}
		wait, up := look, s.anyUp()
		mails := s.mails
		switch {
		case !up:
			mails = nil
			if mail := s.lastGone(); mail != nil {
				return mail
			}
		case mails != nil:
			if left := s.allowance(); left > 0 {
				mails, wait = nil, min(wait, left)
			} else if pending == 0 {
				wait = forever
			}
		}
		if mail := s.await(mails, wait); mail != nil {
			return mail
		}
	}
	return nil
}

// await is a mail from mails, or nil after a while, or when something has changed.
func (s *spread) await(mails <-chan *fibonacco.Mail, wait time.Duration) *fibonacco.Mail {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case mail, open := <-mails:
		return s.take(mail, open)
	case <-s.woken:
	case <-timer.C:
	case <-s.ctx.Done():
	}
	return nil
}

func (s *spread) take(mail *fibonacco.Mail, open bool) *fibonacco.Mail {
	if !open {
		s.mails = nil
		return nil
	}
	s.pocket--
	s.mu.Lock()
	s.pending++
	s.mu.Unlock()
	return mail
}

// lastGone looks, while no server takes mail, whether the channel was closed. Looking at one without
// a buffer would take a mail from its sender; one that comes just now is returned.
func (s *spread) lastGone() *fibonacco.Mail {
	if cap(s.mails) == 0 || len(s.mails) > 0 {
		return nil
	}
	select {
	case mail, open := <-s.mails:
		return s.take(mail, open)
	default:
		return nil
	}
}

// allowance asks for the share of all servers together, a tenth of a second at a time. It returns 0
// when a mail may be taken.
func (s *spread) allowance() time.Duration {
	for _, b := range s.budget {
		if s.pocket > 0 {
			break
		}
		n := min(max(int(b.perSecond)/10, 1), 100)
		if wait := b.limiter.Take(s.ctx, b.key, b.perSecond, n); wait > 0 {
			return wait
		}
		s.pocket = n
	}
	return 0
}
