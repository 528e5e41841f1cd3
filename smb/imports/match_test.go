package imports_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb/imports"
)

const listHeader = "Name,Email,Phone,Address,ZIP,Category\n"

// Which rows are one business. The names are like those of real licence lists.
func TestDuplicates(t *testing.T) {
	cases := map[string]struct {
		rows    string
		created int
	}{
		"same e-mail":                             {"Joe's,joe@a.example,,,,\nOther,JOE@a.example,,,,\n", 1},
		"same phone, written otherwise":           {"Joe's,,718-555-0142,,,\nJoe's Pizza,,(718) 555 0142 x3,,,\n", 1},
		"same phone, same address":                {"PARK JONG C,,7185550142,284 COURT ST,11231,\nJS NOBLE CLEANERS INC.,,7185550142,284 Court Street,11231,\n", 1},
		"same phone and name, elsewhere":          {"M & L AUTO REPAIR LTD.,,7185550142,69 VAN DYKE ST,11231,\nM and L Auto Repair,,7185550142,34 COFFEY ST,11201,\n", 1},
		"same phone, other name, other address":   {"BROOKLYN CLEANERS,,9175550111,472 COURT ST,11231,\n13 AVE CLEANERS,,9175550111,55 4TH ST,11231,\n", 2},
		"same phone, other name, other ZIP":       {"A,,9175550111,,11231,\nB,,9175550111,,11232,\n", 2},
		"same phone, other name, other e-mail":    {"A,a@a.example,9175550111,1 A ST,11231,\nB,b@b.example,9175550111,1 A ST,11231,\n", 2},
		"same phone and name, other e-mail":       {"A,a@a.example,9175550111,,,\nA,b@b.example,9175550111,,,\n", 1},
		"a number that means none":                {"A,,718-999-9999,33 2ND ST,11231,\nB,,718-999-9999,33 2ND ST,11231,\n", 2},
		"name and ZIP":                            {"K LAUNDRY ROOM INC.,,,,11231,\nK Laundry Room,,,,11231,\n", 1},
		"name, accents":                           {"Café Añejo,,,,11231,\nCAFE ANEJO LLC,,,,11231,\n", 1},
		"name, other ZIP":                         {"Joe's,,,,11231,\nJoe's,,,,11232,\n", 2},
		"name, no ZIP on one side":                {"Joe's,,,,11231,\nJoe's,,,,,\n", 1},
		"name, no ZIP at all":                     {"Joe's,,,,,\nJOES,,,,,\n", 1},
		"name, no ZIP, other street":              {"Joe's,,,1 A St,11231,\nJoe's,,,2 B St,,\n", 2},
		"name and ZIP, one contradiction":         {"Joe's,a@a.example,,,11231,\nJoe's,b@b.example,,,11231,\n", 1},
		"branches: other street and other phone":  {"SUBWAY,,7185550101,1 A ST,11231,\nSUBWAY,,7185550102,9 B ST,11231,\n", 2},
		"branches: other e-mail and other street": {"SUBWAY,a@a.example,,1 A ST,11231,\nSUBWAY,b@b.example,,9 B ST,11231,\n", 2},
		"a name without letters":                  {"★★★,,,,,\n★★★,,,,,\n", 1},
		"the rows of one business, scattered":     {"A,,,,11231,\nB,,,,11231,\nA,a@a.example,,,,\nB,,7185550101,,,\nX,a@a.example,,,,\nY,,7185550101,,,\n", 2},
	}
	each(t, func(h *house) {
		for name, tc := range cases {
			for _, rows := range []int{100, 1} { // in one batch, and in several
				h.imports.SetBatchRows(rows)
				h.community = h.addCommunity(name + string(rune('a'+rows%26)))
				first := h.run(listHeader + tc.rows)
				if first.Created != tc.created {
					h.t.Errorf("%s: %d created, want %d:\n%s", name, first.Created, tc.created, h.stored())
				}
				if again := h.run(listHeader + tc.rows); again.Skipped != again.Total {
					h.t.Errorf("%s: a second run gave %s, want all skipped", name, counts(again))
				}
			}
		}
	})
}

func TestModes(t *testing.T) {
	const first = "Name,DBA,Email,Phone,Address,City,State,ZIP,Category,Longitude,Latitude\n" +
		"JOE'S PIZZA,,joe@a.example,,1 A St,Brooklyn,NY,11231,Pizza,,\n"
	const second = "Name,DBA,Email,Phone,Address,City,State,ZIP,Category,Longitude,Latitude\n" +
		"Joe's Pizza,Joe's,joe@a.example,718-555-0142,1 A Street,New York,NY,11231,Food,-73.99,40.67\n"
	cases := map[string]struct {
		counts, stored, fields string
	}{
		"":          {"1=0+1+0+0", "JOE'S PIZZA|Joe's|~|Pizza|~|joe@a.example|+17185550142|1 A St|Brooklyn|NY|11231|(-73.99,40.67)|joe@a.example|joes pizza", `["dba_name","primary_phone","coordinates"]`},
		"fill":      {"1=0+1+0+0", "JOE'S PIZZA|Joe's|~|Pizza|~|joe@a.example|+17185550142|1 A St|Brooklyn|NY|11231|(-73.99,40.67)|joe@a.example|joes pizza", `["dba_name","primary_phone","coordinates"]`},
		"overwrite": {"1=0+1+0+0", "Joe's Pizza|Joe's|~|Food|~|joe@a.example|+17185550142|1 A Street|New York|NY|11231|(-73.99,40.67)|joe@a.example|joes pizza", `["business_name","dba_name","category","primary_phone","address","city","coordinates"]`},
		"skip":      {"1=0+0+1+0", "JOE'S PIZZA|~|~|Pizza|~|joe@a.example|~|1 A St|Brooklyn|NY|11231|~|joe@a.example|joes pizza", ""},
	}
	each(t, func(h *house) {
		for m, tc := range cases {
			h.community = h.addCommunity("mode-" + m)
			h.run(first)
			h.want(h.run(second, mode(m)), tc.counts)
			if got := h.stored(); !strings.HasPrefix(got, tc.stored+"|") {
				h.t.Errorf("%s: stored\n%s\nwant\n%s", m, got, tc.stored)
			}
			h.want(h.run(second, mode(m)), "1=0+0+1+0")
			if got := h.updatedFields(); got != tc.fields {
				h.t.Errorf("%s: SMBUpdated names %s, want %s", m, got, tc.fields)
			}
		}
	})
}

