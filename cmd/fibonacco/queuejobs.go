package main

import (
	"context"

	"github.com/fibonacco/fibonacco"
)

type queueJobs struct {
	Filter []string `help:"Narrow it: state=discarded,cancelled, kind=campaign.send, queue=emails." placeholder:"FIELD=CONDITION" sep:"none"`
	Limit  int      `help:"At most so many." default:"50"`
	JSON   bool     `help:"Print JSON, a job a line."`
}

func (c queueJobs) Run(e *env) error {
	return e.with(func(a *app) error {
		return eachOf(e, c.Limit, fibonacco.ListQuery{Filter: filterOf(c.Filter)}, a.queue.ListJobs, func(j fibonacco.QueuedJob) error {
			if c.JSON {
				return e.printJSON(j)
			}
			why := ""
			if n := len(j.Errors); n > 0 {
				why = ": " + j.Errors[n-1].Message
			}
			e.say("%d  %s in %s, %s, attempt %d of %d%s", j.ID, j.Kind, j.Queue, j.State, j.Attempt, j.MaxAttempts, why)
			return nil
		})
	})
}

type queueShow struct {
	ID int64 `arg:"" help:"Of the job."`
}

func (c queueShow) Run(e *env) error {
	return e.with(func(a *app) error {
		job, err := a.queue.FindJob(e.ctx, c.ID)
		if err != nil {
			return err
		}
		return e.printJSON(job)
	})
}

// chosenJobs is what the commands that change jobs are told.
type chosenJobs struct {
	ID     []int64  `arg:"" optional:"" help:"Of the jobs."`
	Filter []string `help:"Instead: all of these, state=discarded, kind=campaign.send." placeholder:"FIELD=CONDITION" sep:"none"`
	JSON   bool     `help:"Print JSON."`
}

func (c chosenJobs) run(e *env, past string, do func(*app) func(context.Context, fibonacco.JobSelection) (fibonacco.JobOutcome, error)) error {
	return e.with(func(a *app) error {
		out, err := do(a)(e.ctx, fibonacco.JobSelection{IDs: c.ID, Filter: filterOf(c.Filter)})
		if err != nil {
			return err
		}
		if c.JSON {
			return e.printJSON(out)
		}
		e.say("%d of %d jobs %s.", out.Changed, out.Found, past)
		if out.More {
			e.say("There are more: run it again.")
		}
		return nil
	})
}

type queueRetry struct{ chosenJobs }

func (c queueRetry) Run(e *env) error {
	return c.run(e, "are tried again", func(a *app) func(context.Context, fibonacco.JobSelection) (fibonacco.JobOutcome, error) {
		return a.queue.RetryJobs
	})
}

type queueCancel struct{ chosenJobs }

func (c queueCancel) Run(e *env) error {
	return c.run(e, "are cancelled, or told to stop", func(a *app) func(context.Context, fibonacco.JobSelection) (fibonacco.JobOutcome, error) {
		return a.queue.CancelJobs
	})
}

type queueDelete struct{ chosenJobs }

func (c queueDelete) Run(e *env) error {
	return c.run(e, "are forgotten", func(a *app) func(context.Context, fibonacco.JobSelection) (fibonacco.JobOutcome, error) {
		return a.queue.DeleteJobs
	})
}
