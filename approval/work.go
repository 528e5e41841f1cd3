package approval

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// job makes the service of one task.
type job struct {
	TaskID int64 `json:"task_id"`
}

func (job) Kind() string { return "approval.provision" }

// lease is how long, in real time, a task that was given a job, or is being worked on, is left alone before the sweep
// thinks that nobody has it any more. Two who have it at once do no harm: see make.
const lease = 2 * time.Hour

// pauses are between the tries of a task, on the product's clock; after the last a person is asked.
var pauses = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

// mostTries is how often a task is tried.
var mostTries = len(pauses) + 1

// atOnce bounds one transaction of the sweep.
const atOnce = 200

// send gives tasks their job: where is true of them, with $1.
func (s *Service) send(ctx context.Context, tx *db.Tx, where string, arg any) error {
	type sent struct {
		ID      int64
		Service string `db:"service_type"`
	}
	tasks, err := db.Select[sent](ctx, tx, `
		UPDATE provisioning_tasks SET due_at = $2, updated_at = $3 WHERE `+where+` RETURNING id, service_type`, arg, tx.Now.Add(fibonacco.Lasting(s.db.Clock(), lease)), tx.Now)
	if err != nil {
		return fmt.Errorf("send tasks: %w", err)
	}
	jobs := make([]queue.Job, len(tasks))
	for i, t := range tasks {
		if jobs[i] = queue.Job(telling(t)); s.provisioners[t.Service] != nil {
			jobs[i] = job{TaskID: t.ID}
		}
	}
	return s.queue.Enqueue(ctx, tx, jobs...)
}

// work makes the service of a task, if it is there to be made.
func (s *Service) work(ctx context.Context, j job) error {
	task, err := s.claim(ctx, j.TaskID)
	if err != nil || task == nil {
		return err
	}
	p := s.provisioners[task.ServiceType]
	if p == nil {
		err = fibonacco.Errorf(fibonacco.NotFound, "this program does not make %s", task.ServiceType)
	} else {
		err = s.tryMake(ctx, p, task)
	}
	if err == nil {
		return nil
	}
	// What became of it is stored even when this process is told to stop meanwhile.
	return s.tryLater(context.WithoutCancel(ctx), task, err)
}

// tryMake is make; a fault in a provisioner is an error like any other.
func (s *Service) tryMake(ctx context.Context, p Provisioner, task *fibonacco.ProvisioningTask) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("the provisioner of %s panicked: %v", task.ServiceType, fault)
		}
	}()
	return s.make(ctx, p, task)
}

// claim is a task that is ours to work on; nil when it is over. The WHERE clause is the lock. One that is
// being worked on is taken over: a job that comes again does so because whoever had it died, and where
// that is not so, the claim that came last is the one that holds.
func (s *Service) claim(ctx context.Context, id int64) (task *fibonacco.ProvisioningTask, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		task = nil
		n, err := tx.Exec(ctx, `
			UPDATE provisioning_tasks SET status = 'processing', started_at = COALESCE(started_at, $1), attempts = attempts + 1, due_at = $2, updated_at = $1
			WHERE id = $3 AND status IN ('queued', 'processing')`, tx.Now, tx.Now.Add(fibonacco.Lasting(s.db.Clock(), lease)), id)
		if err != nil || n == 0 {
			return err
		}
		claimed, err := findTask(ctx, tx, id)
		if err != nil {
			return err
		}
		if claimed.Attempts > mostTries {
			_, err = s.fail(ctx, tx, claimed.ApprovalID, endedEveryTime)
			return err
		}
		task = claimed
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim task %d: %w", id, err)
	}
	return task, nil
}

// errOver rolls back what was made for an approval that is not open any more, or by somebody else.
var errOver = errors.New("the task is over")

// make makes the service and completes its approval in one transaction, so that nothing half-made is
// left behind. Of two who have the task, the one that claimed it last completes it.
func (s *Service) make(ctx context.Context, p Provisioner, task *fibonacco.ProvisioningTask) error {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := db.Get[int64](ctx, tx, `SELECT id FROM approvals WHERE id = $1 AND status = 'provisioning' FOR UPDATE`, task.ApprovalID)
		if err == nil {
			_, err = db.Get[int64](ctx, tx, `
				SELECT id FROM provisioning_tasks WHERE id = $1 AND attempts = $2 AND status IN ('queued', 'processing') FOR UPDATE`, task.ID, task.Attempts)
		}
		if db.IsNoRows(err) {
			return errOver
		}
		if err != nil {
			return err
		}
		result, err := p.Provision(ctx, tx, task)
		if err != nil {
			return err
		}
		if err := checkResult(result); err != nil {
			return err
		}
		_, err = s.complete(ctx, tx, task.ApprovalID, result)
		return err
	})
	if errors.Is(err, errOver) {
		return nil
	}
	return err
}

