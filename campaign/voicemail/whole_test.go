package voicemail_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/voicemail"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/voicemail/dropcowboy"
	"github.com/fibonacco/fibonacco/voicemail/simulator"
	"github.com/fibonacco/fibonacco/voicemail/voicemailtest"
)

// The fake of these tests keeps the promises of the real ones.
func TestScriptedConforms(t *testing.T) {
	t.Parallel()
	voicemailtest.Conform(t, func(*testing.T) voicemailtest.Bundle {
		return voicemailtest.Bundle{Voicemailer: &scripted{repeatable: 24 * time.Hour}}
	})
}

// The whole way, with the queue at work: an unopened mail, a planned voicemail, its hour, the provider,
// its signed webhook, the delivery, a call back, and the opt-out of somebody else.
func TestTheWholeWay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
		q, err := queue.New(queue.Options{DB: d, Node: "whole", Logger: quiet, Supervisors: []queue.Supervisor{
			{Name: "rvm", Queues: []string{queue.RVM}, Balance: "none", MinProcesses: 2, MaxProcesses: 2, Tries: 3, Timeout: time.Minute},
			{Name: "default", Queues: []string{queue.Default}, Balance: "none", MinProcesses: 2, MaxProcesses: 2, Tries: 3, Timeout: time.Minute},
		}})
		must(t, err)
		var hook fibonacco.Webhook
		var svc *voicemail.Service
		sim := simulator.New(simulator.Options{
			Clock: clock, Delay: time.Minute, BaseURL: "https://media.example", WebhookURL: "https://media.example/webhooks/rvm", WebhookSecret: "secret", Logger: quiet,
			Deliver: func(ctx context.Context, r fibonacco.WebhookRequest) error { return hook.Receive(ctx, r) }, CallTo: "+17185550100",
		})
		defer func() { must(t, sim.Close()) }()
		provider, err := sim.Voicemailer()
		must(t, err)
		svc, err = voicemail.New(voicemail.Options{
			DB: d, Queue: q, Config: testConfig(), Signer: w.signer, Voicemailer: provider, Log: quiet,
			Consent: func(_ context.Context, _ *db.Tx, ids []int64) (map[int64]bool, error) {
				out := map[int64]bool{}
				for _, id := range ids {
					out[id] = true
				}
				return out, nil
			},
		})
		must(t, err)
		hook = dropcowboy.NewWebhook("secret", w.signer, svc, quiet)

		arrives, objects := w.smb("+15550010001"), w.smb("+15550010090")
		w.send(arrives, "HOOK-001", 25*time.Hour)
		w.send(objects, "HOOK-001", 25*time.Hour)
		svc.Schedule()
		must(t, q.Start(t.Context()))
		defer func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			must(t, q.Stop(ctx))
			must(t, q.Depart(ctx))
		}()
		eventually(t, "both are planned", func() bool { return w.count(`SELECT COUNT(*) FROM rvm_drops WHERE status = 'queued'`) == 2 })
		clock.Set(time.Date(2026, 3, 3, 15, 0, 30, 0, time.UTC))
		eventually(t, "one arrives", func() bool {
			return w.count(`SELECT COUNT(*) FROM rvm_drops WHERE smb_id = $1 AND status = 'delivered'`, arrives) == 1
		})
		eventually(t, "the other objects", func() bool {
			return w.count(`SELECT COUNT(*) FROM rvm_drops WHERE smb_id = $1 AND status = 'failed' AND delivery_status = 'do_not_call'`, objects) == 1
		})
		equal(t, "opted in", w.count(`SELECT COUNT(*) FROM smbs WHERE rvm_opted_in`), 1)
		sim.Flush() // callback and webhook both came
		equal(t, "told once", w.events("rvm_drop.delivered"), 1)
		equal(t, "handed over in its hours", get[int](w, `SELECT COUNT(*) FROM rvm_drops WHERE sent_at >= $1`, time.Date(2026, 3, 3, 15, 0, 0, 0, time.UTC)), 2)
	})
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 800 {
		if ok() {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("never happened: %s", what)
}
