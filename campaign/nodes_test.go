//go:build !race

// What these tests watch happens between processes, where the race detector sees nothing.

package campaign_test

import (
	neturl "net/url"
	"os"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/mail/mailtest"
)

// nodes are three processes on one PostgreSQL, not started yet, with a sink to send to.
func nodes(t *testing.T, towns, each int) (all []node, b *bundle, sink *mailtest.Sink) {
	t.Helper()
	url := dbtest.URL(t, db.Postgres)
	anchor := fibonacco.ClockAnchor{Real: fibonacco.RealTime(), Virtual: crashStart, Scale: crashSpeed}
	d, err := db.Open(t.Context(), url, fibonacco.NewScaledClock(anchor), 4)
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	b = activeTowns(t, d, towns, each)
	sink = mailtest.NewSink(t, mailtest.SinkOptions{Keep: mailtest.KeepEnvelope})
	for _, name := range []string{"one", "two", "three"} {
		own, err := neturl.Parse(url)
		must(t, err)
		q := own.Query()
		q.Set("application_name", name)
		own.RawQuery = q.Encode()
		all = append(all, node{Name: name, URL: own.String(), SMTP: sink.URL() + "?connections=10", Data: t.TempDir(), Clock: &anchor, Mails: towns * each})
	}
	return all, b, sink
}

// runOnce fails the test unless all that should happen once did: each planning, each mail, and each
// moment of each periodic task.
func runOnce(t *testing.T, b *bundle, towns, mails, cut int) { // cut is how many plans may lack their end
	t.Helper()
	// A plan whose node was held up between its last mail and its end is begun again after ten minutes.
	if n := b.n(`SELECT COUNT(*) FROM plan_runs WHERE finished_at IS NOT NULL`); n > towns || n < towns-cut {
		t.Errorf("plans = %d, want %d", n, towns)
	}
	equal(t, "planned, as counted", b.n(`SELECT SUM(planned) FROM plan_runs`), mails)
	equal(t, "planned, as events", b.n(`SELECT COUNT(*) FROM analytics_events WHERE event_type = 'campaign_send.queued'`), mails)
	equal(t, "plans begun", b.n(`SELECT COUNT(*) FROM river_job WHERE kind = 'campaign.plan_community'`), towns)
	equal(t, "moments of a task that came twice", b.n(`
		SELECT COUNT(*) FROM (SELECT kind FROM river_job WHERE kind LIKE 'every.%' GROUP BY kind, args->>'due' HAVING COUNT(*) > 1) AS twice`), 0)
	for _, task := range []string{"campaign.plan", "campaign.release", "campaign.sweep"} {
		if b.n(`SELECT COUNT(*) FROM river_job WHERE kind = $1`, "every."+task) == 0 {
			t.Errorf("%s never ran", task)
		}
	}
	equal(t, "left to be released", b.n(`SELECT COUNT(*) FROM send_batches`), 0)
}

// Three nodes plan, release and send a day together: everything happens once.
func TestThreeNodes(t *testing.T) {
	t.Parallel()
	const towns, each = 12, 60
	all, b, sink := nodes(t, towns, each)
	var lives []*life
	for _, n := range all {
		lives = append(lives, n.start(t))
	}
	for _, l := range lives {
		if l.end(t) {
			t.Error("somebody killed a node")
		}
	}
	unknown, _ := account(t, b.db, sink, towns*each)
	equal(t, "unknown", len(unknown), 0)
	runOnce(t, b, towns, towns*each, 0)
	equal(t, "nodes that have not said good-bye", b.n(`SELECT COUNT(*) FROM nodes`), 0)
	t.Logf("%d nodes have sent", b.n(`SELECT COUNT(DISTINCT split_part(attempted_by[1], '/', 1)) FROM river_job WHERE kind = 'campaign.send'`))
}