// tryLater puts a task back that did not work out. What cannot get better by itself, or was tried often
// enough, is a person's.
func (s *Service) tryLater(ctx context.Context, task *fibonacco.ProvisioningTask, cause error) error {
	reason := []rune(cause.Error())
	reason = reason[:min(len(reason), 500)]
	code := fibonacco.CodeOf(cause)
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if code == fibonacco.Invalid || code == fibonacco.NotFound || task.Attempts >= mostTries {
			_, err := s.fail(ctx, tx, task.ApprovalID, string(reason))
			return err
		}
		if _, err := tx.Exec(ctx, `
			UPDATE provisioning_tasks SET status = 'queued', failure_reason = $1, due_at = $2, updated_at = $3
			WHERE id = $4 AND attempts = $5 AND status = 'processing'`,
			string(reason), tx.Now.Add(pauses[task.Attempts-1]), tx.Now, task.ID, task.Attempts); err != nil {
			return fmt.Errorf("put task %d back: %w", task.ID, err)
		}
		return nil
	})
}

// Sweep takes up what nobody has in hand (M4-16): tasks that are due, those whose worker died, and
// approvals that were never processed.
func (s *Service) Sweep(ctx context.Context, _ time.Time) error {
	if err := s.takeUpUnprocessed(ctx); err != nil {
		return err
	}
	for more := true; more; {
		if err := s.db.Update(ctx, func(tx *db.Tx) error {
			ids, err := db.Select[int64](ctx, tx, `SELECT id FROM provisioning_tasks WHERE due_at <= $1 ORDER BY due_at LIMIT $2`, tx.Now, atOnce)
			if err != nil {
				return err
			}
			more = len(ids) == atOnce
			if err := s.failWorn(ctx, tx, ids); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `
				UPDATE provisioning_tasks SET status = 'queued', updated_at = $1 WHERE id IN ($2...) AND due_at <= $1 AND status = 'processing'
				AND service_type IN ($3...)`, tx.Now, ids, s.made()); err != nil {
				return err
			}
			return s.send(ctx, tx, `due_at <= $3 AND id IN ($1...)`, ids)
		}); err != nil {
			return fmt.Errorf("take up tasks: %w", err)
		}
	}
	return nil
}

const endedEveryTime = "whoever worked on it ended, every time"

// failWorn gives those to a person whose worker died at every try.
func (s *Service) failWorn(ctx context.Context, tx *db.Tx, ids []int64) error {
	worn, err := db.Select[int64](ctx, tx, `
		SELECT approval_id FROM provisioning_tasks WHERE id IN ($1...) AND status = 'processing' AND attempts >= $2 AND service_type IN ($3...)`,
		ids, mostTries, s.made())
	if err != nil {
		return err
	}
	for _, id := range worn {
		if _, err := s.fail(ctx, tx, id, endedEveryTime); err != nil {
			return err
		}
	}
	return nil
}

// takeUpUnprocessed does what follows a yes where its event was lost.
func (s *Service) takeUpUnprocessed(ctx context.Context) error {
	var ids []int64
	if err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		ids, err = db.Select[int64](ctx, tx, `
			SELECT id FROM approvals WHERE processed_at IS NULL AND status = 'pending' AND approved_at <= $1 ORDER BY approved_at LIMIT $2`,
			tx.Now.Add(-fibonacco.Lasting(s.db.Clock(), lease)), atOnce)
		return err
	}); err != nil {
		return fmt.Errorf("look for unprocessed approvals: %w", err)
	}
	for _, id := range ids {
		if err := s.Process(ctx, id); err != nil && fibonacco.CodeOf(err) != fibonacco.NotFound {
			return err
		}
	}
	return nil
}

// made is the services that this program makes.
func (s *Service) made() []string { return slices.Sorted(maps.Keys(s.provisioners)) }
