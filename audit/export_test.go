package audit_test

import (
	"fmt"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestNoteExport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		log := audit.New(d)
		all := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{TokenID: 7, Name: "CI", Role: fibonacco.Viewer})
		some := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Name: "Ana", Role: fibonacco.Viewer, Communities: []int64{3, 4}})
		for _, ctx := range []struct {
			narrowed []string
			by       int
		}{{[]string{"tier", "city"}, 0}, {nil, 1}} {
			who := all
			if ctx.by == 1 {
				who = some
			}
			if err := log.NoteExport(who, "smbs", "csv", ctx.narrowed); err != nil {
				t.Fatal(err)
			}
		}
		page, err := log.ListAudit(t.Context(), fibonacco.ListQuery{Filter: fibonacco.Filter{"action": "list.exported"}})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, e := range page.Data {
			community := int64(0)
			if e.CommunityID != nil {
				community = *e.CommunityID
			}
			got += fmt.Sprint(e.ActorName, " ", e.Entity, " ", community, " ", e.After["format"], " ", e.After["narrowed_by"], "\n")
		}
		if want := "Ana smbs 4 csv []\nAna smbs 3 csv []\nCI smbs 0 csv [city tier]\n"; got != want {
			t.Errorf("noted\n%s\nwant\n%s", got, want)
		}
	})
}
