package imports_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// spread is a list of n rows in which one of seven is about a business that stands up to 30 rows
// before, with more or less known. With complete, every row says everything.
func spread(from, n int, complete bool) string {
	var b strings.Builder
	b.WriteString("Business Name,Category,Email,Phone,Address,City,State,ZIP\n")
	for i := from; i < from+n; i++ {
		k := i
		if i%7 == 3 {
			k = max(i-1-i*13%30, 0)
		}
		if k%7 == 3 {
			k-- // that row is about another
		}
		cells := []string{
			fmt.Sprintf("SHOP %d LLC", k), fmt.Sprintf("Trade %d", k%5), fmt.Sprintf("owner@shop-%d.example", k),
			fmt.Sprintf("718-%03d-%04d", 200+k/10000, k%10000), fmt.Sprintf("%d COURT ST", k), "BROOKLYN", "NY", fmt.Sprintf("112%02d", k%7),
		}
		for c := 1; c < len(cells) && !complete; c++ {
			if (i*31+c*17)%4 == 0 {
				cells[c] = ""
			}
		}
		b.WriteString(strings.Join(cells, ",") + "\n")
	}
	return b.String()
}

// Two batches are under way at once where the database has room for two writers, and not more.
func TestTwoBatchesAtOnce(t *testing.T) {
	each(t, func(h *house) {
		want := int64(1)
		if h.db.Engine() == db.Postgres {
			want = 2
		}
		h.imports.SetBatchRows(10)
		var now, most atomic.Int64
		h.imports.WhileCommitting(func() {
			defer now.Add(-1)
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			for range 500 { // a meeting place
				if most.Load() >= 2 || want == 1 {
					time.Sleep(5 * time.Millisecond) // room for a third
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
		var b strings.Builder
		b.WriteString("Name,Email\n")
		for i := range 100 {
			fmt.Fprintf(&b, "Shop %d,owner@shop-%d.example\n", i, i)
		}
		h.want(h.run(b.String()), "100=100+0+0+0")
		if most.Load() != want {
			t.Errorf("%d batches at once on %s, want %d", most.Load(), h.db.Engine(), want)
		}
		// The ids follow the file all the same.
		var names []string
		for i := range 100 {
			names = append(names, fmt.Sprintf("Shop %d", i))
		}
		if got := h.names(); got != strings.Join(names, ", ") {
			t.Errorf("stored in the order %s", got)
		}
	})
}

// Small batches, two at once and at any speed, leave what one large batch leaves, also when
// neighbours are about the same businesses.
func TestNeighboursThatMeet(t *testing.T) {
	for _, m := range []string{"fill", "overwrite", "skip"} {
		t.Run(m, func(t *testing.T) {
			each(t, func(h *house) {
				for name, file := range map[string]string{"close": licences(180), "spread": spread(0, 160, false)} {
					h.community = h.addCommunity(name)
					clean := h.run(file, mode(m))
					want := h.stored()
					for _, rows := range []int{1, 3, 20} {
						h.community = h.addCommunity(fmt.Sprintf("%s-%d", name, rows))
						h.imports.SetBatchRows(rows)
						h.imports.WhileCommitting(func() { time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond) })
						h.want(h.run(file, mode(m)), counts(clean))
						if got := h.stored(); got != want {
							h.t.Errorf("%s in batches of %d: stored\n%s\nwant\n%s", name, rows, got, want)
						}
					}
					h.imports.SetBatchRows(5000)
				}
			})
		})
	}
}

// Several runs into one community, each with two batches under way, find what the others store:
// whoever comes first creates a business, and nobody else does. Each run is a batch behind the one
// before, so that the same rows meet while one holds either of the two locks.
func TestRunsTakeTurns(t *testing.T) {
	each(t, func(h *house) {
		const batch, runs, common = 10, 4, 400
		h.imports.SetBatchRows(batch)
		h.imports.WhileCommitting(func() { time.Sleep(time.Duration(rand.IntN(4000)) * time.Microsecond) })
		header, rows, _ := strings.Cut(spread(0, common, true), "\n")
		var wg sync.WaitGroup
		var created, total atomic.Int64
		for i := range runs {
			own := ""
			for k := range i * batch {
				own += fmt.Sprintf("ONLY %d OF %d,,only-%d@of-%d.example,,,,,\n", k, i, k, i)
			}
			wg.Go(func() {
				r, err := h.imports.Run(h.t.Context(), h.request(), strings.NewReader(header+"\n"+own+rows), 0, nil)
				if err != nil {
					h.t.Error(err)
				}
				created.Add(int64(r.Created))
				total.Add(int64(r.Total))
			})
		}
		wg.Wait()
		want := int64(batch * runs * (runs - 1) / 2)
		if total.Load() != common*runs+want {
			h.t.Errorf("%d rows were counted, want %d", total.Load(), common*runs+want)
		}
		got := int64(strings.Count(h.stored(), "\n") + 1)
		h.community = h.addCommunity("once")
		want += int64(h.run(header + "\n" + rows).Created)
		if got != want || created.Load() != want {
			h.t.Errorf("%d stored, %d created, want %d", got, created.Load(), want)
		}
	})
}

// A deadlock undoes a batch of which the next one has seen what it would store: both are written
// again, and count once.
func TestDeadlockUndoesBoth(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.Postgres, fibonacco.NewFakeClock(dbtest.Start))
	h := newHouse(t, d, nil)
	h.run("Name,Email\nA,a@shop.example\nB,b@shop.example\n")
	h.imports.SetBatchRows(2)
	var calls atomic.Int64
	h.imports.WhileCommitting(func() { calls.Add(1) })

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	held := make(chan struct{})
	other := make(chan error, 1)
	go func() {
		other <- d.Update(ctx, func(tx *db.Tx) error {
			if _, err := tx.Exec(ctx, `SELECT set_config('deadlock_timeout', '20s', true)`); err != nil { // the import is the victim
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE smbs SET updated_at = $1 WHERE business_name = 'B'`, tx.Now); err != nil {
				return err
			}
			close(held)
			for {
				n, err := db.Count(ctx, tx, `
					SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'
					AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`)
				if err != nil {
					return err
				}
				if n > 0 {
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			_, err := tx.Exec(ctx, `UPDATE smbs SET updated_at = $1 WHERE business_name = 'A'`, tx.Now)
			return err
		})
	}()
	<-held
	h.want(h.run("Name,Email,City\nA,a@shop.example,Rome\nB,b@shop.example,Rome\nC,,Rome\nD,,Rome\nE,,Rome\n"), "5=3+2+0+0")
	must(t, <-other)
	if got := h.column("city"); got != "Rome, Rome, Rome, Rome, Rome" {
		t.Errorf("cities %s", got)
	}
	if n := calls.Load(); n < 5 { // three batches, two of them twice
		t.Errorf("%d batches were written: there was no deadlock", n)
	}
	if n := h.events("smb.created"); n != 5 {
		t.Errorf("%d events of 5 businesses", n)
	}
}
