package queue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// recent is how many whole minutes the present rate is taken from.
const recent = 5

// Board implements fibonacco.QueueControl.
func (q *Queue) Board(ctx context.Context) (*fibonacco.QueueBoard, error) {
	states, err := q.Queues(ctx)
	if err != nil {
		return nil, err
	}
	b := &fibonacco.QueueBoard{At: fibonacco.RealTime().UTC()}
	for _, s := range states {
		b.Queues = append(b.Queues, fibonacco.QueueLine{
			Name: s.Name, Waiting: s.Waiting, Running: s.Running, Retryable: s.Retryable, Scheduled: s.Scheduled, Failed: s.Failed,
			WaitMS: s.Wait.Milliseconds(), AlertMS: q.waitAlerts[s.Name].Milliseconds(),
		})
		if s.Waiting > 0 && s.Wait.Milliseconds() >= b.LongestWait {
			b.LongestWait, b.LongestQueue = s.Wait.Milliseconds(), s.Name
		}
	}
	err = q.db.View(ctx, func(tx *db.Tx) error {
		for _, read := range []func(context.Context, *db.Tx, *fibonacco.QueueBoard) error{readNodes, readHolds, readMinutes, readWeek} {
			if err := read(ctx, tx, b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the board of the queues: %w", err)
	}
	return b, nil
}

// lineOf is the line of a queue, which may have to be made: one that no job waits in.
func lineOf(b *fibonacco.QueueBoard, name string) *fibonacco.QueueLine {
	i := slices.IndexFunc(b.Queues, func(l fibonacco.QueueLine) bool { return l.Name == name })
	if i < 0 {
		i, _ = slices.BinarySearchFunc(b.Queues, name, func(l fibonacco.QueueLine, name string) int { return strings.Compare(l.Name, name) })
		b.Queues = slices.Insert(b.Queues, i, fibonacco.QueueLine{Name: name})
	}
	return &b.Queues[i]
}

// readNodes adds who lives, and their workers.
func readNodes(ctx context.Context, tx *db.Tx, b *fibonacco.QueueBoard) error {
	rows, err := tx.Query(ctx, `
		SELECT nodes.id, nodes.hostname, nodes.started_at, nodes.seen_at, COALESCE(queue_workers.queue, ''), COALESCE(supervisor, ''), COALESCE(balance, ''),
			COALESCE(workers, 0), COALESCE(min_workers, 0), COALESCE(max_workers, 0)
		FROM nodes LEFT JOIN queue_workers ON queue_workers.node = nodes.id WHERE nodes.seen_at >= $1 ORDER BY nodes.started_at, nodes.id`, b.At.Add(-deadAfter))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var n fibonacco.QueueNode
		var l fibonacco.QueueLine
		if err := rows.Scan(&n.ID, &n.Hostname, db.Time(&n.StartedAt), db.Time(&n.SeenAt), &l.Name, &l.Supervisor, &l.Balance,
			&l.Workers, &l.MinWorkers, &l.MaxWorkers); err != nil {
			return err
		}
		if last := len(b.Nodes) - 1; last < 0 || b.Nodes[last].ID != n.ID {
			b.Nodes = append(b.Nodes, n)
		}
		if l.Name == "" {
			continue
		}
		b.Nodes[len(b.Nodes)-1].Workers += l.Workers
		at := lineOf(b, l.Name)
		at.Supervisor, at.Balance = l.Supervisor, l.Balance
		at.Workers, at.MinWorkers, at.MaxWorkers = at.Workers+l.Workers, at.MinWorkers+l.MinWorkers, at.MaxWorkers+l.MaxWorkers
	}
	return rows.Err()
}

// readHolds adds which queues are held, why, and of which people were told.
func readHolds(ctx context.Context, tx *db.Tx, b *fibonacco.QueueBoard) error {
	rows, err := tx.Query(ctx, `
		SELECT river_queue.name, river_queue.paused_at, queue_pauses.since, COALESCE(reason, ''), COALESCE(paused_by, '')
		FROM river_queue LEFT JOIN queue_pauses ON queue_pauses.queue = river_queue.name WHERE river_queue.paused_at IS NOT NULL`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		var since *time.Time
		var p fibonacco.QueuePause
		if err := rows.Scan(&name, db.Time(&p.Since), db.TimePtr(&since), &p.Reason, &p.By); err != nil {
			return err
		}
		if since != nil {
			p.Since = *since
		}
		lineOf(b, name).Pause = &p
	}
	if err := rows.Err(); err != nil {
		return err
	}
	type alert struct {
		Queue string
		At    time.Time
	}
	alerts, err := db.Read(ctx, tx, func(row db.Row) (a alert, err error) { return a, row.Scan(&a.Queue, db.Time(&a.At)) },
		`SELECT queue, at FROM queue_alerts WHERE at > $1`, b.At.Add(-alertEvery))
	for _, a := range alerts {
		lineOf(b, a.Queue).AlertedAt = &a.At
	}
	return err
}

// readMinutes adds what was done in the last hour, minute by minute.
func readMinutes(ctx context.Context, tx *db.Tx, b *fibonacco.QueueBoard) error {
	s := stretches[fibonacco.LastHour]
	first := s.first(b.At)
	type key struct {
		queue string
		at    time.Time
	}
	minutes, err := addUp(ctx, tx, func(k *key) []any { return []any{db.Time(&k.at), &k.queue} }, `
		SELECT at, queue, measure, bucket, CAST(SUM(n) AS bigint) FROM job_stats
		WHERE width = $1 AND at >= $2 GROUP BY at, queue, measure, bucket`, minuteWidth, first)
	if err != nil {
		return err
	}
	hours := map[string]*tally{}
	for k, t := range minutes {
		if hours[k.queue] == nil {
			hours[k.queue] = newTally()
		}
		hours[k.queue].addAll(t)
	}
	for name, t := range hours {
		l := lineOf(b, name)
		l.DoneHour = t.done()
		l.RunMedianMS, l.WaitP95MS = t.run.percentile(.5).Milliseconds(), t.wait.percentile(.95).Milliseconds()
	}
	for i := range b.Queues {
		l := &b.Queues[i]
		for m := range s.steps {
			at := first.Add(time.Duration(m) * time.Minute)
			l.Minutes = append(l.Minutes, point(at, minutes[key{l.Name, at}], time.Minute))
			if left := s.steps - 1 - m; left >= 1 && left <= recent { // the minute in progress would pull it down
				l.PerMinute += float64(l.Minutes[m].Done) / recent
			}
		}
		b.PerMinute += l.PerMinute
		b.DoneHour += l.DoneHour
	}
	return nil
}

// readWeek adds the rate of this hour a week before, and what gave up since.
func readWeek(ctx context.Context, tx *db.Tx, b *fibonacco.QueueBoard) error {
	then := b.At.Add(-week).Truncate(time.Hour)
	before, err := readTallies(ctx, tx, fibonacco.JobHistoryQuery{}, hourWidth, then, then.Add(time.Hour))
	if err != nil {
		return err
	}
	b.Before = point(then, before[then], time.Hour).PerMinute
	b.FailedWeek, err = db.Count(ctx, tx, `
		SELECT CAST(COALESCE(SUM(n), 0) AS bigint) FROM job_stats WHERE width = $1 AND at >= $2 AND measure = $3`,
		hourWidth, b.At.Add(-week).Truncate(time.Hour), measureGaveUp)
	return err
}
