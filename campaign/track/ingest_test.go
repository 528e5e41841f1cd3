package track_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/campaign/track"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
)

// Sixty-four people press the same button at once: each is a row, together they are one click.
func TestConcurrentClicks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m, busy := w.send("HOOK-001"), w.send("EDU-001")
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				hit := fibonacco.Hit{IP: ip(i), UserAgent: iphone, Method: "GET"}
				if _, err := w.svc.Click(t.Context(), m.token(render.LinkLearn), hit); err != nil {
					t.Error(err)
				}
				// Answered means durable: others see it now.
				if m.w.count(`SELECT COUNT(*) FROM email_events WHERE campaign_send_id = $1 AND user_agent = $2`, m.id, iphone) == 0 {
					t.Error("an answered click cannot be read")
				}
				if err := w.svc.Open(t.Context(), busy.token(0), hit); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		equal(t, "rows", m.rows("clicked", "human"), 64)
		equal(t, "clicked_at", m.state().Clicked != nil, true)
		equal(t, "email.opened", m.events("email.opened"), 1)
		equal(t, "email.clicked", m.events("email.clicked"), 1)
		equal(t, "rows of opens", busy.rows("opened", "human"), 64)
		equal(t, "email.opened of the other", busy.events("email.opened"), 1)
	})
}

// Two nodes share a database; a send's first open and click are still published once.
func TestTwoNodes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		q, err := queue.New(queue.Options{DB: d})
		must(t, err)
		second := track.New(d, q, w.signer, fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: publicURL}})
		second.Start()
		t.Cleanup(second.Close)
		var mails []mail
		for range 8 {
			mails = append(mails, w.send("HOOK-001"))
		}
		var wg sync.WaitGroup
		for i := range 64 {
			svc := []*track.Service{w.svc, second}[i%2]
			wg.Go(func() {
				for _, m := range mails {
					if _, err := svc.Click(t.Context(), m.token(render.LinkLearn), human); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for _, m := range mails {
			equal(t, "rows", m.rows("clicked"), 64)
			equal(t, "email.opened", m.events("email.opened"), 1)
			equal(t, "email.clicked", m.events("email.clicked"), 1)
		}
	})
}

// A row that the database refuses is answered with an error and takes nobody with it.
func TestPoisonedHit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		refuse := `ALTER TABLE email_events ADD CONSTRAINT poison CHECK (user_agent <> 'poison')`
		if d.Engine() == db.SQLite {
			refuse = `CREATE TRIGGER poison BEFORE INSERT ON email_events WHEN NEW.user_agent = 'poison' BEGIN SELECT RAISE(ABORT, 'poison'); END`
		}
		w.exec(refuse)
		m := w.send("HOOK-001")
		var wg sync.WaitGroup
		for i := range 48 {
			wg.Go(func() {
				hit, poisoned := human, i%12 == 5
				if poisoned {
					hit.UserAgent = "poison"
				}
				_, err := w.svc.Click(t.Context(), m.token(render.LinkLearn), hit)
				if (err != nil) != poisoned {
					t.Errorf("hit %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		equal(t, "rows", m.rows("clicked"), 44)
		equal(t, "email.clicked", m.events("email.clicked"), 1)
	})
}

func TestCallerLeavesEarly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		q, err := queue.New(queue.Options{DB: d})
		must(t, err)
		idle := track.New(d, q, w.signer, fibonacco.Config{})
		m := w.send("HOOK-001")
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := idle.Open(ctx, m.token(0), human); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Open = %v, want the end of its context", err)
		}
		idle.Start() // what was handed in is stored, though nobody waits for it
		for range 100 {
			if m.rows("opened") == 1 {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		equal(t, "rows", m.rows("opened"), 1)
		idle.Close()
	})
}

func TestClose(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m := w.send("HOOK-001")
		var wg sync.WaitGroup
		var mu sync.Mutex
		stored := 0
		for range 100 {
			wg.Go(func() {
				err := w.svc.Open(t.Context(), m.token(0), human)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					stored++
				case fibonacco.CodeOf(err) != fibonacco.Unavailable:
					t.Error(err)
				}
			})
		}
		w.svc.Close()
		wg.Wait()
		equal(t, "rows", m.rows("opened"), stored)
		if err := w.svc.Open(t.Context(), m.token(0), human); fibonacco.CodeOf(err) != fibonacco.Unavailable {
			t.Errorf("Open after Close = %v", err)
		}
		w.svc.Close() // twice is no harm

		q, err := queue.New(queue.Options{DB: d})
		must(t, err)
		track.New(d, q, w.signer, fibonacco.Config{}).Close() // nor is never having started
	})
}
