package queue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

const week = 7 * 24 * time.Hour

// stretch is how a period is cut.
type stretch struct {
	width int // of the rows that are read, in seconds
	step  time.Duration
	steps int
}

var stretches = map[fibonacco.JobPeriod]stretch{
	fibonacco.LastHour:      {minuteWidth, time.Minute, 60},
	fibonacco.LastDay:       {hourWidth, time.Hour, 24},
	fibonacco.LastFortnight: {hourWidth, time.Hour, 14 * 24},
}

func stretchOf(period fibonacco.JobPeriod) (stretch, error) {
	if period == "" {
		period = fibonacco.LastHour
	}
	s, ok := stretches[period]
	if !ok {
		return s, fibonacco.InvalidFields("there is no such period", []fibonacco.FieldError{{Field: "period", Reason: "must be hour, day or fortnight"}})
	}
	return s, nil
}

// first is when the oldest step of a stretch that ends at now begins.
func (s stretch) first(now time.Time) time.Time {
	return now.UTC().Truncate(s.step).Add(-time.Duration(s.steps-1) * s.step)
}

// JobHistory implements fibonacco.QueueControl.
func (q *Queue) JobHistory(ctx context.Context, asked fibonacco.JobHistoryQuery) (*fibonacco.JobHistory, error) {
	s, err := stretchOf(asked.Period)
	if err != nil {
		return nil, err
	}
	now := fibonacco.RealTime()
	first := s.first(now)
	h := &fibonacco.JobHistory{Period: asked.Period, StepSeconds: int(s.step / time.Second)}
	if h.Period == "" {
		h.Period = fibonacco.LastHour
	}
	err = q.db.View(ctx, func(tx *db.Tx) error {
		tallies, err := readTallies(ctx, tx, asked, s.width, first, now.Add(s.step))
		if err != nil {
			return err
		}
		// The week before is known by the hour only.
		begin := first.Add(-week).Truncate(time.Hour)
		before, err := readTallies(ctx, tx, asked, hourWidth, begin, now.Add(time.Hour-week))
		if err != nil {
			return err
		}
		for i := range s.steps {
			at := first.Add(time.Duration(i) * s.step)
			h.Points = append(h.Points, point(at, tallies[at], min(s.step, max(now.Sub(at), time.Second))))
			past := at.Add(-week)
			h.WeekBefore = append(h.WeekBefore, point(past, before[past.Truncate(time.Hour)], time.Hour))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the past of the jobs: %w", err)
	}
	return h, nil
}

// readTallies is what was done in each bucket of a width, by when it begins.
func readTallies(ctx context.Context, tx *db.Tx, asked fibonacco.JobHistoryQuery, width int, from, until time.Time) (map[time.Time]*tally, error) {
	var args query.Args
	where := `width = ` + args.Add(width) + ` AND at >= ` + args.Add(from) + ` AND at < ` + args.Add(until)
	if asked.Queue != "" {
		where += ` AND queue = ` + args.Add(asked.Queue)
	}
	if asked.Kind != "" {
		where += ` AND kind = ` + args.Add(asked.Kind)
	}
	return addUp(ctx, tx, func(at *time.Time) []any { return []any{db.Time(at)} }, `
		SELECT at, measure, bucket, CAST(SUM(n) AS bigint) FROM job_stats WHERE `+where+` GROUP BY at, measure, bucket`, args.Values...)
}

// addUp is the tally of each key among rows of the key's columns, a measure, a bucket and how many.
func addUp[K comparable](ctx context.Context, tx *db.Tx, columns func(key *K) []any, sql string, args ...any) (map[K]*tally, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	tallies := map[K]*tally{}
	for rows.Next() {
		var key K
		var measure string
		var bucket int
		var n int64
		if err := rows.Scan(append(columns(&key), &measure, &bucket, &n)...); err != nil {
			return nil, err
		}
		if tallies[key] == nil {
			tallies[key] = newTally()
		}
		tallies[key].add(measure, bucket, n)
	}
	return tallies, rows.Err()
}

// point is a tally, nil for nothing, as a step that has lasted for so long.
func point(at time.Time, t *tally, lasted time.Duration) fibonacco.JobPoint {
	p := fibonacco.JobPoint{At: at}
	if t == nil {
		return p
	}
	p.Done, p.Failed = t.done(), int(t.failed)
	p.PerMinute = float64(p.Done) / max(lasted.Minutes(), 1)
	p.RunMedianMS, p.RunP95MS = t.run.percentile(.5).Milliseconds(), t.run.percentile(.95).Milliseconds()
	p.WaitP95MS = t.wait.percentile(.95).Milliseconds()
	return p
}

// JobKinds implements fibonacco.QueueControl.
func (q *Queue) JobKinds(ctx context.Context, period fibonacco.JobPeriod) ([]fibonacco.JobKind, error) {
	s, err := stretchOf(period)
	if err != nil {
		return nil, err
	}
	type key struct{ kind, queue string }
	var tallies map[key]*tally
	err = q.db.View(ctx, func(tx *db.Tx) (err error) {
		tallies, err = addUp(ctx, tx, func(k *key) []any { return []any{&k.kind, &k.queue} }, `
			SELECT kind, queue, measure, bucket, CAST(SUM(n) AS bigint) FROM job_stats
			WHERE width = $1 AND at >= $2 GROUP BY kind, queue, measure, bucket`, s.width, s.first(fibonacco.RealTime()))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("add up the kinds of jobs: %w", err)
	}
	kinds := make([]fibonacco.JobKind, 0, len(tallies))
	for k, t := range tallies {
		kinds = append(kinds, fibonacco.JobKind{
			Kind: k.kind, Queue: k.queue, Done: t.done(), Failed: int(t.failed), GaveUp: int(t.gaveUp),
			RunMedianMS: t.run.percentile(.5).Milliseconds(), RunP95MS: t.run.percentile(.95).Milliseconds(),
			WaitP95MS: t.wait.percentile(.95).Milliseconds(),
		})
	}
	slices.SortFunc(kinds, func(a, b fibonacco.JobKind) int {
		if a.Done != b.Done {
			return b.Done - a.Done
		}
		return strings.Compare(a.Kind+a.Queue, b.Kind+b.Queue)
	})
	return kinds, nil
}
