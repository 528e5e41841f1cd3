package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"riverqueue.com/riverui"

	"github.com/fibonacco/fibonacco/db"
)

// client is a River client without its transaction type.
type client interface {
	insertMany(ctx context.Context, tx *db.Tx, params []river.InsertManyParams) error
	// insertUnique says false when an equal job waits or runs already.
	insertUnique(ctx context.Context, tx *db.Tx, args river.JobArgs, opts *river.InsertOpts) (bool, error)
	pause(ctx context.Context, tx *db.Tx, queue string) error
	resume(ctx context.Context, tx *db.Tx, queue string) error
	// cancel tells a job that runs to stop, or ends one that waits.
	cancel(ctx context.Context, tx *db.Tx, id int64) error
	// look is River's own pages over this client.
	look(prefix string, log *slog.Logger) (http.Handler, error)
	start(ctx context.Context) error
	stop(ctx context.Context) error
}

type riverClient[T any] struct {
	*river.Client[T]
	of func(tx *db.Tx) T
}

func (c riverClient[T]) insertMany(ctx context.Context, tx *db.Tx, params []river.InsertManyParams) error {
	_, err := c.InsertManyFastTx(ctx, c.of(tx), params)
	return err
}

func (c riverClient[T]) insertUnique(ctx context.Context, tx *db.Tx, args river.JobArgs, opts *river.InsertOpts) (bool, error) {
	res, err := c.InsertTx(ctx, c.of(tx), args, opts)
	if err != nil {
		return false, err
	}
	return !res.UniqueSkippedAsDuplicate, nil
}

func (c riverClient[T]) pause(ctx context.Context, tx *db.Tx, queue string) error {
	return c.QueuePauseTx(ctx, c.of(tx), queue, nil)
}

func (c riverClient[T]) resume(ctx context.Context, tx *db.Tx, queue string) error {
	return c.QueueResumeTx(ctx, c.of(tx), queue, nil)
}

func (c riverClient[T]) cancel(ctx context.Context, tx *db.Tx, id int64) error {
	_, err := c.JobCancelTx(ctx, c.of(tx), id)
	return err
}

func (c riverClient[T]) look(prefix string, log *slog.Logger) (http.Handler, error) {
	h, err := riverui.NewHandler(&riverui.HandlerOpts{Endpoints: riverui.NewEndpoints(c.Client, nil), Logger: log, Prefix: prefix})
	if err != nil {
		return nil, fmt.Errorf("make River's pages: %w", err)
	}
	return h, nil
}

func (c riverClient[T]) start(ctx context.Context) error { return c.Start(ctx) }

// stop waits for running jobs until ctx ends, then cancels them and waits a little longer for
// them to notice.
func (c riverClient[T]) stop(ctx context.Context) error {
	err := c.Stop(ctx)
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		return err
	}
	hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return c.StopAndCancel(hard)
}

// onlyLooks names the client behind River's pages. On SQLite it holds no connection that could write.
const onlyLooks = "look"

// newClient makes a River client that works on queues (queue → workers); nil only inserts. leads
// says whether it may do River's housekeeping for all nodes.
func (q *Queue) newClient(name string, queues map[string]int, leads bool) (client, error) {
	cfg := &river.Config{
		ID:                     q.NodeID() + "/" + name,
		Logger:                 slog.New(atLeast{q.log.Handler(), slog.LevelWarn}),
		Workers:                q.workers,
		FetchCooldown:          5 * time.Millisecond,
		FetchPollInterval:      time.Second,
		JobTimeout:             -1, // each worker has its own
		LeaderElectionDisabled: !leads,
		// A job of a node that died is taken over by its heartbeat (node.go) long before this.
		RescueStuckJobsAfter:        time.Hour,
		CompletedJobRetentionPeriod: 6 * time.Hour,
		// What a handler gives up for good is cancelled to River: a person has a week to look at it.
		CancelledJobRetentionPeriod: week,
		DiscardedJobRetentionPeriod: week,
	}
	if q.db.Engine() == db.SQLite {
		cfg.FetchPollInterval = 150 * time.Millisecond // nothing tells a poller that there is work
	}
	if queues != nil {
		cfg.Queues = map[string]river.QueueConfig{}
		for name, workers := range queues {
			cfg.Queues[name] = river.QueueConfig{MaxWorkers: workers}
		}
	} else {
		cfg.Workers = nil
	}
	switch {
	case q.db.Engine() != db.SQLite:
		return wrap(riverpgxv5.New(q.db.Pool()), cfg, func(tx *db.Tx) pgx.Tx { return tx.Pgx() })
	case name == onlyLooks:
		return wrap(riversqlite.New(q.db.Reader()), cfg, func(tx *db.Tx) *sql.Tx { return tx.SQL() })
	default:
		return wrap(riversqlite.New(q.db.Writer()), cfg, func(tx *db.Tx) *sql.Tx { return tx.SQL() })
	}
}

func wrap[T any](driver riverdriver.Driver[T], cfg *river.Config, of func(*db.Tx) T) (client, error) {
	c, err := river.NewClient(driver, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect to the job tables: %w", err)
	}
	return riverClient[T]{Client: c, of: of}, nil
}

// atLeast keeps River's informational lines out of our log.
type atLeast struct {
	slog.Handler
	level slog.Level
}

func (h atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= h.level && h.Handler.Enabled(ctx, l)
}

func (h atLeast) WithAttrs(a []slog.Attr) slog.Handler {
	return atLeast{h.Handler.WithAttrs(a), h.level}
}

func (h atLeast) WithGroup(g string) slog.Handler { return atLeast{h.Handler.WithGroup(g), h.level} }
