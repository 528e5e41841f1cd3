package merge_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// Whatever is merged into whatever at the same time: nobody waits in a circle, every business is
// merged away at most once, and all rows end with one that is there.
func TestConcurrentMerges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for round := range 4 {
			ids := []int64{w.smb("A"), w.smb("B"), w.smb("C")}
			for _, id := range ids {
				w.send(id, 1+int(id)%5, fibonacco.SendSent)
				w.exec(`INSERT INTO content_views (smb_id, content_slug, started_at) VALUES ($1, 'x', $2)`, id, clock.Now())
			}
			pairs := [][2]int{{0, 1}, {1, 0}, {1, 2}, {2, 0}, {0, 2}, {2, 1}}
			results := make([]error, len(pairs))
			var all sync.WaitGroup
			for i, p := range pairs {
				all.Go(func() { _, results[i] = w.svc.MergeSMBs(t.Context(), ids[p[0]], ids[p[1]], nil) })
			}
			all.Wait()
			done := 0
			for i, err := range results {
				switch fibonacco.CodeOf(err) {
				case "":
					done++
				case fibonacco.NotFound: // one of the two was merged away first
				default:
					t.Errorf("round %d, pair %v: %v", round, pairs[i], err)
				}
			}
			equal(t, "merges", done, 2)
			equal(t, "left over", get[int](w, `SELECT count(*) FROM smbs WHERE id IN ($1...) AND deleted_at IS NULL`, ids), 1)
			equal(t, "views of whom is there", get[int](w, `
				SELECT count(*) FROM content_views JOIN smbs ON smbs.id = content_views.smb_id WHERE smbs.id IN ($1...) AND smbs.deleted_at IS NULL`, ids), 3)
		}
	})
}

// Of many who undo the same merge, one does it; undoing two of one survivor at once works too.
func TestConcurrentUndo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		a, b, c := w.smb("A"), w.smb("B"), w.smb("C")
		w.exec(`UPDATE smbs SET total_approvals = id WHERE id IN ($1...)`, []int64{a, b, c})
		first, second := w.merge(a, b, nil), w.merge(a, c, nil)
		results := make([]error, 8)
		var all sync.WaitGroup
		for i := range results {
			all.Go(func() { results[i] = w.svc.UndoMerge(t.Context(), []string{first.UUID, second.UUID}[i%2]) })
		}
		all.Wait()
		codes := map[fibonacco.Code]int{}
		for _, err := range results {
			codes[fibonacco.CodeOf(err)]++
		}
		equal(t, "answers", fmt.Sprint(codes), fmt.Sprint(map[fibonacco.Code]int{"": 2, fibonacco.Conflict: 6}))
		for _, id := range []int64{a, b, c} {
			equal(t, "approvals", w.find(id).TotalApprovals, int(id))
		}
	})
}

// While two become one, others go on writing about both: what they write is not lost, and nobody
// gets an error.
func TestMergeWhileOthersWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		a, b := w.smb("A"), w.smb("B")
		const writers, each = 4, 10
		var all sync.WaitGroup
		failed := make(chan error, writers*each+1)
		for n := range writers {
			all.Go(func() {
				for i := range each {
					failed <- d.Update(t.Context(), func(tx *db.Tx) error {
						if _, err := tx.Exec(t.Context(), `INSERT INTO content_views (smb_id, content_slug, started_at) VALUES ($1, 'x', $2)`, []int64{a, b}[(n+i)%2], tx.Now); err != nil {
							return err
						}
						_, err := tx.Exec(t.Context(), `UPDATE smbs SET last_content_view = $2 WHERE id = $1`, []int64{b, a}[(n+i)%2], tx.Now)
						return err
					})
				}
			})
		}
		var uuid string
		all.Go(func() {
			m, err := w.svc.MergeSMBs(t.Context(), a, b, nil)
			failed <- err
			if m != nil {
				uuid = m.UUID
			}
		})
		all.Wait()
		close(failed)
		for err := range failed {
			must(t, err)
		}
		equal(t, "views", get[int](w, `SELECT count(*) FROM content_views`), writers*each)
		must(t, w.svc.UndoMerge(t.Context(), uuid))
		equal(t, "views", get[int](w, `SELECT count(*) FROM content_views`), writers*each)
	})
}
