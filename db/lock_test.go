package db_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// Lock lasts as long as its transaction; Await waits for it, and holds nothing afterwards.
func TestLock(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.Postgres, fibonacco.NewFakeClock(dbtest.Start))
	lock := func(tx *db.Tx) error { return tx.Lock(t.Context(), "town/1") }
	await := func(tx *db.Tx) error { return tx.Await(t.Context(), "town/1") }
	other := func(tx *db.Tx) error { return tx.Lock(t.Context(), "town/2") }
	cases := map[string]struct {
		first, second func(tx *db.Tx) error
		waits         bool
	}{
		"a lock waits for a lock":           {lock, lock, true},
		"await waits for a lock":            {lock, await, true},
		"a lock does not wait for an await": {await, lock, false},
		"other names are free":              {lock, other, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			stop := errors.New("roll back")
			err := d.Update(t.Context(), func(tx *db.Tx) error {
				if err := tc.first(tx); err != nil {
					return err
				}
				patience := 200 * time.Millisecond
				if !tc.waits {
					patience = 10 * time.Second
				}
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				done := make(chan error, 1)
				go func() { done <- d.Update(ctx, tc.second) }()
				select {
				case err := <-done:
					if err != nil || tc.waits {
						t.Errorf("the second went ahead: %v", err)
					}
				case <-ctx.Done():
					if !tc.waits {
						t.Error("the second waits")
					}
				}
				return stop
			})
			if !errors.Is(err, stop) {
				t.Fatal(err)
			}
			// It is free again once the first is over, however that ended.
			if err := d.Update(t.Context(), tc.second); err != nil {
				t.Error(err)
			}
		})
	}
}

// A transaction in which nothing happens any more is ended by PostgreSQL, after five minutes or as long
// as somebody has set.
func TestIdleTransactionsEnd(t *testing.T) {
	t.Parallel()
	address := dbtest.URL(t, db.Postgres)
	for query, want := range map[string]string{"": "5min", "idle_in_transaction_session_timeout=7000": "7s"} {
		u, err := url.Parse(address)
		must(t, err)
		if query != "" {
			u.RawQuery += "&" + query
		}
		d, err := db.Open(t.Context(), u.String(), fibonacco.SystemClock{}, 2)
		must(t, err)
		var got string
		must(t, d.View(t.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT current_setting('idle_in_transaction_session_timeout')`).Scan(&got)
		}))
		if got != want {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
		must(t, d.Close())
	}
}
