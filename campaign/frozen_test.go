//go:build !race

// What these tests watch happens between processes, where the race detector sees nothing.

package campaign_test

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// A node is held up for longer than its lease (a machine that is moved, a debugger), is taken to be
// dead, and then goes on with what it had in hand: none of that was given to others meanwhile,
// although its flight log lies where they can read it.
func TestNodeThatOnlySlept(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("whether a process has stopped is seen on Linux only")
	}
	const towns, each = 6, 110
	all, b, sink := nodes(t, towns, each)
	for i := range all {
		all[i].Data = all[0].Data
	}
	all[0].Die, all[0].Sleep = "claim: committed, the lane is full", true
	all[0].URL += "&idle_in_transaction_session_timeout=500" // what it has begun must not hold the others up
	sleeper := all[0].start(t)
	eventually(t, "the node has stopped", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", sleeper.Process.Pid))
		return err == nil && bytes.Contains(stat, []byte(") T "))
	})
	inHand := b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status = 'sending'`)
	if inHand == 0 {
		t.Fatal("it stopped with nothing in hand: proves nothing")
	}
	b.exec(`UPDATE nodes SET seen_at = $1`, fibonacco.RealTime().Add(-31*time.Second))
	for _, l := range []*life{all[1].start(t), all[2].start(t)} {
		if l.end(t) {
			t.Error("somebody killed a node")
		}
	}
	must(t, sleeper.Process.Signal(syscall.SIGCONT))
	if sleeper.end(t) {
		t.Error("somebody killed the sleeper")
	}
	unknown, arrived := account(t, b.db, sink, towns*each)
	runOnce(t, b, towns, towns*each, 1)
	equal(t, "unknown mails that did not arrive after all", len(unknown)-arrived, 0)
	t.Logf("%d in hand, %d unknown, %d of them arrived", inHand, len(unknown), arrived)
}

// A claim whose process is buried already is found by the sweep: never resent, not forgotten.
func TestClaimsOfForgottenNodes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		b.start(b.smbs(b.community("America/New_York"), 5)...)
		b.exec(`UPDATE campaign_sends SET status = 'sending', claimed_by = $1`, "gone/"+uuid.NewString())
		b.run()
		eventually(t, "settled", func() bool {
			return b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status = 'unknown' AND claimed_by IS NULL`) == 5
		})
		equal(t, "mails", b.mailer.count(), 0)
	})
}
