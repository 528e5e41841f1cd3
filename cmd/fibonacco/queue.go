package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/fibonacco/fibonacco"
)

type queueCommand struct {
	Status  queueStatus  `cmd:"" default:"1" help:"Say how each queue stands."`
	Kinds   queueKinds   `cmd:"" help:"Say what each kind of job did."`
	Balance queueBalance `cmd:"" help:"Say why the number of workers changed, newest first."`
	Jobs    queueJobs    `cmd:"" help:"List jobs, newest first, without personal data."`
	Show    queueShow    `cmd:"" help:"Show one job."`
	Retry   queueRetry   `cmd:"" help:"Let jobs begin at once that failed, were cancelled or are for later."`
	Cancel  queueCancel  `cmd:"" help:"End jobs that are not finished."`
	Delete  queueDelete  `cmd:"" help:"Forget jobs that do not run."`
	Pause   queueHold    `cmd:"" help:"Hold a queue, or all of them, on every node."`
	Resume  queueRelease `cmd:"" help:"Let it go on, or all of them."`
}

type queueStatus struct {
	JSON bool `help:"Print JSON."`
}

func (c queueStatus) Run(e *env) error {
	return e.with(func(a *app) error {
		b, err := a.queue.Board(e.ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return e.printJSON(b)
		}
		w := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "queue\twaiting\trunning\tagain\tfailed\twait\tworkers\tjobs a minute\tstate")
		for _, q := range b.Queues {
			state := "works"
			switch {
			case q.Pause != nil:
				state = "held by " + q.Pause.By + ": " + q.Pause.Reason
			case q.Workers == 0:
				state = "no node works on it"
			}
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\t%d of %d-%d\t%.1f\t%s\n", q.Name, q.Waiting, q.Running, q.Retryable, q.Failed,
				time.Duration(q.WaitMS)*time.Millisecond, q.Workers, q.MinWorkers, q.MaxWorkers, q.PerMinute, state)
		}
		return w.Flush()
	})
}

type queueKinds struct {
	Period fibonacco.JobPeriod `help:"How far back: hour, day, fortnight." enum:"hour,day,fortnight" default:"hour"`
	JSON   bool                `help:"Print JSON, a kind a line."`
}

func (c queueKinds) Run(e *env) error {
	return e.with(func(a *app) error {
		kinds, err := a.queue.JobKinds(e.ctx, c.Period)
		if err != nil {
			return err
		}
		for _, k := range kinds {
			if !c.JSON {
				e.say("%s in %s: %d done, %d attempts failed, %d gave up; half took %d ms or less, 95 of 100 %d ms", k.Kind, k.Queue, k.Done, k.Failed, k.GaveUp, k.RunMedianMS, k.RunP95MS)
			} else if err := e.printJSON(k); err != nil {
				return err
			}
		}
		return nil
	})
}

type queueBalance struct {
	Queue string `help:"Only of this queue."`
	Limit int    `help:"At most so many." default:"50"`
	JSON  bool   `help:"Print JSON, a line each."`
}

func (c queueBalance) Run(e *env) error {
	return e.with(func(a *app) error {
		q := fibonacco.ListQuery{Filter: fibonacco.Filter{}}
		if c.Queue != "" {
			q.Filter["queue"] = fibonacco.FilterValue(c.Queue)
		}
		return eachOf(e, c.Limit, q, a.queue.ListBalance, func(b fibonacco.BalanceChange) error {
			if c.JSON {
				return e.printJSON(b)
			}
			e.say("%s  %s %d → %d on %s: %s, %d waiting, the oldest for %d ms", b.At.Format("2006-01-02 15:04:05 MST"), b.Queue, b.Before, b.After, b.Node, b.Reason, b.Waiting, b.WaitMS)
			return nil
		})
	})
}

type queueHold struct {
	Queue  string `arg:"" optional:"" help:"Name of the queue."`
	All    bool   `help:"Every queue."`
	Reason string `help:"Why; staff see it." required:""`
}

func (c queueHold) Run(e *env) error {
	if err := oneOrAll(c.Queue, c.All); err != nil {
		return err
	}
	return e.with(func(a *app) error {
		if c.All {
			names, err := a.queue.PauseAllQueues(e.ctx, c.Reason, whoami())
			if err == nil {
				e.say("%s What runs finishes.", queuesWords(names, "held", "No queue worked, so none is held now that was not."))
			}
			return err
		}
		if err := a.queue.PauseQueue(e.ctx, c.Queue, c.Reason, whoami()); err != nil {
			return err
		}
		e.say("The queue %s is held. What runs finishes.", c.Queue)
		return nil
	})
}

type queueRelease struct {
	Queue string `arg:"" optional:"" help:"Name of the queue."`
	All   bool   `help:"Every queue that is held."`
}

func (c queueRelease) Run(e *env) error {
	if err := oneOrAll(c.Queue, c.All); err != nil {
		return err
	}
	return e.with(func(a *app) error {
		if c.All {
			names, err := a.queue.ResumeAllQueues(e.ctx, whoami())
			if err == nil {
				e.say("%s", queuesWords(names, "going on", "No queue was held."))
			}
			return err
		}
		if err := a.queue.ResumeQueue(e.ctx, c.Queue, whoami()); err != nil {
			return err
		}
		e.say("The queue %s goes on.", c.Queue)
		return nil
	})
}

// oneOrAll holds that either a queue was named or all of them were meant.
func oneOrAll(name string, all bool) error {
	if (name == "") != all {
		return fibonacco.Errorf(fibonacco.Invalid, "name one queue, or say --all")
	}
	return nil
}

func queuesWords(names []string, are, none string) string {
	if len(names) == 0 {
		return none
	}
	return fmt.Sprintf("%d queues are %s: %s.", len(names), are, strings.Join(names, ", "))
}