// updatedFields is the fields of all SMBUpdated events in the community.
func (h *house) updatedFields() string {
	h.t.Helper()
	var all []string
	must(h.t, h.db.View(h.t.Context(), func(tx *db.Tx) (err error) {
		all, err = db.Select[string](h.t.Context(), tx, `
			SELECT properties ->> 'fields' FROM analytics_events WHERE event_type = 'smb.updated' AND community_id = $1`, h.community)
		return err
	}))
	return strings.ReplaceAll(strings.Join(all, " "), ", ", ",")
}

// The place of another address is not mixed into the one that is known.
func TestPlacesAreNotMixed(t *testing.T) {
	each(t, func(h *house) {
		h.run("Name,Email,Address,City\nA,a@a.example,1 A St,Brooklyn\n")
		h.want(h.run("Name,Email,Address,ZIP,Category\nA,a@a.example,9 Z St,99999,Shop\n"), "1=0+1+0+0")
		if got := h.column("zip"); got != "~" {
			h.t.Errorf("ZIP %s was taken from another address", got)
		}
		if got := h.column("category"); got != "Shop" {
			h.t.Errorf("category %s", got)
		}
	})
}

// Deleted businesses and those of other communities are not found.
func TestOthersAreNotTouched(t *testing.T) {
	each(t, func(h *house) {
		h.run(one)
		must(h.t, h.db.Update(h.t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(h.t.Context(), `UPDATE smbs SET deleted_at = $1`, tx.Now)
			return err
		}))
		h.want(h.run(one), "1=1+0+0+0")
		h.community = h.addCommunity("queens")
		h.want(h.run(one), "1=1+0+0+0")
	})
}

// In a file that overwrites, the first row about a business counts and the others fill.
func TestOverwriteWithRepeats(t *testing.T) {
	each(t, func(h *house) {
		h.imports.SetBatchRows(1)
		h.run("Name,Email,Category,Phone\nA,a@a.example,Old,\n")
		const file = "Name,Email,Category,Phone\nA,a@a.example,New,\nB,b@b.example,X,\nA,a@a.example,Newer,718-555-0142\nB,b@b.example,Y,\n"
		h.want(h.run(file, mode("overwrite")), "4=1+2+1+0")
		if got := h.column("category") + "; " + h.column("primary_phone"); got != "New, X; +17185550142, ~" {
			h.t.Errorf("stored %s", got)
		}
		h.want(h.run(file, mode("overwrite")), "4=0+0+4+0")
	})
}

// Whatever is in a list: imported twice it creates nothing and changes nothing, and how it is cut
// into batches makes no difference.
func TestSecondRunIsSkipped(t *testing.T) {
	t.Parallel()
	cell := func(values ...string) *rapid.Generator[string] {
		return rapid.SampledFrom(append([]string{""}, values...))
	}
	h, n := newHouse(t, dbtest.Open(t, db.SQLite, fibonacco.NewFakeClock(dbtest.Start)), nil), 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		var b strings.Builder
		b.WriteString(listHeader)
		for range rapid.IntRange(1, 14).Draw(rt, "rows") {
			b.WriteString(strings.Join([]string{
				rapid.SampledFrom([]string{"A", "B", "C Inc", "C"}).Draw(rt, "name"),
				cell("a@a.example", "b@b.example").Draw(rt, "email"),
				cell("7185550101", "7185550102").Draw(rt, "phone"),
				cell("1 A St", "1 a street", "2 B St").Draw(rt, "address"),
				cell("11231", "11232").Draw(rt, "zip"),
				cell("X", "Y").Draw(rt, "category"),
			}, ",") + "\n")
		}
		m := rapid.SampledFrom([]string{"fill", "skip"}).Draw(rt, "mode")
		h.community = h.addCommunity(fmt.Sprint("whole-", n))
		h.imports.SetBatchRows(100)
		first := h.run(b.String(), mode(m))
		whole := h.stored()
		if again := h.run(b.String(), mode(m)); again.Skipped != again.Total {
			rt.Fatalf("first %s, again %s:\n%s\n%s", counts(first), counts(again), b.String(), whole)
		}
		h.community = h.addCommunity(fmt.Sprint("cut-", n))
		h.imports.SetBatchRows(rapid.IntRange(1, 5).Draw(rt, "batch"))
		cut := h.run(b.String(), mode(m))
		if counts(cut) != counts(first) || h.stored() != whole {
			rt.Fatalf("cut into batches %s, at once %s:\n%s\n%s\n\n%s", counts(cut), counts(first), b.String(), h.stored(), whole)
		}
	})
}

func TestStreetKey(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"466 Court Street":       "466 ct st",
		"466 COURT ST.":          "466 ct st",
		"12-14 North 3rd Avenue": "12 14 n 3rd ave",
		"#":                      "",
	} {
		if got := imports.StreetKey(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
