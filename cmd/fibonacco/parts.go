package main

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// parts looks at everything this node leans on, for /ready and doctor.
func (a *app) parts(ctx context.Context) []fibonacco.Part {
	parts := []fibonacco.Part{
		timed("database", true, func() (string, error) {
			if err := a.db.Ping(ctx); err != nil {
				return "", err
			}
			return string(a.db.Engine()), nil
		}),
		timed("schema", true, func() (string, error) {
			version := ""
			err := a.db.View(ctx, func(tx *db.Tx) error {
				return tx.QueryRow(ctx, `SELECT CAST(MAX(version_id) AS text) FROM goose_db_version WHERE is_applied`).Scan(&version)
			})
			return "at step " + version, err
		}),
		timed("queue", true, func() (string, error) {
			states, err := a.queue.Queues(ctx)
			if err != nil {
				return "", err
			}
			waiting, failed := 0, 0
			var wait time.Duration
			for _, s := range states {
				waiting, failed, wait = waiting+s.Waiting, failed+s.Failed, max(wait, s.Wait)
			}
			return fmt.Sprintf("%d jobs wait, the oldest for %s; %d failed", waiting, wait.Round(time.Millisecond), failed), nil
		}),
		a.cluster.Part(ctx),
	}
	if a.mailer != nil {
		parts = append(parts, timed("mailer", false, func() (string, error) { return a.mailer.Name(), a.mailer.Ready() }))
	}
	if a.voicemailer != nil {
		parts = append(parts, timed("voicemail", false, func() (string, error) {
			s, err := a.voicemail.VoicemailState(ctx)
			if err == nil && s.Paused {
				err = fibonacco.Errorf(fibonacco.Unavailable, "paused by %s: %s", s.By, s.Reason)
			}
			if err == nil {
				err = a.voicemailer.Ready()
			}
			return a.voicemailer.Name(), err
		}))
	}
	clock := fibonacco.Part{Name: "clock", OK: true, Detail: "real time"}
	if a.clock != nil {
		anchor := a.clock.Anchor()
		clock.Detail = fmt.Sprintf("virtual: %s, %g seconds a second", a.clock.Now().Format(time.RFC3339), anchor.Scale)
	}
	return append(parts, clock)
}

func timed(name string, fatal bool, check func() (string, error)) fibonacco.Part {
	began := fibonacco.RealTime()
	detail, err := check()
	p := fibonacco.Part{Name: name, OK: err == nil, Fatal: fatal, Detail: detail, Latency: fibonacco.RealTime().Sub(began)}
	if err != nil {
		p.Detail = err.Error()
	}
	return p
}
