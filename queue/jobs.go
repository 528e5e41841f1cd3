package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

// How much of a list among a job's arguments is shown.
const (
	shownInList = 10
	shownWhole  = 500
)

// jobTable is the jobs as a listing. River's states are a type of its own on PostgreSQL.
func jobTable(engine db.Engine) query.Table {
	return query.Table{
		Listing: fibonacco.JobListing, From: "river_job", Key: "river_job.id",
		Columns: map[string]query.Column{"state": {Where: func(c fibonacco.Condition, arg func(any) string) string {
			switch c.Op {
			case fibonacco.IsNull:
				return "1 = 0"
			case fibonacco.NotNull:
				return "1 = 1"
			}
			places := make([]string, len(c.Values))
			for i, v := range c.Values {
				places[i] = arg(v)
				if engine == db.Postgres {
					places[i] = "CAST(" + places[i] + " AS river_job_state)"
				}
			}
			in := " IN ("
			if c.Op == fibonacco.NoneOf {
				in = " NOT IN ("
			}
			return "river_job.state" + in + strings.Join(places, ", ") + ")"
		}}},
	}
}

func jobColumns(engine db.Engine) string {
	args, errors, by, meta := `CAST(river_job.args AS text)`, `CAST(array_to_json(river_job.errors) AS text)`,
		`river_job.attempted_by[array_length(river_job.attempted_by, 1)]`, `river_job.metadata ->> 'cancel_attempted_at'`
	if engine == db.SQLite {
		args, errors, by = `json(river_job.args)`, `json(river_job.errors)`, `json_extract(river_job.attempted_by, '$[#-1]')`
	}
	return `river_job.id, river_job.kind, river_job.queue, CAST(river_job.state AS text), river_job.attempt, river_job.max_attempts,
		river_job.created_at, river_job.scheduled_at, river_job.attempted_at, river_job.finalized_at,
		` + args + `, COALESCE(` + errors + `, '[]'), COALESCE(` + by + `, ''), COALESCE(` + meta + `, '')`
}

// scanJob reads a job without personal data; most bounds the lists among its arguments.
func scanJob(most int) func(db.Row) (fibonacco.QueuedJob, error) {
	return func(row db.Row) (j fibonacco.QueuedJob, err error) {
		var args, errors, by, cancelled string
		if err := row.Scan(&j.ID, &j.Kind, &j.Queue, &j.State, &j.Attempt, &j.MaxAttempts,
			db.Time(&j.CreatedAt), db.Time(&j.ScheduledAt), db.TimePtr(&j.AttemptedAt), db.TimePtr(&j.FinalizedAt),
			&args, &errors, &by, &cancelled); err != nil {
			return j, err
		}
		j.Args = maskArgs(args, most)
		if i := strings.LastIndexByte(by, '/'); i > 0 { // behind it is which of the node's clients it was
			j.Node = by[:i]
		}
		j.Cancelling = cancelled != "" && j.State == fibonacco.JobRunning
		var failures []struct {
			At      time.Time `json:"at"`
			Attempt int       `json:"attempt"`
			Error   string    `json:"error"`
			Trace   string    `json:"trace"`
		}
		if err := json.Unmarshal([]byte(errors), &failures); err != nil {
			return j, fmt.Errorf("read the errors of job %d: %w", j.ID, err)
		}
		for _, f := range failures {
			j.Errors = append(j.Errors, fibonacco.JobError{At: f.At.UTC(), Attempt: f.Attempt, Message: maskText(f.Error), Trace: maskText(f.Trace)})
		}
		return j, nil
	}
}

// ListJobs implements fibonacco.JobDesk.
func (q *Queue) ListJobs(ctx context.Context, asked fibonacco.ListQuery) (page fibonacco.Page[fibonacco.QueuedJob], err error) {
	if err := mayDecide(ctx); err != nil {
		return page, err
	}
	engine := q.db.Engine()
	err = q.db.View(ctx, func(tx *db.Tx) error {
		page, err = query.Select(ctx, tx, jobTable(engine), asked, jobColumns(engine), scanJob(shownInList), nil, nil)
		return err
	})
	return page, err
}

// FindJob implements fibonacco.JobDesk.
func (q *Queue) FindJob(ctx context.Context, id int64) (*fibonacco.QueuedJob, error) {
	if err := mayDecide(ctx); err != nil {
		return nil, err
	}
	var job fibonacco.QueuedJob
	err := q.db.View(ctx, func(tx *db.Tx) (err error) {
		job, err = scanJob(shownWhole)(tx.QueryRow(ctx, `SELECT `+jobColumns(q.db.Engine())+` FROM river_job WHERE id = $1`, id))
		return err
	})
	switch {
	case db.IsNoRows(err):
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no job %d, or not any more: jobs that are done are kept for six hours", id)
	case err != nil:
		return nil, fmt.Errorf("read job %d: %w", id, err)
	}
	return &job, nil
}
