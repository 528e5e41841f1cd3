package cluster

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fibonacco/fibonacco"
)

// heartbeat says that this node lives, forgets the silent ones and counts the rest, on the
// server's clock. It writes, so that a Redis that only reads counts as away.
var heartbeat = redis.NewScript(`
	local t = redis.call('TIME')
	local now = t[1] * 1000 + math.floor(t[2] / 1000)
	redis.call('ZADD', KEYS[1], now, ARGV[1])
	redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
	redis.call('PEXPIRE', KEYS[1], ARGV[2] * 2)
	return redis.call('ZCARD', KEYS[1])`)

func (c *Cluster) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	n, err := heartbeat.Run(ctx, c.redis, []string{c.prefix + "nodes"}, c.node, aliveFor.Milliseconds()).Int64()
	if err == nil {
		c.nodes.Store(n)
	}
	return err
}

// watch keeps this node's heartbeat going, and notices when Redis goes and comes back.
func (c *Cluster) watch(ctx context.Context) {
	for {
		pause := beatEvery
		if c.away.Load() {
			pause = retryEvery
		}
		if (fibonacco.SystemClock{}).Sleep(ctx, pause) != nil {
			return
		}
		if err := c.beat(ctx); err != nil {
			if ctx.Err() != nil {
				return
			}
			c.lost(err)
			continue
		}
		c.found()
	}
}

// lost is called with each failure and speaks up at the first.
func (c *Cluster) lost(err error) {
	if !c.away.Swap(true) {
		c.log.Warn("redis is away: this node keeps to its share of each rate until it is back",
			"share", c.share(), "error", err)
	}
}

func (c *Cluster) found() {
	if c.away.Swap(false) {
		c.log.Info("redis is back: rates are shared again", "nodes", c.Nodes())
	}
}
