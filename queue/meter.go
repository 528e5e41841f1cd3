package queue

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// The measures of job_stats.
const (
	measureRun    = "run"
	measureWait   = "wait"
	measureFailed = "failed"
	measureGaveUp = "gave_up"
)

// The widths of job_stats, in seconds, and how long they are kept. Hours are kept for a fortnight and
// the week before it, which a fortnight is compared with.
const (
	minuteWidth = 60
	hourWidth   = 3600
	minutesKept = 2 * time.Hour
	hoursKept   = 22 * 24 * time.Hour
	balanceKept = 14 * 24 * time.Hour
)

// meter adds up what this node's workers do, until it is stored. Safe for concurrent use.
type meter struct {
	mu   sync.Mutex
	sums map[statKey]int64
}

// statKey is one row of job_stats.
type statKey struct {
	minute               time.Time
	queue, kind, measure string
	bucket               int
}

// mostUnstored bounds what is kept in memory while the database is away.
const mostUnstored = 50_000

// note counts one attempt. A job that is put back for later without counting a try is none.
func (m *meter) note(job *rivertype.JobRow, began, ended time.Time, err error) {
	var snoozed *river.JobSnoozeError
	if errors.As(err, &snoozed) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.sums) >= mostUnstored {
		return
	}
	add := func(measure string, bucket int) {
		m.sums[statKey{ended.UTC().Truncate(time.Minute), job.Queue, job.Kind, measure, bucket}]++
	}
	add(measureRun, bucketOf(ended.Sub(began)))
	if job.AttemptedAt != nil {
		add(measureWait, bucketOf(job.AttemptedAt.Sub(job.ScheduledAt)))
	}
	if err == nil {
		return
	}
	add(measureFailed, 0)
	var cancelled *river.JobCancelError
	if job.Attempt >= job.MaxAttempts || errors.As(err, &cancelled) {
		add(measureGaveUp, 0)
	}
}

// take hands over what is not stored yet.
func (m *meter) take() map[statKey]int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.sums) == 0 {
		return nil
	}
	sums := m.sums
	m.sums = map[statKey]int64{}
	return sums
}

// giveBack takes what could not be stored.
func (m *meter) giveBack(sums map[statKey]int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, n := range sums {
		m.sums[key] += n
	}
}

// store adds what was counted to the minutes and the hours of all nodes.
func (q *Queue) store(ctx context.Context) error {
	sums := q.meter.take()
	if sums == nil {
		return nil
	}
	type row struct {
		statKey
		width int
	}
	rows := map[row]int64{}
	for key, n := range sums {
		rows[row{key, minuteWidth}] += n
		key.minute = key.minute.Truncate(time.Hour)
		rows[row{key, hourWidth}] += n
	}
	order := make([]row, 0, len(rows))
	for r := range rows {
		order = append(order, r)
	}
	// In one order, so that two nodes that store the same rows never wait for each other.
	slices.SortFunc(order, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.width, b.width), a.minute.Compare(b.minute), strings.Compare(a.queue, b.queue),
			strings.Compare(a.kind, b.kind), strings.Compare(a.measure, b.measure), cmp.Compare(a.bucket, b.bucket))
	})
	batch := db.NewBatch("width integer", "at timestamptz", "queue text", "kind text", "measure text", "bucket integer", "n bigint")
	for _, r := range order {
		batch.Add(r.width, r.minute, r.queue, r.kind, r.measure, r.bucket, rows[r])
	}
	err := q.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecBatch(ctx, batch, `
			INSERT INTO job_stats (width, at, queue, kind, measure, bucket, n)
			SELECT width, at, queue, kind, measure, bucket, n FROM rows WHERE 1 = 1
			ON CONFLICT (width, at, queue, kind, measure, bucket) DO UPDATE SET n = job_stats.n + excluded.n`)
		return err
	})
	if err != nil {
		q.meter.giveBack(sums)
	}
	return err
}

// prune forgets what is too old to be shown.
func (q *Queue) prune(ctx context.Context) error {
	now := fibonacco.RealTime()
	return q.db.Update(ctx, func(tx *db.Tx) error {
		for width, kept := range map[int]time.Duration{minuteWidth: minutesKept, hourWidth: hoursKept} {
			if _, err := tx.Exec(ctx, `DELETE FROM job_stats WHERE width = $1 AND at < $2`, width, now.Add(-kept)); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `DELETE FROM balance_changes WHERE at < $1`, now.Add(-balanceKept))
		return err
	})
}
