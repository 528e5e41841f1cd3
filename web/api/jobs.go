package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) jobs() {
	registerList(a, operation{
		method: http.MethodGet, path: "/jobs", id: "list-jobs", tag: tagOperations,
		summary:     "The jobs, newest first",
		description: "Without personal data: ids stay, texts, addresses and telephone numbers do not. Whoever is limited to communities may not ask.",
		response:    list[fibonacco.QueuedJob]{Data: []fibonacco.QueuedJob{exampleJob}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.JobListing, func(ctx context.Context, _ *none, q question) (page fibonacco.Page[fibonacco.QueuedJob], err error) {
		if a.o.Jobs == nil {
			return page, moduleAbsent("job queue")
		}
		return a.o.Jobs.ListJobs(ctx, q.ListQuery)
	})
	register(a, operation{
		method: http.MethodGet, path: "/jobs/{id}", id: "get-job", tag: tagOperations,
		summary: "One job", errors: ofThing, response: exampleJob,
	}, a.getJob)
	a.changeJobs("/jobs/retry", "retry-jobs", "Let jobs begin at once that failed, were cancelled or are for later",
		"One whose like waits already, or has run since, is left alone: the newer stands for both.", fibonacco.JobDesk.RetryJobs)
	a.changeJobs("/jobs/cancel", "cancel-jobs", "End jobs that are not finished",
		"One that runs is told to stop, and may finish first.", fibonacco.JobDesk.CancelJobs)
	a.changeJobs("/jobs/delete", "delete-jobs", "Forget jobs that do not run",
		"What they were to do is not done. There is no way back.", fibonacco.JobDesk.DeleteJobs)
}

// changeJobs adds a route that does something with a selection of jobs.
func (a *API) changeJobs(path, id, summary, description string, do func(fibonacco.JobDesk, context.Context, fibonacco.JobSelection) (fibonacco.JobOutcome, error)) {
	register(a, operation{
		method: http.MethodPost, path: path, id: id, tag: tagOperations, summary: summary,
		description: description + " Give ids or a filter, one of the two. One call changes up to 10,000 jobs; more says that there are others.",
		errors:      ofBody, request: jobSelection{Filter: map[string]string{"state": "discarded", "kind": "campaign.send"}},
		response: fibonacco.JobOutcome{Found: 7, Changed: 7},
	}, func(ctx context.Context, in *body[jobSelection]) (*body[fibonacco.JobOutcome], error) {
		if a.o.Jobs == nil {
			return nil, moduleAbsent("job queue")
		}
		out, err := do(a.o.Jobs, ctx, fibonacco.JobSelection{IDs: in.Body.IDs, Filter: in.Body.Filter})
		if err != nil {
			return nil, err
		}
		return &body[fibonacco.JobOutcome]{out}, nil
	})
}

var exampleJob = fibonacco.QueuedJob{
	ID: 88104, Kind: "campaign.send", Queue: "emails", State: fibonacco.JobDiscarded, Attempt: 3, MaxAttempts: 3,
	Args:   map[string]any{"send_ids": []any{7, 8}},
	Errors: []fibonacco.JobError{{At: exampleTime, Attempt: 1, Message: "550 5.1.1 <m•••@bluedoor.example> unknown"}},
	Node:   "web-1/3fb2c07d11aa", CreatedAt: exampleTime, ScheduledAt: exampleTime, AttemptedAt: &exampleTime, FinalizedAt: &exampleTime,
}

// jobSelection is fibonacco.JobSelection.
type jobSelection struct {
	IDs    []int64           `json:"ids,omitempty" maxItems:"1000" doc:"These jobs."`
	Filter map[string]string `json:"filter,omitempty" doc:"Conditions as in the list of jobs, without filter[…]: state, kind, queue, id, attempt."`
}

func (a *API) getJob(ctx context.Context, in *struct {
	ID string `path:"id" example:"88104"`
},
) (*body[fibonacco.QueuedJob], error) {
	if a.o.Jobs == nil {
		return nil, moduleAbsent("job queue")
	}
	id, err := number(in.ID, "job")
	if err != nil {
		return nil, err
	}
	job, err := a.o.Jobs.FindJob(ctx, id)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.QueuedJob]{*job}, nil
}
