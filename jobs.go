package fibonacco

import (
	"context"
	"time"
)

// JobState is where a job stands.
type JobState string

// The states of a job, in the order in which it goes through them.
const (
	JobScheduled JobState = "scheduled" // for later
	JobPending   JobState = "pending"   // waits for something else
	JobAvailable JobState = "available" // waits for a worker
	JobRunning   JobState = "running"
	JobRetryable JobState = "retryable" // an attempt failed; it is tried again by itself
	JobCompleted JobState = "completed" // kept for six hours
	JobDiscarded JobState = "discarded" // every attempt failed; kept for a week, for a person to look at
	JobCancelled JobState = "cancelled" // by a person, or given up for good by its handler; kept for a week
)

// JobStates are all of them.
var JobStates = []JobState{JobScheduled, JobPending, JobAvailable, JobRunning, JobRetryable, JobCompleted, JobDiscarded, JobCancelled}

// QueuedJob is one piece of work as staff see it. What it was given and what it failed with are shown
// without personal data: ids stay, texts, addresses and numbers of telephones do not.
type QueuedJob struct {
	ID          int64          `json:"id"`
	Kind        string         `json:"kind"` // "campaign.send"
	Queue       string         `json:"queue"`
	State       JobState       `json:"state"`
	Attempt     int            `json:"attempt"` // how often it was begun
	MaxAttempts int            `json:"max_attempts"`
	Args        map[string]any `json:"args"`
	Errors      []JobError     `json:"errors"`       // of attempts that failed, oldest first
	Node        string         `json:"node"`         // that had it last; "" before the first attempt
	Cancelling  bool           `json:"cancelling"`   // runs, and has been told to stop
	CreatedAt   time.Time      `json:"created_at"`   // these are the machine's times, not the product's clock
	ScheduledAt time.Time      `json:"scheduled_at"` // when it may begin
	AttemptedAt *time.Time     `json:"attempted_at"`
	FinalizedAt *time.Time     `json:"finalized_at"`
}

// JobError is why one attempt failed.
type JobError struct {
	At      time.Time `json:"at"`
	Attempt int       `json:"attempt"`
	Message string    `json:"message"`
	Trace   string    `json:"trace"` // "" unless the program itself was at fault
}

// JobListing is what can be asked of the jobs.
var JobListing = Listing{
	Name: "jobs", Sort: "-id",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "Jobs are numbered as they are made."},
		{Name: "state", Kind: TextField, Values: jobStateNames(), Filter: true, About: "Where it stands."},
		{Name: "kind", Kind: TextField, Filter: true, About: "What it does: campaign.send, for example."},
		{Name: "queue", Kind: TextField, Filter: true, About: "Where it waits."},
		{Name: "attempt", Kind: IntegerField, Filter: true, About: "How often it was begun."},
	},
}

func jobStateNames() []string {
	names := make([]string, len(JobStates))
	for i, s := range JobStates {
		names[i] = string(s)
	}
	return names
}

// JobSelection is some jobs: those of the ids, or those of a filter of JobListing. One of the two must
// be said; an empty filter is no way to say all.
type JobSelection struct {
	IDs    []int64
	Filter Filter
}

// JobOutcome is what became of a selection.
type JobOutcome struct {
	Found   int  `json:"found"`   // jobs of the selection that were looked at
	Changed int  `json:"changed"` // of which so many are different now
	More    bool `json:"more"`    // the selection was longer than one call does: ask again
}

// MostJobsAtOnce is how many jobs one call changes.
const MostJobsAtOnce = 10_000

// JobDesk looks at the jobs, and does with them what a person decides. Jobs belong to no community:
// those who are limited to some get Forbidden from everything about single jobs.
type JobDesk interface {
	// ListJobs is one page of JobListing. Long lists among what a job was given are cut.
	ListJobs(ctx context.Context, q ListQuery) (Page[QueuedJob], error)
	// FindJob is one job, whole. Returns NotFound, also when it is done and gone.
	FindJob(ctx context.Context, id int64) (*QueuedJob, error)
	// RetryJobs lets jobs begin at once that failed, were cancelled or are for later. One whose like waits
	// already, or has run since, is left alone: the newer stands for both.
	RetryJobs(ctx context.Context, s JobSelection) (JobOutcome, error)
	// CancelJobs ends jobs that are not finished. One that runs is told to stop, and may finish first.
	CancelJobs(ctx context.Context, s JobSelection) (JobOutcome, error)
	// DeleteJobs forgets jobs that do not run.
	DeleteJobs(ctx context.Context, s JobSelection) (JobOutcome, error)
}
