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
	n := 1_000_000
	e := db.Engine(os.Getenv("ENGINE"))
	h := newHouse(t, dbtest.Open(t, e, fibonacco.NewFakeClock(dbtest.Start)), nil)
	var b syscall.Rusage
	w := time.Now()
	h.bulk(n, "fill", os.Getenv("DRY") != "")
	wall := time.Since(w)
	syscall.Getrusage(0, &b)
	s, _ := os.ReadFile("/proc/self/status")
	i := strings.Index(string(s), "VmHWM")
	fmt.Printf("%s %s wall %.1fs %.0f rows/s; CPU %.0f s max RSS %d MB %s\n", e, os.Getenv("DRY"), wall.Seconds(), float64(n)/wall.Seconds(), time.Duration(b.Utime.Nano()+b.Stime.Nano()).Seconds(), b.Maxrss/1024, string(s)[i:i+20])
}
