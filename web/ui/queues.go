package ui

import (
	"fmt"
	"net/http"
	"time"

	"github.com/fibonacco/fibonacco"
)

type queuesData struct {
	All                                            []fibonacco.QueueState
	Waiting, Running, Retryable, Failed, Scheduled int
	Workers                                        int
	Longest                                        time.Duration
	LongestIn                                      string
}

func (u *ui) queues(w http.ResponseWriter, r *http.Request) error {
	all, err := u.Queues.Queues(r.Context())
	if err != nil {
		return fmt.Errorf("read the queues: %w", err)
	}
	d := queuesData{All: all}
	for _, q := range all {
		d.Waiting += q.Waiting
		d.Running += q.Running
		d.Retryable += q.Retryable
		d.Failed += q.Failed
		d.Scheduled += q.Scheduled
		d.Workers += q.Workers
		if q.Wait > d.Longest {
			d.Longest, d.LongestIn = q.Wait, q.Name
		}
	}
	u.show(w, r, http.StatusOK, queuesPage(u.frame(r, "Queues", "/queues"), d))
	return nil
}

// stateBadge says what a queue is doing.
func stateBadge(q fibonacco.QueueState) badge {
	switch {
	case q.Paused:
		return badge{"honey", "Paused"}
	case q.Wait >= longWait:
		return badge{"honey", "Waiting long"}
	case q.Running > 0:
		return badge{"leaf", "Running"}
	case q.Waiting > 0:
		return badge{"ink", "Waiting"}
	}
	return badge{"", "Idle"}
}
