package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) queueControl() {
	register(a, operation{
		method: http.MethodGet, path: "/queues/board", id: "get-queue-board", tag: tagOperations,
		summary: "The queues, their workers and the nodes now", description: "Over all nodes. Times are the machine's, not the product's clock.",
		response: exampleBoard,
	}, a.getBoard)
	register(a, operation{
		method: http.MethodGet, path: "/queues/history", id: "get-queue-history", tag: tagOperations,
		summary: "What was done, minute by minute or hour by hour", description: "With the same stretch a week before. Minutes are kept for two hours, hours for 22 days. Medians and percentiles are read from histograms, and off by a fifth at most.",
		response: fibonacco.JobHistory{Period: fibonacco.LastHour, StepSeconds: 60, Points: []fibonacco.JobPoint{examplePoint}, WeekBefore: []fibonacco.JobPoint{examplePoint}},
	}, a.getHistory)
	registerWhole(a, operation{
		method: http.MethodGet, path: "/queues/kinds", id: "list-job-kinds", tag: tagOperations,
		summary: "What each kind of job did, busiest first", response: whole([]fibonacco.JobKind{{
			Kind: "campaign.send", Queue: "emails", Done: 1684, Failed: 2, GaveUp: 1, RunMedianMS: 96, RunP95MS: 240, WaitP95MS: 610,
		}}),
	}, a.listJobKinds)
	registerList(a, operation{
		method: http.MethodGet, path: "/queues/balance", id: "list-balance-log", tag: tagOperations,
		summary: "Why the number of workers changed, newest first",
		response: list[fibonacco.BalanceChange]{Data: []fibonacco.BalanceChange{{
			ID: 9, At: exampleTime, Node: "web-1/3fb2c07d11aa", Supervisor: "email", Queue: "emails", Before: 3, After: 8, Reason: fibonacco.BalanceWaiting, Waiting: 200, WaitMS: 640,
		}}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.BalanceListing, func(ctx context.Context, _ *none, q question) (page fibonacco.Page[fibonacco.BalanceChange], err error) {
		if a.o.QueueControl == nil {
			return page, moduleAbsent("job queue")
		}
		return a.o.QueueControl.ListBalance(ctx, q.ListQuery)
	})
	register(a, operation{
		method: http.MethodPost, path: "/queues/{name}/pause", id: "pause-queue", tag: tagOperations,
		summary: "Hold a queue", description: "On every node, within two seconds: what runs finishes, what waits goes on waiting. Doing it again changes the reason.",
		errors: append(append([]int{}, ofThing...), ofBody...), request: queueReason{Reason: "the provider has an incident"}, response: exampleBoard,
	}, a.pauseQueue)
	register(a, operation{
		method: http.MethodPost, path: "/queues/{name}/resume", id: "resume-queue", tag: tagOperations,
		summary: "Let a queue go on", errors: ofThing, response: exampleBoard,
	}, a.resumeQueue)
	register(a, operation{
		method: http.MethodPost, path: "/queues/pause", id: "pause-all-queues", tag: tagOperations,
		summary: "Hold every queue", description: "All or none of them. Nothing that takes time is done until they go on: no mail, no import, no notice. One that is held already keeps its own reason.",
		errors: ofBody, request: queueReason{Reason: "the database moves to another machine"}, response: exampleHeld,
	}, a.pauseAllQueues)
	register(a, operation{
		method: http.MethodPost, path: "/queues/resume", id: "resume-all-queues", tag: tagOperations,
		summary: "Let every queue go on that is held", description: "Whoever held it, and why.", response: exampleHeld,
	}, a.resumeAllQueues)
}

var (
	examplePoint = fibonacco.JobPoint{At: exampleTime, Done: 75, Failed: 1, PerMinute: 75, RunMedianMS: 96, RunP95MS: 240, WaitP95MS: 610}
	exampleBoard = fibonacco.QueueBoard{
		At: exampleTime, PerMinute: 75, Before: 71, DoneHour: 6214, FailedWeek: 7, LongestWait: 640, LongestQueue: "emails",
		Queues: []fibonacco.QueueLine{{
			Name: "emails", Supervisor: "email", Balance: "auto", Workers: 8, MinWorkers: 2, MaxWorkers: 17, Waiting: 14, Running: 8, WaitMS: 640,
			PerMinute: 75, DoneHour: 6214, RunMedianMS: 96, WaitP95MS: 610, AlertMS: 60_000,
		}},
		Nodes: []fibonacco.QueueNode{{ID: "web-1/3fb2c07d11aa", Hostname: "web-1", StartedAt: exampleTime, SeenAt: exampleTime, Workers: 17}},
	}
)

// heldQueues says which queues a call held, or let go on.
type heldQueues struct {
	Queues []string `json:"queues" doc:"The queues that this call changed, by name."`
}

var exampleHeld = heldQueues{Queues: []string{"default", "emails"}}

type queueReason struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Staff see it." example:"the provider has an incident"`
}

// QueuePath is the path of one queue.
type QueuePath struct {
	Name string `path:"name" maxLength:"127" example:"emails" doc:"Name of the queue."`
}

// PeriodQuery says how far to look back.
type PeriodQuery struct {
	Period string `query:"period" enum:"hour,day,fortnight" default:"hour" example:"day" doc:"How far back."`
}

func (a *API) board(ctx context.Context, err error) (*body[fibonacco.QueueBoard], error) {
	if err != nil {
		return nil, err
	}
	b, err := a.o.QueueControl.Board(ctx)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.QueueBoard]{*b}, nil
}

