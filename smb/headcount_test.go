package smb_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb"
)

// fillTwoTowns stores so many businesses that counting them is not done for everybody who asks.
func fillTwoTowns(t *testing.T, d *db.DB, s *smb.Service) (towns []int64) {
	t.Helper()
	for i := range 2 {
		towns = append(towns, newCommunity(t, s, fmt.Sprint("town-", i), "America/New_York"))
		rows := db.NewBatch("uuid uuid")
		for range 12_500 {
			rows.Add(uuid.NewString())
		}
		run(t, d, func(tx *db.Tx) error {
			_, err := tx.ExecBatch(t.Context(), rows, `
				INSERT INTO smbs (uuid, community_id, business_name, created_at, updated_at) SELECT uuid, $1, 'One of many', $2, $2 FROM rows`, towns[i], tx.Now)
			return err
		})
	}
	return towns
}

// heads is how many businesses each community has, and of how many communities they were counted.
func heads(t *testing.T, s *smb.Service) (counts []int, counted int) {
	t.Helper()
	ctx := db.Watch(t.Context(), func(query string, args []any) {
		if strings.Contains(query, "AS active") {
			counted = len(args[0].([]int64))
		}
	})
	page, err := s.QueryCommunities(ctx, fibonacco.ListQuery{Sort: []string{"id"}})
	must(t, err)
	for _, c := range page.Data {
		counts = append(counts, c.SMBs)
	}
	return counts, counted
}

// A long count serves several questions, and what this node changes is counted at once.
func TestHeadcountsAreKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newService(t, d)
		towns := fillTwoTowns(t, d, s)
		kept := false
		for try := 0; try < 200 && !kept; try++ { // each is kept for much longer than a question takes
			counts, counted := heads(t, s)
			equal(t, "counts", fmt.Sprint(counts), "[12500 12500]")
			kept = counted == 0
		}
		if !kept {
			t.Fatal("everything is counted for everybody who asks")
		}
		is := func(what, want string) {
			t.Helper()
			counts, _ := heads(t, s)
			equal(t, what, fmt.Sprint(counts), want)
		}
		added := newSMB(t, s, towns[0], "One more")
		is("after one was added", "[12501 12500]")
		_, err := s.Update(t.Context(), added.ID, fibonacco.SMBChange{CommunityID: &towns[1]})
		must(t, err)
		is("after it moved", "[12500 12501]")
		must(t, s.DeleteSMB(t.Context(), added.ID))
		is("after it was deleted", "[12500 12500]")
	})
}

// What is kept is of communities, not of who asked.
func TestHeadcountsOfTheLimited(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newService(t, d)
		towns := fillTwoTowns(t, d, s)
		heads(t, s)
		page, err := s.QueryCommunities(limited(t.Context(), towns[1]), fibonacco.ListQuery{})
		must(t, err)
		if len(page.Data) != 1 || page.Data[0].ID != towns[1] || page.Data[0].SMBs != 12_500 {
			t.Errorf("got %+v", page.Data)
		}
	})
}

// Where counting takes long, the last count is shown until the next is there.
func TestNobodyWaitsForHeadcounts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newService(t, d)
		towns := fillTwoTowns(t, d, s)
		for end := fibonacco.RealTime().Add(time.Minute); ; {
			if _, counted := heads(t, s); counted == 0 {
				break
			}
			if fibonacco.RealTime().After(end) {
				t.Fatal("what was counted is never kept")
			}
		}
		run(t, d, func(tx *db.Tx) error { // as another node does
			_, err := tx.Exec(t.Context(), `UPDATE smbs SET community_id = $1 WHERE id = (SELECT MIN(id) FROM smbs WHERE community_id = $2)`, towns[1], towns[0])
			return err
		})
		smb.AgeHeadcounts(s)
		if counts, counted := heads(t, s); counted != 0 || fmt.Sprint(counts) != "[12500 12500]" {
			t.Errorf("%v, and %d communities were waited for", counts, counted)
		}
		for end := fibonacco.RealTime().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
			counts, _ := heads(t, s)
			if fmt.Sprint(counts) == "[12499 12501]" {
				return
			}
			if fibonacco.RealTime().After(end) {
				t.Fatalf("still %v", counts)
			}
		}
	})
}
