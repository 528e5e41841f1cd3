package cluster

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fibonacco/fibonacco"
)

// A rate is kept as one number per key: the time at which everything taken so far is paid for
// (the generic cell rate algorithm). What is asked for is granted while that time is at most one
// burst ahead of now.

// bucket is the same arithmetic as rate.allow below, on the server's clock, in one step.
var bucket = redis.NewScript(`
	local t = redis.call('TIME')
	local now = t[1] * 1000000 + t[2]
	local paid = tonumber(redis.call('GET', KEYS[1])) or now
	local cost, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
	if paid < now then paid = now end
	local ahead = paid + cost - now
	if ahead > burst then
		return {math.ceil(ahead - burst), math.floor(burst - (paid - now))}
	end
	redis.call('SET', KEYS[1], string.format('%.0f', paid + cost), 'PX', math.ceil(ahead / 1000) + 1)
	return {0, math.floor(burst - ahead)}`)

// rate is what one call asks for, in microseconds of the budget.
type rate struct {
	each  float64 // what one costs
	cost  float64 // what n cost
	burst float64 // how far ahead may be taken
}

func newRate(perSecond float64, n int) rate {
	each := 1e6 / perSecond
	cost := each * float64(n)
	// One second's worth; but what is asked for at once must fit, or it would never be granted.
	return rate{each: each, cost: cost, burst: max(1e6, each, cost)}
}

// allow says how long to wait, 0 when granted, and what the budget is paid until then.
func (r rate) allow(now, paid float64) (wait time.Duration, newPaid float64) {
	paid = max(paid, now)
	if ahead := paid + r.cost - now; ahead > r.burst {
		return micros(ahead - r.burst), paid
	}
	return 0, paid + r.cost
}

// Take implements fibonacco.Limiter. perSecond of 0 or less is no limit.
func (c *Cluster) Take(ctx context.Context, key string, perSecond float64, n int) time.Duration {
	wait, _ := c.TakeLeft(ctx, key, perSecond, n)
	return wait
}

// TakeLeft is Take, and says how many more could be taken right now.
func (c *Cluster) TakeLeft(ctx context.Context, key string, perSecond float64, n int) (wait time.Duration, left int) {
	if perSecond <= 0 || n <= 0 {
		return 0, math.MaxInt32
	}
	if c.redis == nil {
		return c.local.take(key, newRate(perSecond, n))
	}
	if !c.away.Load() {
		wait, left, err := c.takeShared(ctx, key, newRate(perSecond, n))
		if err == nil {
			return wait, left
		}
		if ctx.Err() == nil {
			c.lost(err)
		}
	}
	return c.local.take(key, newRate(perSecond/float64(c.share()), n))
}

func (c *Cluster) takeShared(ctx context.Context, key string, r rate) (time.Duration, int, error) {
	ctx, cancel := context.WithTimeout(ctx, askAtMost)
	defer cancel()
	got, err := bucket.Run(ctx, c.redis, []string{c.prefix + "rate:" + key}, r.cost, r.burst).Int64Slice()
	if err != nil || len(got) != 2 {
		return 0, 0, err
	}
	return micros(float64(got[0])), r.count(float64(got[1])), nil
}

func (r rate) count(micros float64) int { return max(int(micros/r.each+1e-6), 0) }

func micros(f float64) time.Duration { return time.Duration(math.Ceil(f)) * time.Microsecond }

// buckets are the rates of this process.
type buckets struct {
	mu    sync.Mutex
	paid  map[string]float64 // microseconds since began
	began time.Time
	sweep int // size at which keys that are paid for are dropped
}

func (b *buckets) take(key string, r rate) (time.Duration, int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.paid == nil {
		b.paid, b.began, b.sweep = map[string]float64{}, fibonacco.RealTime(), 1024
	}
	now := float64(fibonacco.RealTime().Sub(b.began).Microseconds())
	wait, paid := r.allow(now, b.paid[key])
	b.paid[key] = paid
	if len(b.paid) >= b.sweep {
		for k, p := range b.paid {
			if p <= now {
				delete(b.paid, k)
			}
		}
		b.sweep = max(1024, 2*len(b.paid))
	}
	return wait, r.count(r.burst - (paid - now))
}