func (a *API) getBoard(ctx context.Context, _ *none) (*body[fibonacco.QueueBoard], error) {
	if a.o.QueueControl == nil {
		return nil, moduleAbsent("job queue")
	}
	return a.board(ctx, nil)
}

func (a *API) getHistory(ctx context.Context, in *struct {
	PeriodQuery
	Queue string `query:"queue" maxLength:"127" example:"emails" doc:"Only this queue."`
	Kind  string `query:"kind" maxLength:"127" example:"campaign.send" doc:"Only this kind of job."`
},
) (*body[fibonacco.JobHistory], error) {
	if a.o.QueueControl == nil {
		return nil, moduleAbsent("job queue")
	}
	h, err := a.o.QueueControl.JobHistory(ctx, fibonacco.JobHistoryQuery{Queue: in.Queue, Kind: in.Kind, Period: fibonacco.JobPeriod(in.Period)})
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.JobHistory]{*h}, nil
}

func (a *API) listJobKinds(ctx context.Context, in *PeriodQuery) (*body[list[fibonacco.JobKind]], error) {
	if a.o.QueueControl == nil {
		return nil, moduleAbsent("job queue")
	}
	return wholeAnswer(a.o.QueueControl.JobKinds(ctx, fibonacco.JobPeriod(in.Period)))
}

func (a *API) pauseQueue(ctx context.Context, in *struct {
	QueuePath
	Body queueReason
},
) (*body[fibonacco.QueueBoard], error) {
	if a.o.QueueControl == nil {
		return nil, moduleAbsent("job queue")
	}
	return a.board(ctx, a.o.QueueControl.PauseQueue(ctx, in.Name, in.Body.Reason, fibonacco.PrincipalOf(ctx).Name))
}

func (a *API) pauseAllQueues(ctx context.Context, in *body[queueReason]) (*body[heldQueues], error) {
	if a.o.QueueControl == nil {
		return nil, moduleAbsent("job queue")
	}
	return queuesHeld(a.o.QueueControl.PauseAllQueues(ctx, in.Body.Reason, fibonacco.PrincipalOf(ctx).Name))
}

func (a *API) resumeAllQueues(ctx context.Context, _ *none) (*body[heldQueues], error) {
	if a.o.QueueControl == nil {
		return nil, moduleAbsent("job queue")
	}
	return queuesHeld(a.o.QueueControl.ResumeAllQueues(ctx, fibonacco.PrincipalOf(ctx).Name))
}

func queuesHeld(names []string, err error) (*body[heldQueues], error) {
	if err != nil {
		return nil, err
	}
	return &body[heldQueues]{heldQueues{append([]string{}, names...)}}, nil // an empty list, never null
}

func (a *API) resumeQueue(ctx context.Context, in *QueuePath) (*body[fibonacco.QueueBoard], error) {
	if a.o.QueueControl == nil {
		return nil, moduleAbsent("job queue")
	}
	return a.board(ctx, a.o.QueueControl.ResumeQueue(ctx, in.Name, fibonacco.PrincipalOf(ctx).Name))
}
