package smb_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestSegments(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s := newService(t, d)
		north, south := newCommunity(t, s, "north", "America/New_York"), newCommunity(t, s, "south", "America/New_York")
		for i, town := range []int64{north, north, south, south, south} {
			_, err := s.Create(t.Context(), fibonacco.SMB{CommunityID: town, BusinessName: fmt.Sprint("Bakery ", i), Category: []string{"Bakery", "Café"}[i%2]})
			must(t, err)
		}
		staff := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{UserID: 5, Name: "Ana Ruiz", Role: fibonacco.Manager})
		made, err := s.CreateSegment(staff, fibonacco.Segment{
			Name: " Bakeries ", Filter: fibonacco.Filter{"category": "Bakery"}, Search: "bakery", CommunityID: &south,
		})
		must(t, err)
		equal(t, "name", made.Name, "Bakeries")
		equal(t, "by", *made.CreatedBy, 5)
		count := func(id string) int {
			t.Helper()
			n, err := s.CountSMBs(t.Context(), fibonacco.SMBFilter{Segment: id})
			must(t, err)
			return n
		}
		equal(t, "in it", count(made.UUID), 2)
		_, err = s.Create(t.Context(), fibonacco.SMB{CommunityID: south, BusinessName: "Bakery new", Category: "Bakery"})
		must(t, err)
		found, err := s.FindSegment(staff, strings.ToUpper(made.UUID))
		must(t, err)
		equal(t, "found anew at every use", *found.Count, 3)
		equal(t, "within a filter", len(listIDs(t, s, fibonacco.SMBFilter{Segment: made.UUID, Search: "new"})), 1)
		equal(t, "as a condition", len(listIDs(t, s, fibonacco.SMBFilter{Where: fibonacco.Filter{"segment": made.UUID, "category": "Bakery"}})), 3)

		changed, err := s.UpdateSegment(staff, made.UUID, fibonacco.Segment{Name: "bakeries", Filter: fibonacco.Filter{"category": "Café"}, CommunityID: &north})
		must(t, err)
		equal(t, "its community stays", *changed.CommunityID, south)
		equal(t, "search is replaced", changed.Search, "")
		equal(t, "in it now", count(made.UUID), 1)

		_, err = s.CreateSegment(staff, fibonacco.Segment{Name: "BAKERIES", CommunityID: &south})
		code(t, "taken", err, fibonacco.Conflict)
		for range 2 { // the same name elsewhere, and among those of all
			other, err := s.CreateSegment(staff, fibonacco.Segment{Name: "Bakeries", CommunityID: &north})
			if err == nil {
				defer func() { must(t, s.DeleteSegment(staff, other.UUID)) }()
			}
		}
		all, err := s.CreateSegment(staff, fibonacco.Segment{Name: "Zoo"})
		must(t, err)
		page, err := s.ListSegments(staff, fibonacco.ListQuery{Size: 2}, true)
		must(t, err)
		rest, err := s.ListSegments(staff, fibonacco.ListQuery{Size: 2, Cursor: page.Next}, true)
		must(t, err)
		equal(t, "listed", len(page.Data)+len(rest.Data), 3)
		equal(t, "last", rest.Data[0].Name, "Zoo")
		equal(t, "of all", *rest.Data[0].Count, 6)
		searched, err := s.ListSegments(staff, fibonacco.ListQuery{Search: "BAK", Filter: fibonacco.Filter{"community_id": fmt.Sprint(south)}}, false)
		must(t, err)
		equal(t, "searched", len(searched.Data), 1)
		must(t, s.DeleteSegment(staff, all.UUID))
		_, err = s.FindSegment(staff, all.UUID)
		code(t, "gone", err, fibonacco.NotFound)
		_, err = s.CountSMBs(t.Context(), fibonacco.SMBFilter{Segment: all.UUID})
		equal(t, "a filter that names it", strings.Join(fieldNames(err), " "), "segment")
		if n := countRows(t, d, `SELECT count(*) FROM audit_log WHERE entity = 'segment' AND actor_name = 'Ana Ruiz'`); n != 5 {
			t.Errorf("%d audit entries", n)
		}
		_ = clock
	})
}

func listIDs(t *testing.T, s fibonacco.SMBDirectory, f fibonacco.SMBFilter) []int64 {
	t.Helper()
	page, _, err := s.ListSMBs(t.Context(), f, 0, 0)
	must(t, err)
	ids := make([]int64, len(page))
	for i, b := range page {
		ids[i] = b.ID
	}
	return ids
}

func countRows(t *testing.T, d *db.DB, query string, args ...any) int {
	t.Helper()
	return count(t, d, query, args...)
}

