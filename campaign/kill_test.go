package campaign_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/queue"
)

const (
	killConnections = 10
	killTimes       = 6
)

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
			n := node{Name: "killed", URL: url, SMTP: fmt.Sprintf("%s?connections=%d", sink.URL(), killConnections), Data: t.TempDir(), Mails: killMails}

			kills := 0
			for done := false; !done; {
				child := n.start(t)
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
				case err := <-child.exited:
					if err != nil {
						t.Fatalf("the child failed: %v\n%s", err, child.log.String())
					}
					done = true
				case <-time.After(patience):
					if kills >= killTimes {
						t.Fatalf("the last run does not come to an end\n%s", child.log.String())
					}
					must(t, child.Process.Kill())
					if err := <-child.exited; err == nil {
						done = true // it was faster than the kill, which therefore does not count
					} else {
						kills++
					}
				}
			}

			unknown, arrived := account(t, d, sink, killMails)
			if kills < 3 {
				t.Errorf("killed only %d times: too quick to prove anything", kills)
			}
			if len(unknown) > kills*killConnections {
				t.Errorf("%d unknown after %d kills with %d connections", len(unknown), kills, killConnections)
			}
			t.Logf("%d kills: %d unknown (%d of them did arrive), 0 lost, 0 twice", kills, len(unknown), arrived)
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
