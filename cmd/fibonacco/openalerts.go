package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/outgoing"
	"github.com/fibonacco/fibonacco/config"
	"github.com/fibonacco/fibonacco/db"
)

// waitAlerts is how long jobs of each queue may wait before people are told.
func waitAlerts(supervisors []config.Supervisor) map[string]time.Duration {
	waits := map[string]time.Duration{}
	for _, s := range supervisors {
		for _, queue := range s.Queues {
			waits[queue] = s.WaitAlert
		}
	}
	return waits
}

// openAlerts lets people and programs be told of jobs that wait long.
func (a *app) openAlerts() {
	to := a.cfg.Alerts
	if len(to.Mail) > 0 {
		a.queue.OnLongWait(a.mailLongWait)
	}
	if to.WebhookURL != "" {
		a.queue.PostLongWaits(postLongWait(outgoing.New(to.WebhookURL, to.WebhookSecret)))
	}
}

// alertKey is the same when one alert is told again.
func alertKey(w fibonacco.LongWait) string {
	return fmt.Sprintf("queue.waits_long %s %s", w.Queue, w.At.Format(time.RFC3339))
}

// mailLongWait posts a notice to everybody who is to know, in the transaction that notes the alert.
func (a *app) mailLongWait(ctx context.Context, tx *db.Tx, w fibonacco.LongWait) error {
	for _, to := range a.cfg.Alerts.Mail {
		if err := a.notices.Post(ctx, tx, fibonacco.Notice{
			Key: alertKey(w) + " " + to, Purpose: "queue.waits_long", To: to,
			Subject: fmt.Sprintf("Jobs wait long in the queue %s", w.Queue),
			Paragraphs: []string{fmt.Sprintf("In the queue %s, the oldest of %d waiting jobs has waited for %s. You asked to be told after %s.",
				w.Queue, w.Waiting, w.Wait.Round(time.Second), w.Threshold)},
			Facts:  [][2]string{{"Queue", w.Queue}, {"Waiting", fmt.Sprint(w.Waiting)}, {"Seen at", w.At.Format("2006-01-02 15:04:05 MST")}},
			Button: "Look at the queue", ButtonURL: a.cfg.HTTP.PublicURL + "/queues/" + w.Queue,
			After:  []string{"The page says how many workers the queue has and why, and which jobs failed. You are told of one queue once an hour at most."},
			Footer: "You get this because your address is among alerts.mail in the settings.",
		}); err != nil {
			return fmt.Errorf("mail an alert: %w", err)
		}
	}
	return nil
}

// longWaitBody is what is posted.
type longWaitBody struct {
	Event            string    `json:"event"`
	Queue            string    `json:"queue"`
	Waiting          int       `json:"waiting"`
	WaitSeconds      float64   `json:"wait_seconds"`
	ThresholdSeconds float64   `json:"threshold_seconds"`
	At               time.Time `json:"at"`
}

// postLongWait tells the operator's own program of an alert, once: the queue tries again.
func postLongWait(hook *outgoing.Hook) func(context.Context, fibonacco.LongWait) error {
	return func(ctx context.Context, w fibonacco.LongWait) error {
		body, err := json.Marshal(longWaitBody{"queue.waits_long", w.Queue, w.Waiting, w.Wait.Seconds(), w.Threshold.Seconds(), w.At})
		if err != nil {
			return fmt.Errorf("write an alert: %w", err)
		}
		return hook.Post(ctx, alertKey(w), body)
	}
}
