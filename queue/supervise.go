package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
)

// Supervisor looks after some queues, as Horizon's do (D7): at least MinProcesses workers
// together, at most MaxProcesses, moved to where jobs wait longest.
type Supervisor struct {
	Name         string
	Queues       []string // first goes first
	Balance      string   // "auto", or "none": always MaxProcesses
	MinProcesses int      // at least one per queue is started whatever it says
	MaxProcesses int
	Tries        int           // attempts of a job before it counts as failed
	Timeout      time.Duration // of one attempt
	WaitAlert    time.Duration // a job that waits longer is worth a warning; 0 never
}

func (s Supervisor) validate() error {
	if len(s.Queues) == 0 || s.MinProcesses < 1 || s.MaxProcesses < s.MinProcesses || s.Tries < 1 || s.Timeout <= 0 {
		return fibonacco.Errorf(fibonacco.Invalid, "supervisor %s needs queues, 1 ≤ min ≤ max processes, tries and a timeout", s.Name)
	}
	return nil
}

// share spreads the workers that are always there over the queues; the first get the odd ones.
func (s Supervisor) share() map[string]int {
	out := map[string]int{}
	all := s.MinProcesses
	if s.Balance == "none" {
		all = s.MaxProcesses
	}
	for i, name := range s.Queues {
		n := all / len(s.Queues)
		if i < all%len(s.Queues) {
			n++
		}
		out[name] = max(n, 1)
	}
	return out
}

const (
	balanceEvery = time.Second
	boostAfter   = 500 * time.Millisecond // a job waited this long: more workers
	boostSteps   = 3                      // from min to max in so many steps
	calmRounds   = 15                     // so many calm looks in a row: fewer workers
)

// boost is extra workers on one queue: a River client of its own, because River cannot resize a
// queue in place.
type boost struct {
	queue   string
	workers int
	client  client
}

// balancer moves one supervisor's extra workers.
type balancer struct {
	q      *Queue
	s      Supervisor
	boosts []boost
	calm   int
	held   bool // it was noted that jobs wait though there are as many workers as there may be
	serial int
}

// supervise starts the least number of workers of every supervisor, and their balancers.
func (q *Queue) supervise(ctx context.Context) error {
	if len(q.supervisors) == 0 {
		return nil
	}
	base := map[string]int{}
	for _, s := range q.supervisors {
		for name, n := range s.share() {
			base[name] = n
			q.gauges[name].workers.Store(int64(n))
		}
	}
	c, err := q.newClient("base", base, true)
	if err != nil {
		return err
	}
	// The context given to River ends its jobs at once; they end by Stop, which waits.
	if err := c.start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start workers: %w", err)
	}
	q.clients = append(q.clients, c)
	var begun []fibonacco.BalanceChange
	for _, s := range q.supervisors {
		for _, name := range s.Queues {
			begun = append(begun, changeOf(s, name, 0, base[name], fibonacco.BalanceStarted, 0))
		}
	}
	q.logBalance(ctx, begun...)
	for _, s := range q.supervisors {
		if s.Balance == "none" || s.MaxProcesses == s.MinProcesses {
			continue
		}
		b := &balancer{q: q, s: s}
		q.loops.Go(func() { b.run(ctx) })
	}
	return nil
}

func (b *balancer) run(ctx context.Context) {
	defer func() {
		for len(b.boosts) > 0 {
			b.shrink(context.WithoutCancel(ctx), fibonacco.BalanceStopped)
		}
	}()
	for (fibonacco.SystemClock{}).Sleep(ctx, balanceEvery) == nil {
		waits, err := b.q.waits(ctx, b.s.Queues)
		if err != nil {
			if ctx.Err() == nil {
				b.q.log.Warn("cannot see how long jobs wait", "supervisor", b.s.Name, "error", err)
			}
			continue
		}
		longest, wait := "", time.Duration(0)
		for _, name := range b.s.Queues { // in order, so that of equals the first wins
			if w, ok := waits[name]; ok && w > wait {
				longest, wait = name, w
			}
		}
		switch {
		case wait >= boostAfter:
			b.calm = 0
			b.grow(ctx, longest, wait)
		case wait == 0:
			if b.calm++; b.calm >= calmRounds {
				b.calm, b.held = 0, false
				b.shrink(ctx, fibonacco.BalanceQuiet)
			}
		default:
			b.calm = 0
		}
	}
}

func (b *balancer) grow(ctx context.Context, name string, wait time.Duration) {
	extra := 0
	for _, x := range b.boosts {
		extra += x.workers
	}
	base := 0
	for _, n := range b.s.share() {
		base += n
	}
	now := int(b.q.gauges[name].workers.Load())
	step := min((b.s.MaxProcesses-base+boostSteps-1)/boostSteps, b.s.MaxProcesses-base-extra)
	if step <= 0 {
		if !b.held { // once, until nothing waits any more
			b.held = true
			change := changeOf(b.s, name, now, now, fibonacco.BalanceMost, wait)
			change.Waiting = b.q.waiting(ctx, name)
			b.q.logBalance(ctx, change)
		}
		return
	}
	change := changeOf(b.s, name, now, now+step, fibonacco.BalanceWaiting, wait)
	change.Waiting = b.q.waiting(ctx, name) // before the new workers take some
	b.serial++
	c, err := b.q.newClient(fmt.Sprintf("boost-%s-%d", name, b.serial), map[string]int{name: step}, false)
	if err == nil {
		err = c.start(context.WithoutCancel(ctx))
	}
	if err != nil {
		b.q.log.Warn("cannot add workers", "queue", name, "error", err)
		return
	}
	b.boosts = append(b.boosts, boost{name, step, c})
	b.q.gauges[name].workers.Add(int64(step))
	b.q.logBalance(ctx, change)
}

// shrink takes the newest extra workers back; their running jobs finish first.
func (b *balancer) shrink(ctx context.Context, reason fibonacco.BalanceReason) {
	if len(b.boosts) == 0 {
		return
	}
	last := b.boosts[len(b.boosts)-1]
	b.boosts = b.boosts[:len(b.boosts)-1]
	left := int(b.q.gauges[last.queue].workers.Add(-int64(last.workers)))
	b.q.logBalance(ctx, changeOf(b.s, last.queue, left+last.workers, left, reason, 0))
	wait, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := last.client.stop(wait); err != nil {
		b.q.log.Warn("extra workers did not stop cleanly", "queue", last.queue, "error", err)
	}
}
