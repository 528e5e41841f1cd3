package cluster

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// board hands topics to whoever listens in this process, and to the outbox for the other nodes.
type board struct {
	mu        sync.Mutex
	listeners map[chan string]struct{}
	outbox    chan string // nil without Redis
}

// Notify implements fibonacco.Bulletin. Listeners of this process hear it at once, with or
// without Redis.
func (c *Cluster) Notify(topic string) {
	c.board.post(topic)
	if c.board.outbox == nil {
		return
	}
	select {
	case c.board.outbox <- topic:
	default: // Redis is slow or away: other nodes miss it
	}
}

// Listen implements fibonacco.Bulletin. The channel is closed when ctx ends.
func (c *Cluster) Listen(ctx context.Context) <-chan string {
	heard := make(chan string, 64)
	c.board.mu.Lock()
	c.board.listeners[heard] = struct{}{}
	c.board.mu.Unlock()
	context.AfterFunc(ctx, func() {
		c.board.mu.Lock()
		defer c.board.mu.Unlock()
		delete(c.board.listeners, heard)
		close(heard)
	})
	return heard
}

func (b *board) post(topic string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for heard := range b.listeners {
		select {
		case heard <- topic:
		default: // a slow listener misses it
		}
	}
}

// publish sends what was noted here to the other nodes.
func (c *Cluster) publish(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case topic := <-c.board.outbox:
			if c.away.Load() {
				continue
			}
			send, cancel := context.WithTimeout(ctx, askAtMost)
			_ = c.redis.Publish(send, c.prefix+"bulletin", c.node+" "+topic).Err() // it may lose messages; watch sees to Redis
			cancel()
		}
	}
}

// subscribe hears what other nodes note. The client connects again by itself, and asks a silent
// connection every few seconds whether it still lives.
func (c *Cluster) subscribe(ctx context.Context) {
	sub := c.redis.Subscribe(ctx, c.prefix+"bulletin")
	stop := context.AfterFunc(ctx, func() { _ = sub.Close() })
	defer stop()
	for msg := range sub.Channel(redis.WithChannelHealthCheckInterval(3 * time.Second)) {
		if from, topic, ok := strings.Cut(msg.Payload, " "); ok && from != c.node {
			c.board.post(topic)
		}
	}
}
