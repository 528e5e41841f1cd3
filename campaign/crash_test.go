//go:build !race

// What these tests watch happens between processes, where the race detector sees nothing.

package campaign_test

import (
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/mail/mailtest"
)

const (
	crashTowns  = 3
	crashEach   = 110 // three towns' claims are more than the lane holds
	crashMails  = crashTowns * crashEach
	connections = 10
)

const crashSpeed = 60

// Where a sending process is killed: from planning to the last record, in the order of a mail's life.
var crashes = []struct {
	at    string
	nth   int    // 0 is the first time
	then  string // where the next process dies too, which has the first one's mess to clear up
	plain bool   // the server takes one command at a time
	early bool   // before anything can have left: nothing may be unknown
}{
	{at: "plan: before its job is stored", nth: 2, early: true},
	{at: "plan: steps written, not committed", nth: 2},
	{at: "plan: committed", nth: 2},
	{at: "release: before", early: true},
	{at: "release: at any moment of it"},
	{at: "claim: looked at, not marked", early: true},
	{at: "claim: committed, mails being written", early: true},
	{at: "claim: committed, the lane is full", early: true},
	{at: "hand-over: before MAIL", nth: 50, plain: true},
	{at: "hand-over: in the middle of DATA", nth: 50},
	{at: "hand-over: after the dot", nth: 50},
	{at: "hand-over: answered, not noted", nth: 50},
	{at: "record: before anything is written", nth: 2},
	{at: "record: written, not committed"},
	{at: "record: committed", nth: 2},
	{at: "hand-over: after the dot", nth: 80, then: "settle: before the dead run's mails are"},
}

// A sending process is killed at each point of a mail's life and started again: nothing is lost,
// nothing arrives twice, and only what was on a connection is unknown, listed, and settled.
func TestCrashMatrix(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			for _, tc := range crashes {
				t.Run(tc.at+then(tc.then), func(t *testing.T) {
					t.Parallel()
					url := dbtest.URL(t, engine)
					anchor := fibonacco.ClockAnchor{Real: fibonacco.RealTime(), Virtual: crashStart, Scale: crashSpeed}
					d, err := db.Open(t.Context(), url, fibonacco.NewScaledClock(anchor), 4)
					must(t, err)
					defer func() { must(t, d.Close()) }()
					b := activeTowns(t, d, crashTowns, crashEach)
					sink := mailtest.NewSink(t, mailtest.SinkOptions{Keep: mailtest.KeepEnvelope, NoPipelining: tc.plain})
					n := node{Name: "one", URL: url, SMTP: sink.URL() + "?connections=10", Data: t.TempDir(), Clock: &anchor, Mails: crashMails}

					deaths := 0
					for _, at := range []string{tc.at, tc.then} {
						if at == "" {
							continue
						}
						mortal := n
						mortal.Die, mortal.Nth = at, tc.nth
						if deaths > 0 {
							mortal.Nth = 0
						}
						if !mortal.start(t).end(t) {
							t.Fatalf("the process never came to %q", at)
						}
						deaths++
					}
					if n.start(t).end(t) {
						t.Fatal("somebody else killed the process")
					}

					unknown, arrived := account(t, d, sink, crashMails)
					most := connections
					if tc.early {
						most = 0
					}
					if len(unknown) > most {
						t.Errorf("%d mails are unknown, of %d connections", len(unknown), most)
					}
					equal(t, "planned, as counted", b.n(`SELECT SUM(planned) FROM plan_runs`), crashMails)
					equal(t, "planned, as events", b.n(`SELECT COUNT(*) FROM analytics_events WHERE event_type = 'campaign_send.queued'`), crashMails)
					equal(t, "sent, as events", b.n(`SELECT COUNT(*) FROM analytics_events WHERE event_type = 'campaign_send.completed'`), crashMails-len(unknown))
					equal(t, "in nobody's hands", b.n(`SELECT COUNT(*) FROM campaign_sends WHERE claimed_by IS NOT NULL`), 0)
					settleUnknown(t, b, unknown)
					t.Logf("%d unknown, %d of them arrived", len(unknown), arrived)
				})
			}
		})
	}
}

func then(point string) string {
	if point == "" {
		return ""
	}
	return ", then " + point
}

// activeTowns is a database with businesses that are in their first programme day and not planned.
func activeTowns(t *testing.T, d *db.DB, towns, each int) *bundle {
	t.Helper()
	b := setup(t, d, nil)
	for range towns {
		b.smbs(b.community("America/New_York"), each)
	}
	b.exec(`UPDATE smbs SET campaign_status = 'active', manifest_destiny_day = 1, manifest_destiny_start_date = '2026-03-02'`)
	return b
}

// A provider's messages are taken while the process dies: what was answered is stored, and when the
// provider repeats all of them, each has counted once.
func TestCrashDuringReports(t *testing.T) {
	const mails = 240
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			for _, at := range []string{"reports: being written", "reports: committed, not answered"} {
				t.Run(at, func(t *testing.T) {
					t.Parallel()
					url := dbtest.URL(t, engine)
					d, err := db.Open(t.Context(), url, fibonacco.NewFakeClock(crashStart), 4)
					must(t, err)
					defer func() { must(t, d.Close()) }()
					b := activeTowns(t, d, 1, mails)
					_, err = b.svc.PlanCommunity(t.Context(), 1, "2026-03-02")
					must(t, err)
					b.exec(`UPDATE campaign_sends SET status = 'sent', sent_at = $1`, crashStart)
					equal(t, "the ids that are reported", b.n(`SELECT MAX(id) - MIN(id) + 1 FROM campaign_sends`), mails)
					b.exec(`UPDATE campaign_sends SET status = 'unknown', sent_at = NULL WHERE id % 2 = 0`)

					n := node{Name: "one", URL: url, Clock: &fibonacco.ClockAnchor{Real: crashStart, Virtual: crashStart}, Task: "reports", Mails: mails, Die: at, Nth: 4}
					dying := n.start(t)
					if !dying.end(t) {
						t.Fatal("the process never came there")
					}
					answered := strings.Fields(dying.out.String())
					for _, id := range answered {
						if b.n(`SELECT COUNT(*) FROM provider_messages WHERE id = $1`, id) != 1 {
							t.Errorf("%s was answered and is not stored", id)
						}
					}
					if len(answered) == 0 || len(answered) == mails {
						t.Errorf("killed after %d answers: proves nothing", len(answered))
					}
					equal(t, "messages without their events", b.n(`SELECT COUNT(*) FROM provider_messages`)-b.n(`SELECT COUNT(*) FROM email_events WHERE event_type IN ('delivered', 'bounced', 'complained')`), 0)

					n.Die = ""
					n.start(t).end(t)
					equal(t, "delivered", b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status = 'sent' AND delivered_at IS NOT NULL`), mails/3)
					equal(t, "bounced", b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status = 'bounced' AND bounced_at IS NOT NULL`), mails/3)
					equal(t, "complained", b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status = 'complained' AND complained_at IS NOT NULL`), mails/3)
					equal(t, "events of mails", b.n(`SELECT COUNT(*) FROM email_events WHERE event_type IN ('delivered', 'bounced', 'complained')`), mails)
					for _, kind := range []string{"email.delivered", "email.bounced", "email.complained"} {
						equal(t, kind, b.n(`SELECT COUNT(*) FROM analytics_events WHERE event_type = $1`, kind), mails/3)
					}
				})
			}
		})
	}
}