func TestSegmentsRefuse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, b := setup(t, d)
		nowhere := int64(99)
		for fields, bad := range map[string]fibonacco.Segment{
			"name":                         {Name: " "},
			"description name":             {Name: strings.Repeat("x", 256), Description: "a\x00"},
			"community_id":                 {Name: "x", CommunityID: &nowhere},
			"filter[colour] filter[state]": {Name: "x", Filter: fibonacco.Filter{"colour": "red", "state": ""}},
			"filter[segment]":              {Name: "x", Filter: fibonacco.Filter{"segment": "0193c2f0-0000-7000-8000-000000000001"}},
			"search":                       {Name: "x", Search: strings.Repeat("y", 201)},
		} {
			_, err := s.CreateSegment(t.Context(), bad)
			equal(t, "refused", strings.Join(fieldNames(err), " "), fields)
		}
		made, err := s.CreateSegment(t.Context(), fibonacco.Segment{Name: "x", CommunityID: &b.CommunityID})
		must(t, err)
		_, err = s.UpdateSegment(t.Context(), made.UUID, fibonacco.Segment{Filter: fibonacco.Filter{"tag": ""}})
		equal(t, "refused", strings.Join(fieldNames(err), " "), "filter[tag] name")
		for _, id := range []string{"", "x", "0193c2f0-0000-7000-8000-000000000001"} {
			_, err := s.FindSegment(t.Context(), id)
			code(t, "unknown "+id, err, fibonacco.NotFound)
			_, err = s.UpdateSegment(t.Context(), id, fibonacco.Segment{Name: "y"})
			code(t, "unknown "+id, err, fibonacco.NotFound)
			code(t, "unknown "+id, s.DeleteSegment(t.Context(), id), fibonacco.NotFound)
		}
	})
}

// Who is limited to communities sees, makes and changes segments of these only.
func TestSegmentScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newService(t, d)
		own, other := newCommunity(t, s, "own", "America/New_York"), newCommunity(t, s, "other", "America/New_York")
		newSMB(t, s, own, "Mine")
		newSMB(t, s, other, "Theirs")
		limited := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Name: "Ana", Role: fibonacco.Operator, Communities: []int64{own}})
		both := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Name: "Bo", Role: fibonacco.Operator, Communities: []int64{own, other}})

		theirs, err := s.CreateSegment(t.Context(), fibonacco.Segment{Name: "Theirs", CommunityID: &other})
		must(t, err)
		ofAll, err := s.CreateSegment(t.Context(), fibonacco.Segment{Name: "Of all"})
		must(t, err)
		mine, err := s.CreateSegment(limited, fibonacco.Segment{Name: "Mine"})
		must(t, err)
		equal(t, "the only one there is", *mine.CommunityID, own)
		_, err = s.CreateSegment(both, fibonacco.Segment{Name: "Which"})
		equal(t, "one of two must be named", strings.Join(fieldNames(err), " "), "community_id")
		_, err = s.CreateSegment(limited, fibonacco.Segment{Name: "Theirs", CommunityID: &other})
		equal(t, "elsewhere", strings.Join(fieldNames(err), " "), "community_id")

		page, err := s.ListSegments(limited, fibonacco.ListQuery{Total: true}, true)
		must(t, err)
		equal(t, "listed", len(page.Data), 1)
		equal(t, "total", *page.Total, 1)
		equal(t, "counted", *page.Data[0].Count, 1)
		for _, hidden := range []string{theirs.UUID, ofAll.UUID} {
			_, err := s.FindSegment(limited, hidden)
			code(t, "found", err, fibonacco.NotFound)
			_, err = s.UpdateSegment(limited, hidden, fibonacco.Segment{Name: "Stolen"})
			code(t, "changed", err, fibonacco.NotFound)
			code(t, "deleted", s.DeleteSegment(limited, hidden), fibonacco.NotFound)
			_, err = s.QuerySMBs(limited, fibonacco.SMBQuery{Filter: fibonacco.SMBFilter{Segment: hidden}})
			equal(t, "used", strings.Join(fieldNames(err), " "), "segment")
		}
		// A segment of one's own that names another community finds nothing there.
		_, err = s.UpdateSegment(limited, mine.UUID, fibonacco.Segment{Name: "Mine", Filter: fibonacco.Filter{"community_id": fmt.Sprint(other)}})
		must(t, err)
		n, err := s.CountSMBs(limited, fibonacco.SMBFilter{Segment: mine.UUID})
		must(t, err)
		equal(t, "through a segment", n, 0)
	})
}
