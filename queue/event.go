package queue

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/riverqueue/river"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// eventsPerJob bounds one handler's job: the sender publishes hundreds of events at a time.
const eventsPerJob = 200

// subscription is one handler of one event type.
type subscription struct {
	name string // "smb.rescore"
}

// eventJob carries events of one type to one handler.
type eventJob struct {
	name   string            // set when made; River stores it as the job's kind
	Events []json.RawMessage `json:"events"`
}

func (j eventJob) Kind() string { return "on." + j.name }

type eventWorker struct {
	worker[eventJob]
}

// On says that every event of type E wakes a handler. It gets the events in batches, in the
// order they were published within a transaction, and may see one again after a failure.
// name is the handler's, "smb.rescore": it must be unique and must not change while jobs wait.
// Call before Start, and in processes that only publish too: Publish enqueues for the
// handlers it knows.
func On[E fibonacco.Event](q *Queue, name string, handle func(ctx context.Context, events []E) error) {
	var zero E
	kind := zero.Meta().Type
	q.events[kind] = append(q.events[kind], &subscription{name: name + ":" + kind})
	do := func(ctx context.Context, job eventJob) error {
		events := make([]E, len(job.Events))
		for i, raw := range job.Events {
			if err := json.Unmarshal(raw, &events[i]); err != nil {
				return Abandon(fmt.Errorf("read a stored %s: %w", kind, err))
			}
		}
		return handle(ctx, events)
	}
	river.AddWorkerArgs(q.workers, eventJob{name: name + ":" + kind}, &eventWorker{worker[eventJob]{q: q, do: do}})
}

// Publish stores each event as one analytics_events row and enqueues its handlers, in the
// caller's transaction. Takes many events at once; hundreds cost little more than one.
func (q *Queue) Publish(ctx context.Context, tx *db.Tx, events ...fibonacco.Event) error {
	if len(events) == 0 {
		return nil
	}
	rows := db.NewBatch("smb_id bigint", "community_id bigint", "type text", "category text", "properties jsonb", "at timestamptz")
	waiting := map[*subscription][]json.RawMessage{}
	var order []*subscription
	for _, e := range events {
		meta := e.Meta()
		if meta.At.IsZero() {
			meta.At = tx.Now
		}
		raw, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("store %s: %w", meta.Type, err)
		}
		rows.Add(db.Null(meta.SMBID), db.Null(meta.CommunityID), meta.Type, string(meta.Category), string(raw), meta.At)
		for _, s := range q.events[meta.Type] {
			if waiting[s] == nil {
				order = append(order, s)
			}
			waiting[s] = append(waiting[s], raw)
		}
	}
	if _, err := tx.ExecBatch(ctx, rows, `
		INSERT INTO analytics_events (smb_id, community_id, event_type, event_category, properties, occurred_at, created_at, updated_at)
		SELECT smb_id, community_id, type, category, properties, at, $1, $1 FROM rows`, tx.Now); err != nil {
		return fmt.Errorf("store %d events: %w", len(events), err)
	}
	if q.notify != nil {
		topic := events[0].Meta().Type // one word for the batch: pages read the figures anew anyway
		tx.AfterCommit(func() { q.notify(topic) })
	}
	var jobs []Job
	for _, s := range order {
		for raw := waiting[s]; len(raw) > 0; {
			n := min(len(raw), eventsPerJob)
			jobs = append(jobs, eventJob{name: s.name, Events: raw[:n:n]})
			raw = raw[n:]
		}
	}
	return q.Enqueue(ctx, tx, jobs...)
}
