package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) queues() {
	registerWhole(a, operation{
		method: http.MethodGet, path: "/queues", id: "list-queues", tag: tagOperations,
		summary: "The job queues now", description: "Counts are over all nodes; done and workers are this node's.",
		response: whole([]queueView{{Name: "emails", Waiting: 3, Running: 5, WaitSeconds: 0.4, Done: 1280, Workers: 5}}),
	}, a.listQueues)
}

// queueView is fibonacco.QueueState with the wait in seconds.
type queueView struct {
	Name        string  `json:"name"`
	Waiting     int     `json:"waiting"`
	Running     int     `json:"running"`
	Retryable   int     `json:"retryable" doc:"Failed, and will be tried again."`
	Scheduled   int     `json:"scheduled" doc:"For later."`
	Failed      int     `json:"failed" doc:"Gave up; kept for a person."`
	WaitSeconds float64 `json:"wait_seconds" doc:"How long the oldest waiting job has waited."`
	Done        int64   `json:"done" doc:"By this node since it started."`
	Workers     int     `json:"workers" doc:"Of this node."`
	Paused      bool    `json:"paused"`
}

func (a *API) listQueues(ctx context.Context, _ *none) (*body[list[queueView]], error) {
	if a.o.Queues == nil {
		return nil, moduleAbsent("job queue")
	}
	states, err := a.o.Queues.Queues(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]queueView, len(states))
	for i, s := range states {
		views[i] = viewOf(s)
	}
	return &body[list[queueView]]{whole(views)}, nil
}

func viewOf(s fibonacco.QueueState) queueView {
	return queueView{
		Name: s.Name, Waiting: s.Waiting, Running: s.Running, Retryable: s.Retryable, Scheduled: s.Scheduled,
		Failed: s.Failed, WaitSeconds: s.Wait.Seconds(), Done: s.Done, Workers: s.Workers, Paused: s.Paused,
	}
}
