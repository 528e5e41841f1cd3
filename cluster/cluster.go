// Package cluster is what nodes share fast: rates (fibonacco.Limiter) and short notices
// (fibonacco.Bulletin). It goes over Redis when there is one, and within this process when
// there is none. When Redis goes away, a node keeps to its own share of every rate, says so,
// and takes up sharing again when Redis is back. It never keeps anything that must survive:
// that is the database's work.
package cluster

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/fibonacco/fibonacco"
)

const (
	beatEvery  = 2 * time.Second        // while Redis is there
	retryEvery = 500 * time.Millisecond // while it is away
	aliveFor   = 10 * time.Second       // a node not heard for so long does not count
	askAtMost  = 250 * time.Millisecond // a rate that takes longer to ask for is not worth it
)

// Cluster implements fibonacco.Limiter and fibonacco.Bulletin. Safe for concurrent use.
type Cluster struct {
	log    *slog.Logger
	node   string
	prefix string        // of keys and channels: databases of one server must not meet on a channel
	redis  *redis.Client // nil: in process

	local buckets
	board board

	away  atomic.Bool  // Redis is configured and does not answer
	nodes atomic.Int64 // alive when last heard, this one included; 0 never heard

	stop  context.CancelFunc
	loops sync.WaitGroup
}

var (
	_ fibonacco.Limiter  = (*Cluster)(nil)
	_ fibonacco.Bulletin = (*Cluster)(nil)
)

// New joins the nodes that share a Redis, "redis://user:password@host:6379/0"; "" means this
// process alone. A Redis that does not answer is no error: the node starts as if it had gone
// away. Returns Invalid for a URL it cannot read. Close it.
func New(ctx context.Context, redisURL string, log *slog.Logger) (*Cluster, error) {
	if log == nil {
		log = slog.Default()
	}
	id := make([]byte, 8)
	_, _ = rand.Read(id) // never fails
	c := &Cluster{log: log, node: hex.EncodeToString(id), stop: func() {}}
	c.board.listeners = map[chan string]struct{}{}
	if redisURL == "" {
		return c, nil
	}
	opts, err := options(redisURL)
	if err != nil {
		return nil, err
	}
	redis.SetLogger(silent{}) // it would print each failed attempt; what happens is said once, here
	c.redis = redis.NewClient(opts)
	c.prefix = "fibonacco:" + strconv.Itoa(opts.DB) + ":"
	c.board.outbox = make(chan string, 256)
	if err := c.beat(ctx); err != nil {
		c.lost(err)
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	c.stop = stop
	c.loops.Go(func() { c.watch(run) })
	c.loops.Go(func() { c.publish(run) })
	c.loops.Go(func() { c.subscribe(run) })
	return c, nil
}

func options(redisURL string) (*redis.Options, error) {
	opts, err := redis.ParseURL(redisURL)
	if err != nil {
		// Its message would quote the URL, password and all.
		return nil, fibonacco.Errorf(fibonacco.Invalid, "REDIS_URL is not a Redis address, for example redis://127.0.0.1:6379/0")
	}
	opts.DialTimeout = time.Second
	opts.ReadTimeout = time.Second
	opts.WriteTimeout = time.Second
	opts.MaxRetries = -1 // whoever asks for a rate wants to know now
	opts.ContextTimeoutEnabled = true
	opts.DisableIdentity = true
	opts.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return opts, nil
}

// Close leaves the others. Afterwards rates and notices stay within this process.
func (c *Cluster) Close() error {
	c.stop()
	c.loops.Wait()
	if c.redis == nil {
		return nil
	}
	if !c.away.Swap(true) {
		ctx, cancel := context.WithTimeout(context.Background(), askAtMost)
		defer cancel()
		_ = c.redis.ZRem(ctx, c.prefix+"nodes", c.node).Err() // or it is forgotten in ten seconds
	}
	return c.redis.Close()
}

// State implements fibonacco.Limiter.
func (c *Cluster) State() string {
	switch {
	case c.redis == nil:
		return "this process"
	case !c.away.Load():
		return "redis"
	}
	if n := c.share(); n > 2 {
		return fmt.Sprintf("redis is away: this node keeps to 1/%d", n)
	}
	return "redis is away: this node keeps to half"
}

// Nodes is how many nodes share the rates: those last heard of while Redis is away, 1 without
// Redis.
func (c *Cluster) Nodes() int { return max(int(c.nodes.Load()), 1) }

// share is by how much this node divides a rate while Redis is away. Two at least: the node may
// never have heard of the others.
func (c *Cluster) share() int { return max(int(c.nodes.Load()), 2) }

// Part is what /ready and doctor show. Redis is never fatal: rates fall back to this node's share.
func (c *Cluster) Part(ctx context.Context) fibonacco.Part {
	p := fibonacco.Part{Name: "redis", OK: true}
	if c.redis != nil {
		began := fibonacco.RealTime()
		ctx, cancel := context.WithTimeout(ctx, askAtMost)
		defer cancel()
		p.OK = c.redis.Ping(ctx).Err() == nil && !c.away.Load()
		p.Latency = fibonacco.RealTime().Sub(began)
	}
	p.Detail = c.State()
	if c.redis != nil && !c.away.Load() {
		p.Detail += fmt.Sprintf(", %d nodes", c.Nodes())
		if c.Nodes() == 1 {
			p.Detail = "redis, 1 node"
		}
	}
	return p
}

// silent keeps the Redis client from printing.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}
