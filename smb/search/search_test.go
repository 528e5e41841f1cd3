package search_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/db/query"
	"github.com/fibonacco/fibonacco/smb/normal"
	"github.com/fibonacco/fibonacco/smb/search"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTextOf(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, dba, email, phone, wantName, wantWords string }{
		{"CAFÉ DEL MAR LLC", "", "", "", " cafe del mar llc", ""},
		{"Joe's Pizza & Co.", "Joe’s", "Joe@Joes-Pizza.Example", "+17185550142", " joes pizza and co", " joes joe@joes-pizza.example 17185550142"},
		{"東京ラーメン", "", "", "+442079460958", " 東京ラーメン", " 442079460958"},
		{"!!!", "", " a b@x.y ", "", "", " ab@x.y"},
	} {
		if got := search.TextOf(tc.name, tc.dba, tc.email, tc.phone); got.Name != tc.wantName || got.Words != tc.wantWords {
			t.Errorf("TextOf(%q, %q, %q, %q) = %+v", tc.name, tc.dba, tc.email, tc.phone, got)
		}
	}
}

// business is what can be found in these tests.
type business struct{ name, dba, email, phone string }

// fill stores businesses and returns their ids.
func fill(t testing.TB, d *db.DB, all []business) []int64 {
	t.Helper()
	ids := make([]int64, len(all))
	must(t, d.Update(t.Context(), func(tx *db.Tx) error {
		var town int64
		if err := tx.QueryRow(t.Context(), `
			INSERT INTO communities (uuid, name, slug, state, created_at, updated_at) VALUES ($1, 'Town', 'town', 'NY', $2, $2) RETURNING id`, uuid.NewString(), tx.Now).Scan(&town); err != nil {
			return err
		}
		for i, b := range all {
			if err := tx.QueryRow(t.Context(), `
				INSERT INTO smbs (uuid, community_id, business_name, dba_name, primary_email, primary_phone, email_key, name_key, created_at, updated_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) RETURNING id`,
				uuid.NewString(), town, b.name, db.Null(b.dba), db.Null(b.email), db.Null(b.phone), db.Null(normal.EmailKey(b.email)),
				db.Null(normal.NameKey(b.name)), tx.Now).Scan(&ids[i]); err != nil {
				return err
			}
		}
		return search.Reindex(t.Context(), tx, ids)
	}))
	return ids
}

// hits is the places, in all, of what a search finds through the text index.
func hits(t testing.TB, d *db.DB, ids []int64, text string) string {
	t.Helper()
	q, err := search.Parse(text)
	must(t, err)
	at := map[int64]int{}
	for i, id := range ids {
		at[id] = i
	}
	var byIndex, byLook []string
	must(t, d.View(t.Context(), func(tx *db.Tx) error {
		for _, how := range []struct {
			condition func(arg func(any) string) string
			out       *[]string
		}{
			{func(arg func(any) string) string {
				if found := q.Found(d.Engine(), arg); found != "" {
					return "smb_search.smb_id IN (" + found + ")"
				}
				return "FALSE"
			}, &byIndex},
			{func(arg func(any) string) string { return q.Holds(d.Engine(), arg) }, &byLook},
		} {
			args := &query.Args{}
			found, err := db.Select[int64](t.Context(), tx, `SELECT smb_id FROM smb_search WHERE `+how.condition(args.Add)+` ORDER BY smb_id`, args.Values...)
			if err != nil {
				return err
			}
			for _, id := range found {
				*how.out = append(*how.out, fmt.Sprint(at[id]))
			}
		}
		return nil
	}))
	if fmt.Sprint(byIndex) != fmt.Sprint(byLook) {
		t.Errorf("%q: the index finds %v, looking at each finds %v", text, byIndex, byLook)
	}
	return strings.Join(byIndex, " ")
}

