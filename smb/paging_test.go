package smb_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// While a list is read page by page others add, delete and change. Whatever was there from the
// first page to the last and did not move comes exactly once; nothing comes twice but what moved.
func TestPagesWhileOthersWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s := newService(t, d)
		town := newCommunity(t, s, "town", "America/New_York")
		rapid.Check(t, func(rt *rapid.T) {
			tag := fmt.Sprint("run-", clock.Now().UnixNano())
			clock.Advance(minute)
			make := func(name string) int64 {
				b, err := s.Create(t.Context(), fibonacco.SMB{CommunityID: town, BusinessName: name, Tags: []string{tag}})
				must(rt, err)
				return b.ID
			}
			name := func(what string) string {
				return rapid.SampledFrom([]string{"Anna's", "Bakery", "Bakery", "Café", "Zoo", "!!!"}).Draw(rt, what)
			}
			stays := map[int64]bool{}
			for range rapid.IntRange(1, 12).Draw(rt, "businesses") {
				stays[make(name("name"))] = true
			}
			alive := func() []int64 {
				var ids []int64
				for id := range stays {
					ids = append(ids, id)
				}
				slices.Sort(ids)
				return ids
			}
			sort := rapid.SampledFrom([]string{"id", "-id", "business_name", "-business_name", "created_at", "-updated_at"}).Draw(rt, "sort")
			q := fibonacco.SMBQuery{
				Filter: fibonacco.SMBFilter{Where: fibonacco.Filter{"tag": tag}}, Sort: []string{sort}, Size: rapid.IntRange(1, 4).Draw(rt, "size"),
			}
			if rapid.Bool().Draw(rt, "searched") {
				q.Filter.Search, q.Sort = rapid.SampledFrom([]string{"ba", "bakery", "a"}).Draw(rt, "search"), nil
			}
			there, _, err := s.ListSMBs(t.Context(), q.Filter, 0, 0)
			must(rt, err)
			seen, moved := map[int64]int{}, map[int64]bool{}
			for page := 0; ; page++ {
				p, err := s.QuerySMBs(t.Context(), q)
				must(rt, err)
				for _, b := range p.Data {
					seen[b.ID]++
				}
				if q.Cursor = p.Next; q.Cursor == "" {
					break
				}
				if page > 100 {
					rt.Fatal("the list has no end")
				}
				clock.Advance(minute)
				switch ids := alive(); rapid.SampledFrom([]string{"nothing", "add", "delete", "rename", "touch"}).Draw(rt, "meanwhile") {
				case "add":
					moved[make(name("added"))] = true
				case "delete":
					if len(ids) > 0 {
						id := rapid.SampledFrom(ids).Draw(rt, "deleted")
						must(rt, s.DeleteSMB(t.Context(), id))
						delete(stays, id)
					}
				case "rename", "touch":
					if len(ids) > 0 {
						id := rapid.SampledFrom(ids).Draw(rt, "changed")
						_, err := s.Update(t.Context(), id, fibonacco.SMBChange{BusinessName: ptr(name("renamed")), City: ptr(name("city"))})
						must(rt, err)
						moved[id] = true
						delete(stays, id)
					}
				}
			}
			for _, b := range there {
				if stays[b.ID] && seen[b.ID] != 1 {
					rt.Fatalf("business %d came %d times", b.ID, seen[b.ID])
				}
			}
			for id, n := range seen {
				if n > 1 && !moved[id] {
					rt.Fatalf("business %d came %d times", id, n)
				}
			}
			if len(seen) > len(there)+len(moved) {
				rt.Fatalf("%d came, of %d and %d that moved", len(seen), len(there), len(moved))
			}
		})
	})
}

// A cursor is of one question: of another it is refused, and whatever else is written in it.
func TestCursorsOfOthers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, b := setup(t, d)
		for range 3 {
			newSMB(t, s, b.CommunityID, "Bakery")
		}
		first := func(q fibonacco.SMBQuery) string {
			t.Helper()
			q.Size = 1
			page, err := s.QuerySMBs(t.Context(), q)
			must(t, err)
			if page.Next == "" {
				t.Fatalf("%+v has one page", q)
			}
			return page.Next
		}
		all, byName := first(fibonacco.SMBQuery{}), first(fibonacco.SMBQuery{Sort: []string{"business_name"}})
		ranked := first(fibonacco.SMBQuery{Filter: fibonacco.SMBFilter{Search: "bakery"}})
		for name, q := range map[string]fibonacco.SMBQuery{
			"another order":      {Sort: []string{"-id"}, Cursor: all},
			"another filter":     {Filter: fibonacco.SMBFilter{CommunityIDs: []int64{1}}, Cursor: all},
			"another condition":  {Filter: fibonacco.SMBFilter{Where: fibonacco.Filter{"city": "null"}}, Cursor: all},
			"a search":           {Filter: fibonacco.SMBFilter{Search: "bakery"}, Cursor: byName},
			"a search, in order": {Filter: fibonacco.SMBFilter{Search: "bakery"}, Sort: []string{"business_name"}, Cursor: ranked},
			"no cursor":          {Cursor: "x"},
			"not JSON":           {Cursor: "AAAA"},
			"null":               {Cursor: "bnVsbA"},
			"long":               {Cursor: strings.Repeat("A", 10_000)},
			"zero bytes":         {Cursor: "a\x00"},
		} {
			_, err := s.QuerySMBs(t.Context(), q)
			code(t, name, err, fibonacco.Invalid)
			equal(t, name, strings.Join(fieldNames(err), " "), "page[cursor]")
		}
	})
}