// A node dies in the middle of its chunks. The others take over as soon as it has been silent for
// its lease, which the test makes pass: with its flight log only what was on a connection is unknown,
// without it all that it had claimed; nothing goes twice.
func TestNodesTakeOver(t *testing.T) {
	t.Parallel()
	const towns, each = 6, 110
	for name, tc := range map[string]struct {
		shared bool
		most   int
	}{
		"on one machine":           {shared: true, most: connections},
		"on machines of their own": {shared: false, most: 20 * each}, // workers, each with a town's chunk
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, b, sink := nodes(t, towns, each)
			if tc.shared {
				for i := range all {
					all[i].Data = all[0].Data
				}
			}
			all[0].Die, all[0].Nth = "hand-over: after the dot", 40
			if !all[0].start(t).end(t) { // alone, so that it is sure to get something
				t.Fatal("the first node did not die")
			}
			// What it told the server last may still be done.
			eventually(t, "the server has noticed", func() bool {
				return b.n(`SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'one' AND datname = current_database()`) == 0
			})
			inHand := b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status = 'sending'`)
			if inHand == 0 {
				t.Fatal("it died with nothing in hand")
			}
			others := []*life{all[1].start(t), all[2].start(t)}
			eventually(t, "the others are there", func() bool { return b.n(`SELECT COUNT(*) FROM nodes`) == 3 })
			equal(t, "in the dead node's hands, while its lease lasts", b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status = 'sending' AND claimed_by LIKE 'one/%'`), inHand)
			b.exec(`UPDATE nodes SET seen_at = $1 WHERE id LIKE 'one/%'`, fibonacco.RealTime().Add(-31*time.Second))
			for _, l := range others {
				if l.end(t) {
					t.Error("somebody killed a node")
				}
			}
			unknown, arrived := account(t, b.db, sink, towns*each)
			if len(unknown) > min(tc.most, inHand) || !tc.shared && len(unknown) != inHand {
				t.Errorf("%d are unknown of %d that the dead node had in hand", len(unknown), inHand)
			}
			runOnce(t, b, towns, towns*each, 0)
			settleUnknown(t, b, unknown)
			t.Logf("%d in hand at its death, %d unknown, %d of them arrived", inHand, len(unknown), arrived)
		})
	}
}

// Three nodes keep to one rate together, by way of Redis; and when it goes away while they send, to
// their shares of it.
func TestNodesShareTheRate(t *testing.T) {
	t.Parallel()
	const rate, towns, each = 150, 4, 100
	servers := map[string]func(t *testing.T) (url string, away func()){
		"redis": func(t *testing.T) (string, func()) {
			url := os.Getenv("FIBONACCO_TEST_REDIS")
			if url == "" {
				if os.Getenv("CI") == "true" {
					t.Fatal("FIBONACCO_TEST_REDIS is not set: run the tests with `make test`")
				}
				t.Skip("FIBONACCO_TEST_REDIS is not set: `make test` runs this on a real Redis too")
			}
			return url, nil
		},
		"redis goes away": func(t *testing.T) (string, func()) {
			s := miniredis.RunT(t)
			return "redis://" + s.Addr(), s.Close
		},
	}
	for name, server := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, away := server(t)
			all, b, sink := nodes(t, towns, each)
			var lives []*life
			for _, n := range all {
				n.Redis, n.PerSecond = url, rate
				lives = append(lives, n.start(t))
			}
			// What was granted until a moment is at most the rate since the first mail and one second's
			// worth beside; each node's own bucket, once Redis is away, begins with its share of that.
			most := func(since time.Duration) int {
				spare := rate + 3*connections
				if away != nil {
					spare += rate + 3
				}
				return int(since.Seconds()*rate) + spare
			}
			var began time.Time
			gone := false
			for looked := fibonacco.RealTime(); sink.Count() < towns*each; {
				now := fibonacco.RealTime()
				n := int(sink.Count())
				if n == 0 {
					looked = now
				} else if began.IsZero() {
					began = looked
				}
				if now = fibonacco.RealTime(); !began.IsZero() && n > most(now.Sub(began)) {
					t.Fatalf("%d mails in %v, at %d a second", n, now.Sub(began), rate)
				}
				if !gone && away != nil && n > rate*3/2 {
					away()
					gone = true
				}
				time.Sleep(2 * time.Millisecond)
				if now.Sub(all[0].Clock.Real) > time.Minute {
					t.Fatalf("only %d mails in a minute", n)
				}
			}
			for _, l := range lives {
				if l.end(t) {
					t.Error("somebody killed a node")
				}
			}
			unknown, _ := account(t, b.db, sink, towns*each)
			equal(t, "unknown", len(unknown), 0)
			t.Logf("%d mails in %v", towns*each, fibonacco.RealTime().Sub(began).Round(time.Millisecond))
		})
	}
}
