package imports_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestSavedMapping(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		h := newHouse(t, d, supervisors)
		ctx := t.Context()
		const file = "Was,Wer,Name\nPizza,Joe's,Joe Doe\n"
		m, err := h.imports.SaveImportMapping(ctx, fibonacco.ImportMapping{
			Name: " Liste  ", Columns: []string{"Was", "Wer", "Name"},
			Mapping: map[string]string{"business_name": "Wer", "category": "was", "primary_contact_name": ""},
		})
		must(t, err)
		if m.UUID == "" || m.Name != "Liste" || m.CommunityID != nil {
			t.Errorf("saved %+v", m)
		}
		h.run(file)
		h.run("name , WER,was\nx,Ana's,Nails\n") // the same header
		job, err := h.imports.StartImport(ctx, h.request(), strings.NewReader("Was,Wer,Name\nCuts,Bo's,\n"), 0)
		must(t, err)
		must(t, h.imports.DeleteImportMapping(ctx, m.UUID)) // chosen when it was started
		must(t, h.imports.Work(ctx, job.ID))
		if got := h.names() + " / " + h.column("category") + " / " + h.column("primary_contact_name"); got != "Joe's, Ana's, Bo's / Pizza, Nails, Cuts / ~, ~, ~" {
			t.Errorf("stored %s", got)
		}
		h.community = h.addCommunity("without")
		h.run(file) // by the name alone
		if got := h.stored(); !strings.HasPrefix(got, "Joe Doe|") {
			t.Errorf("stored %s", got)
		}

		// The community's own goes before the one for all, and saving again replaces.
		save := func(community *int64, name string) *fibonacco.ImportMapping {
			t.Helper()
			m, err := h.imports.SaveImportMapping(ctx, fibonacco.ImportMapping{
				Name: name, CommunityID: community, Columns: []string{"Wer", "Was", "Name"}, Mapping: map[string]string{"business_name": name},
			})
			must(t, err)
			return m
		}
		all := save(nil, "Was")
		own := save(&h.community, "Name")
		if again := save(&h.community, "Wer"); again.ID != own.ID || again.UUID != own.UUID || again.Mapping["business_name"] != "Wer" {
			t.Errorf("saved again %+v, before %+v", again, own)
		}
		p, err := h.imports.PreviewImport(ctx, h.request(), strings.NewReader(file))
		must(t, err)
		if p.Saved == nil || p.Saved.UUID != own.UUID || p.Columns[1].Field != "business_name" || p.Columns[1].Confidence != 1 {
			t.Errorf("preview %+v", p)
		}
		other := h.addCommunity("other")
		req := h.request()
		req.CommunityID = other
		if p, err = h.imports.PreviewImport(ctx, req, strings.NewReader(file)); err != nil || p.Saved == nil || p.Saved.UUID != all.UUID {
			t.Errorf("elsewhere: %+v, %v", p, err)
		}

		// Those who are limited see their own and those for all.
		me, they := h.as(h.community), h.as(other)
		list := func(who fibonacco.ListQuery) string {
			t.Helper()
			var names []string
			page, err := h.imports.ListImportMappings(they, who)
			must(t, err)
			for _, m := range page.Data {
				names = append(names, m.Name)
			}
			return strings.Join(names, " ")
		}
		if got := list(fibonacco.ListQuery{}); got != "Was" {
			t.Errorf("they see %s", got)
		}
		if got := list(fibonacco.ListQuery{Filter: fibonacco.Filter{"community_id": fmt.Sprint(h.community)}}); got != "" {
			t.Errorf("they see %s", got)
		}
		if _, err := h.imports.ImportMapping(they, own.UUID); fibonacco.CodeOf(err) != fibonacco.NotFound {
			t.Errorf("they find it: %v", err)
		}
		if err := h.imports.DeleteImportMapping(they, own.UUID); fibonacco.CodeOf(err) != fibonacco.NotFound {
			t.Errorf("they delete it: %v", err)
		}
		if err := h.imports.DeleteImportMapping(they, all.UUID); fibonacco.CodeOf(err) != fibonacco.Forbidden {
			t.Errorf("they delete the one for all: %v", err)
		}
		mine, err := h.imports.SaveImportMapping(me, fibonacco.ImportMapping{Name: "M", Columns: []string{"X"}, Mapping: map[string]string{"business_name": "X"}})
		must(t, err)
		if mine.CommunityID == nil || *mine.CommunityID != h.community || mine.CreatedBy == nil || *mine.CreatedBy != 7 {
			t.Errorf("mine is %+v", mine)
		}
		must(t, h.imports.DeleteImportMapping(me, mine.UUID))
	})
}

func TestMappingsThatCannotBeSaved(t *testing.T) {
	each(t, func(h *house) {
		nowhere := h.community + 99
		cases := map[string]struct {
			m    fibonacco.ImportMapping
			says string
		}{
			"nothing":           {fibonacco.ImportMapping{}, "columns mapping name"},
			"an unknown field":  {fibonacco.ImportMapping{Name: "n", Columns: []string{"A"}, Mapping: map[string]string{"shoe_size": "A"}}, "mapping.shoe_size"},
			"an unknown column": {fibonacco.ImportMapping{Name: "n", Columns: []string{"A"}, Mapping: map[string]string{"city": "B"}}, "mapping.city"},
			"an unknown place":  {fibonacco.ImportMapping{Name: "n", CommunityID: &nowhere, Columns: []string{"A"}, Mapping: map[string]string{"city": "A"}}, "community_id"},
			"zero bytes":        {fibonacco.ImportMapping{Name: "n\x00", Columns: []string{"A\x00"}, Mapping: map[string]string{"city": ""}}, "columns[0] name"},
			"for all, by a few": {fibonacco.ImportMapping{Name: "n", Columns: []string{"A"}, Mapping: map[string]string{"city": "A"}}, "community_id"},
		}
		for name, tc := range cases {
			ctx := h.t.Context()
			if strings.Contains(name, "by a few") {
				ctx = h.as(h.community, nowhere)
			}
			_, err := h.imports.SaveImportMapping(ctx, tc.m)
			var fields []string
			if e, ok := err.(*fibonacco.Error); ok { //nolint:errorlint // it is not wrapped
				for _, f := range e.Fields {
					fields = append(fields, f.Field)
				}
			}
			if got := strings.Join(fields, " "); fibonacco.CodeOf(err) != fibonacco.Invalid || got != tc.says {
				h.t.Errorf("%s: %v, fields %s, want %s", name, err, got, tc.says)
			}
		}
	})
}