// What the list does not know is refused with what there is, all of it at once.
func TestListRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, _ := setup(t, d)
		q := fibonacco.SMBQuery{
			Filter: fibonacco.SMBFilter{
				Where:   fibonacco.Filter{"colour": "red", "engagement_tier": "5", "engagement_score": "many", "created_at": "..yesterday", "uuid": "1", "city": "", "segment": "none"},
				Segment: "0193c2f0-0000-7000-8000-000000000001", Search: strings.Repeat("é", 201),
			},
			Sort: []string{"colour"},
		}
		_, err := s.QuerySMBs(t.Context(), q)
		code(t, "query", err, fibonacco.Invalid)
		equal(t, "fields", strings.Join(fieldNames(err), " "),
			"filter[city] filter[colour] filter[created_at] filter[engagement_score] filter[engagement_tier] filter[segment] filter[uuid] search segment sort")
		_, err = s.CountSMBs(t.Context(), q.Filter)
		code(t, "count", err, fibonacco.Invalid)
		_, _, err = s.ListSMBs(t.Context(), q.Filter, 0, 10)
		code(t, "list", err, fibonacco.Invalid)
		for _, far := range []string{"99999999999999", "..99999999999999", "-99999999999999..", "!99999999999999", "1,99999999999999"} {
			for _, name := range []string{"engagement_score", "id", "data_quality_score"} {
				_, err := s.QuerySMBs(t.Context(), fibonacco.SMBQuery{Filter: fibonacco.SMBFilter{Where: fibonacco.Filter{name: far}}})
				must(t, err)
			}
		}
	})
}

// Who is limited to communities sees nothing of the others, whatever they ask.
func TestListScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newService(t, d)
		own, other := newCommunity(t, s, "own", "America/New_York"), newCommunity(t, s, "other", "America/New_York")
		mine := newSMB(t, s, own, "Rosa's Bakery")
		theirs, err := s.Create(t.Context(), fibonacco.SMB{
			CommunityID: other, BusinessName: "Rosa's Bakery", PrimaryEmail: "rosa@example.com", PrimaryPhone: "7185550142", Category: "Bakery", Tags: []string{"vip"},
		})
		must(t, err)
		limited := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Name: "Ana", Role: fibonacco.Admin, Communities: []int64{own}})
		everybody, err := s.CreateSegment(t.Context(), fibonacco.Segment{Name: "All", Filter: fibonacco.Filter{}})
		must(t, err)
		for name, f := range map[string]fibonacco.SMBFilter{
			"everything":   {},
			"its id":       {IDs: []int64{theirs.ID, mine.ID}},
			"its town":     {CommunityIDs: []int64{other}},
			"not mine":     {Where: fibonacco.Filter{"community_id": fmt.Sprint("!", own)}},
			"its uuid":     {Where: fibonacco.Filter{"uuid": theirs.UUID}},
			"its address":  {Where: fibonacco.Filter{"primary_email": "rosa@example.com"}},
			"its category": {Categories: []string{"Bakery"}},
			"its tag":      {Where: fibonacco.Filter{"tag": "vip"}},
			"a search":     {Search: "rosa"},
			"exactly":      {Search: "rosa@example.com"},
			"its number":   {Search: "718-555-0142"},
		} {
			for _, sort := range [][]string{nil, {"-updated_at"}} {
				page, err := s.QuerySMBs(limited, fibonacco.SMBQuery{Filter: f, Sort: sort, Total: true})
				must(t, err)
				for _, b := range page.Data {
					equal(t, name, b.ID, mine.ID)
				}
				equal(t, name+": total", *page.Total, len(page.Data))
			}
			page, _, err := s.ListSMBs(limited, f, 0, 10)
			must(t, err)
			for _, b := range page {
				equal(t, name+": listed", b.ID, mine.ID)
			}
		}
		_, err = s.CountSMBs(limited, fibonacco.SMBFilter{Segment: everybody.UUID})
		code(t, "a segment of all communities", err, fibonacco.Invalid)
		for what, err := range map[string]error{
			"find":   second(s.Find(limited, theirs.ID)),
			"uuid":   second(s.FindByUUID(limited, theirs.UUID)),
			"email":  second(s.FindByEmail(limited, theirs.PrimaryEmail)),
			"phone":  second(s.FindByPhone(limited, theirs.PrimaryPhone)),
			"update": second(s.Update(limited, theirs.ID, fibonacco.SMBChange{City: ptr("Mine")})),
			"delete": s.DeleteSMB(limited, theirs.ID),
		} {
			code(t, what, err, fibonacco.NotFound)
		}
		_, err = s.Create(limited, fibonacco.SMB{CommunityID: other, BusinessName: "Intruder"})
		equal(t, "created elsewhere", strings.Join(fieldNames(err), " "), "community_id")
		_, err = s.Update(limited, mine.ID, fibonacco.SMBChange{CommunityID: &other})
		equal(t, "moved elsewhere", strings.Join(fieldNames(err), " "), "community_id")
	})
}

func second[T any](_ T, err error) error { return err }
