package queue

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/riverqueue/river/rivertype"
)

// riverJob is a job as River's pages get it. What stands here is all they get: a field that another
// version of River adds is left out until somebody has looked at it.
type riverJob struct {
	ID          json.Number `json:"id"`
	Args        string      `json:"args"`
	Attempt     int         `json:"attempt"`
	AttemptedAt *time.Time  `json:"attempted_at"`
	AttemptedBy []string    `json:"attempted_by"`
	CreatedAt   time.Time   `json:"created_at"`
	FinalizedAt *time.Time  `json:"finalized_at"`
	Kind        string      `json:"kind"`
	MaxAttempts int         `json:"max_attempts"`
	Priority    int         `json:"priority"`
	Queue       string      `json:"queue"`
	ScheduledAt time.Time   `json:"scheduled_at"`
	State       string      `json:"state"`
	Tags        []string    `json:"tags"`
}

// wholeRiverJob is one that is looked at alone.
type wholeRiverJob struct {
	riverJob

	Errors   []rivertype.AttemptError `json:"errors"`
	Metadata json.RawMessage          `json:"metadata"`
}

// jobs is a list of jobs without personal data.
func (a riverAPI) jobs(r *http.Request) (any, error) {
	text, err := a.ask(r)
	if err != nil {
		return nil, err
	}
	var page struct {
		Data []*riverJob `json:"data"`
	}
	if err := json.Unmarshal(text, &page); err != nil {
		return nil, fmt.Errorf("read River's list of jobs: %w", err)
	}
	for _, j := range page.Data {
		if err := j.mask(shownInList); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// job is one job without personal data: what it was given, what it failed with, and what was noted
// about it (metadata: its output, its log).
func (a riverAPI) job(r *http.Request) (any, error) {
	text, err := a.ask(r)
	if err != nil {
		return nil, err
	}
	var j wholeRiverJob
	if err := json.Unmarshal(text, &j); err != nil {
		return nil, fmt.Errorf("read River's job: %w", err)
	}
	if err := j.mask(shownWhole); err != nil {
		return nil, err
	}
	for i := range j.Errors {
		j.Errors[i].Error, j.Errors[i].Trace = maskText(j.Errors[i].Error), maskText(j.Errors[i].Trace)
	}
	if j.Metadata, err = json.Marshal(maskArgs(string(j.Metadata), shownWhole)); err != nil {
		return nil, fmt.Errorf("show what was noted about job %s: %w", j.ID, err)
	}
	return j, nil
}

// mask hides what a job was given; most bounds the lists in it.
func (j *riverJob) mask(most int) error {
	args, err := json.Marshal(maskArgs(j.Args, most))
	if err != nil {
		return fmt.Errorf("show what job %s was given: %w", j.ID, err)
	}
	j.Args = string(args)
	for i := range j.Tags {
		j.Tags[i] = maskWord("tag", j.Tags[i])
	}
	return nil
}
