package campaign_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/mail/smtp"
	"github.com/fibonacco/fibonacco/queue"
)

const (
	killConnections = 10
	killTimes       = 6
)

func TestMain(m *testing.M) {
	if args := os.Getenv("FIBONACCO_KILL_CHILD"); args != "" {
		if err := killChild(strings.Split(args, "\n")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// killChild is the process that gets killed: a whole sending node, until nothing is left to do.
func killChild(args []string) error {
	ctx := context.Background()
	d, err := db.Open(ctx, args[0], fibonacco.SystemClock{}, 20)
	if err != nil {
		return err
	}
	supervisors := []queue.Supervisor{{
		Name: "email", Queues: []string{queue.EmailHigh, queue.Emails}, Balance: "auto",
		MinProcesses: 5, MaxProcesses: 20, Tries: 3, Timeout: 5 * time.Minute,
	}, {Name: "default", Queues: []string{queue.Default}, Balance: "none", MinProcesses: 2, MaxProcesses: 2, Tries: 3, Timeout: time.Minute}}
	q, err := queue.New(queue.Options{DB: d, Supervisors: supervisors, Node: "killed"})
	if err != nil {
		return err
	}
	mailer, err := smtp.New(smtp.Options{URL: args[1]})
	if err != nil {
		return err
	}
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	if err != nil {
		return err
	}
	svc, err := campaign.New(campaign.Options{DB: d, Queue: q, Config: testConfig(args[2]), Signer: signer, Mailer: mailer, FilterSQL: filterSQL})
	if err != nil {
		return err
	}
	svc.Schedule()
	svc.Start(ctx)
	if err := q.Start(ctx); err != nil {
		return err
	}
	for {
		time.Sleep(50 * time.Millisecond)
		var open int
		if err := d.View(ctx, func(tx *db.Tx) error {
			var err error
			open, err = db.Count(ctx, tx, `SELECT COUNT(*) FROM campaign_sends WHERE status IN ('queued', 'sending')`)
			return err
		}); err != nil {
			return err
		}
		if open == 0 {
			break
		}
	}
	if err := q.Stop(ctx); err != nil {
		return err
	}
	if err := svc.Stop(); err != nil {
		return err
	}
	return q.Depart(ctx)
}

// A sending process is killed at random moments and started again, until 20,000 mails are
// through. None is lost, none arrives twice, and only what was in the air at a kill is unknown.
func TestKilledInTheMiddle(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			url := dbtest.URL(t, engine)
			d, err := db.Open(t.Context(), url, fibonacco.SystemClock{}, 4)
			must(t, err)
			defer func() { must(t, d.Close()) }()
			b := &bundle{t: t, db: d}
			fillSends(t, b)
			sink := mailtest.NewSink(t, mailtest.SinkOptions{Keep: mailtest.KeepEnvelope})
			data := t.TempDir()

			kills := 0
			for done := false; !done; {
				child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
				child.Env = append(os.Environ(), "FIBONACCO_KILL_CHILD="+strings.Join([]string{url, fmt.Sprintf("%s?connections=%d", sink.URL(), killConnections), data}, "\n"))
				var out strings.Builder
				child.Stderr = &out
				must(t, child.Start())
				exited := make(chan error, 1)
				go func() { exited <- child.Wait() }()
				patience := 5 * time.Minute
				if kills < killTimes {
					// Not before it has sent something in this life, so that each kill hits the middle.
					before := sink.Count()
					for range 400 {
						if sink.Count() > before {
							break
						}
						time.Sleep(5 * time.Millisecond)
					}
					patience = time.Duration(rand.IntN(250)) * time.Millisecond
				}
				select {
				case err := <-exited:
					if err != nil {
						t.Fatalf("the child failed: %v\n%s", err, out.String())
					}
					done = true
				case <-time.After(patience):
					if kills >= killTimes {
						t.Fatalf("the last run does not come to an end\n%s", out.String())
					}
					must(t, child.Process.Kill())
					if err := <-exited; err == nil {
						done = true // it was faster than the kill, which therefore does not count
					} else {
						kills++
					}
				}
			}

			arrived := map[string]int{}
			for _, r := range sink.Received() {
				arrived[r.MessageID]++
			}
			var sent, unknown, unknownArrived int
			must(t, d.View(t.Context(), func(tx *db.Tx) error {
				rows, err := tx.Query(t.Context(), `SELECT CAST(uuid AS text), status FROM campaign_sends`)
				if err != nil {
					return err
				}
				defer func() { _ = rows.Close() }()
				for rows.Next() {
					var id, status string
					if err := rows.Scan(&id, &status); err != nil {
						return err
					}
					n := arrived[id+"@local.example"]
					switch {
					case n > 1:
						t.Errorf("mail %s (%s) arrived %d times", id, status, n)
					case status == "sent" && n == 1:
						sent++
					case status == "unknown":
						unknown++
						unknownArrived += n
					default:
						t.Errorf("mail %s is %s and arrived %d times", id, status, n)
					}
				}
				return rows.Err()
			}))
			equal(t, "mails accounted for", sent+unknown, killMails)
			if kills < 3 {
				t.Errorf("killed only %d times: too quick to prove anything", kills)
			}
			if unknown > kills*killConnections {
				t.Errorf("%d unknown after %d kills with %d connections", unknown, kills, killConnections)
			}
			t.Logf("%d kills: %d sent, %d unknown (%d of them did arrive), 0 lost, 0 twice", kills, sent, unknown, unknownArrived)
		})
	}
}

// fillSends plans killMails mails that are due.
func fillSends(t *testing.T, b *bundle) {
	t.Helper()
	q, err := queue.New(queue.Options{DB: b.db, Node: "planner"})
	must(t, err)
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	must(t, err)
	svc, err := campaign.New(campaign.Options{DB: b.db, Queue: q, Config: testConfig(""), Signer: signer, FilterSQL: filterSQL})
	must(t, err)
	_, err = svc.StoreLibrary(t.Context(), ninetyDays(), nil)
	must(t, err)
	town := b.community("America/New_York")
	b.smbs(town, killMails)
	res, err := svc.StartProgramme(t.Context(), fibonacco.SMBFilter{})
	must(t, err)
	equal(t, "planned", res.Planned, killMails)
	b.exec(`UPDATE send_batches SET scheduled_for = $1`, time.Now().Add(-time.Hour))
}
