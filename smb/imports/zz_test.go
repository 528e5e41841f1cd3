package imports_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestCPU(t *testing.T) {
	n := 300_000
	for _, e := range []db.Engine{db.SQLite, db.Postgres} {
		h := newHouse(t, dbtest.Open(t, e, fibonacco.NewFakeClock(dbtest.Start)), nil)
		var a, b syscall.Rusage
		syscall.Getrusage(0, &a)
		w := time.Now()
		h.bulk(n, "fill", false)
		wall := time.Since(w)
		syscall.Getrusage(0, &b)
		pg := 0
		if e == db.Postgres {
			must(t, h.db.View(t.Context(), func(tx *db.Tx) error {
				pids, err := db.Select[int64](t.Context(), tx, `SELECT CAST(pid AS bigint) FROM pg_stat_activity WHERE datname = current_database()`)
				for _, p := range pids {
					s, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p))
					f := strings.Fields(string(s[strings.LastIndexByte(string(s), ')'):]))
					var u, k int
					fmt.Sscan(f[12], &u)
					fmt.Sscan(f[13], &k)
					u2 := 0
					fmt.Sscan(f[11], &u2)
					pg += u2 + u
					_ = k
				}
				return err
			}))
		}
		cpu := time.Duration(b.Utime.Nano() + b.Stime.Nano() - a.Utime.Nano() - a.Stime.Nano())
		fmt.Printf("%s wall %.1fs %.0f rows/s; Go CPU %.1fµs, PG CPU %.1fµs per row; max RSS %d MB\n", e, wall.Seconds(), float64(n)/wall.Seconds(), float64(cpu.Microseconds())/float64(n), float64(pg)*10000/float64(n), b.Maxrss/1024)
	}
}