func TestSearchFinds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		ids := fill(t, d, []business{
			0: {"CAFÉ DEL MAR LLC", "", "Hola@CafeDelMar.example", "+17185550142"},
			1: {"Bakers & Sons", "The Mar Café", "info+shop@bakers.example", "+17185550199"},
			2: {"Joe's Pizza", "", "joe_smith@joes-pizza.example", "+12125550142"},
			3: {"24/7 Fitness", "", "a@gym.example", ""},
			4: {"東京ラーメン", "", "", "+442079460958"},
			5: {"Ab Ovo", `100% "Real" \ Eggs_`, "", ""},
			6: {"Drab Old Bovine", "", "", ""},
			7: {"STRASSE & SØN", "", "", ""},
		})
		for text, want := range map[string]string{
			"cafe del mar":              "0", // in the name of one, in the trading name of the other not all
			"Café DEL":                  "0",
			"mar cafe":                  "0 1",
			"fé de":                     "", // fe begins no word
			"bakers and sons":           "1",
			"bakers & sons":             "1",
			"joes":                      "2",
			"joe’s pizza":               "2",
			"izz":                       "2", // three characters are found within a word
			"iz":                        "",  // two are not
			"pi":                        "2",
			"p j":                       "2",
			"a":                         "1 3 5 7",
			"ab":                        "5",
			"bov":                       "6",
			"24/7":                      "3",
			"247":                       "",
			"fit 24":                    "3",
			"hola@cafe":                 "0",
			"delmar.example":            "0",
			"HOLA@CAFEDELMAR.EXAMPLE":   "0",
			"smith@joes-pizza":          "2",
			"joe_smith":                 "2",
			"info+shop":                 "1",
			"(718) 555-0142":            "0",
			"+1 718 555 0142":           "0",
			"718.555":                   "0 1",
			"718-555-01":                "0 1",
			"5550142":                   "0 2",
			"0142":                      "0 2",
			"42":                        "", // two digits begin no number here
			"44":                        "4",
			"020 7946 0958":             "", // another country's own form: nobody said which
			"+44 20 7946 0958":          "4",
			"pizza 212-555":             "2",
			"pizza 718-555":             "",
			"東京":                        "4",
			"ラーメ":                       "4",
			"ーメ":                        "",
			"strasse sön":               "7",
			"Straße":                    "7",
			"100%":                      "5",
			`"real"`:                    "5",
			"eggs_":                     "5",
			"%":                         "",
			"_":                         "",
			`\`:                         "",
			`"`:                         "",
			"'":                         "",
			"' OR 1=1 --":               "",
			"cafe OR pizza":             "",
			"cafe NOT zebra":            "",
			"name : cafe":               "",
			"caf*":                      "0 1",
			"NEAR(cafe mar)":            "",
			"^cafe":                     "0 1",
			"(cafe":                     "0 1",
			"cafe\x00mar":               "0 1",
			"\x00":                      "",
			"\xff\xfe":                  "",
			"@":                         "",
			"@@@":                       "",
			strings.Repeat("cafe ", 40): "0 1",
			strings.Repeat("\"' ", 66):  "",
			"\u0301\u0301":              "",
			"ﬁt":                        "3", // a ligature
		} {
			if got := hits(t, d, ids, text); got != want {
				t.Errorf("%q finds %q, want %q", text, got, want)
			}
		}
		for _, long := range []string{strings.Repeat("a", 201), strings.Repeat("é ", 5000)} {
			if _, err := search.Parse(long); fibonacco.CodeOf(err) != fibonacco.Invalid {
				t.Errorf("%d bytes: %v", len(long), err)
			}
		}
		for _, none := range []string{"", " \t\n"} {
			if q, err := search.Parse(none); err != nil || q.Asked() {
				t.Errorf("%q is asked for: %v", none, err)
			}
		}
	})
}

// What the index says and what is there agree after every kind of change.
func TestReindex(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		ids := fill(t, d, []business{{"First Cafe", "", "one@example.com", ""}, {"Second Cafe", "", "two@example.com", ""}})
		change := func(query string, args ...any) {
			t.Helper()
			must(t, d.Update(t.Context(), func(tx *db.Tx) error {
				if _, err := tx.Exec(t.Context(), query, args...); err != nil {
					return err
				}
				return search.Reindex(t.Context(), tx, ids)
			}))
		}
		expect := func(text, want string) {
			t.Helper()
			if got := hits(t, d, ids, text); got != want {
				t.Errorf("%q finds %q, want %q", text, got, want)
			}
		}
		expect("cafe", "0 1")
		change(`UPDATE smbs SET business_name = 'First Bakery', name_key = 'first bakery', version = version + 1 WHERE id = $1`, ids[0])
		expect("cafe", "1")
		expect("bakery", "0")
		change(`UPDATE smbs SET category = 'Bakery' WHERE id = $1`, ids[0]) // by somebody who knows nothing of versions
		var category string
		must(t, d.View(t.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT category FROM smb_search WHERE smb_id = $1`, ids[0]).Scan(&category)
		}))
		if category != "Bakery" {
			t.Errorf("the copy says %q", category)
		}
		change(`UPDATE smbs SET deleted_at = created_at, version = version + 1 WHERE id = $1`, ids[1])
		expect("cafe", "")
		change(`UPDATE smbs SET deleted_at = NULL, version = version + 1 WHERE id = $1`, ids[1])
		expect("cafe", "1")
		must(t, d.Update(t.Context(), func(tx *db.Tx) error { return search.Remove(t.Context(), tx, ids) }))
		expect("cafe", "")
		expect("bakery", "")
	})
}

// A reader of an older version never writes over what a newer one is found by.
func TestReindexKeepsTheNewer(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.Postgres, fibonacco.NewFakeClock(dbtest.Start))
	ids := fill(t, d, []business{{"Old Name", "", "", ""}})
	old, release := make(chan struct{}), make(chan error, 1)
	go func() {
		release <- d.Update(context.WithoutCancel(t.Context()), func(tx *db.Tx) error {
			if _, err := tx.Exec(context.WithoutCancel(t.Context()), `UPDATE smbs SET business_name = 'New Name', name_key = 'new name', version = version + 1 WHERE id = $1`, ids[0]); err != nil {
				return err
			}
			if err := search.Reindex(context.WithoutCancel(t.Context()), tx, ids); err != nil {
				return err
			}
			close(old)
			return nil
		})
	}()
	<-old // the new name may not be committed yet: this waits for it, having read the old one
	must(t, d.Update(t.Context(), func(tx *db.Tx) error { return search.Reindex(t.Context(), tx, ids) }))
	must(t, <-release)
	if got := hits(t, d, ids, "new name"); got != "0" {
		t.Errorf("the new name finds %q", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "cafe del mar", "(718) 555-0142", "a@b.c", "24/7", "\x00\xff", `"%_\`, "東京", "ǅ ŉ İ ﬁ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := search.Parse(text)
		if err != nil || !q.Asked() {
			return
		}
		for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
			args := &query.Args{}
			_, _ = q.Found(engine, args.Add), q.Holds(engine, args.Add)
			for _, r := range search.Ranks {
				_ = q.Ranked(r, engine, args.Add)
			}
			for _, v := range args.Values {
				if s, ok := v.(string); ok && (strings.ContainsRune(s, 0) || strings.ToValidUTF8(s, "") != s) {
					t.Fatalf("Parse(%q) asks the database for %q", text, s)
				}
			}
		}
	})
}
