package smb_test

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestTags(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, b := setup(t, d)
		set := func(tags ...string) *fibonacco.SMB {
			t.Helper()
			got, err := s.Update(t.Context(), b.ID, fibonacco.SMBChange{Tags: tags})
			must(t, err)
			return got
		}
		equal(t, "none", fmt.Sprint(b.Tags), "[]")
		equal(t, "as stored", fmt.Sprint(set("VIP", " spring  Sale ", "vip", "É").Tags), "[spring sale vip é]")
		equal(t, "the same again", set("é", "vip", "spring sale").Version, 2)
		if got, err := s.Update(t.Context(), b.ID, fibonacco.SMBChange{City: ptr("Brooklyn")}); err != nil || len(got.Tags) != 3 {
			t.Errorf("a change of something else: %v, %v", got, err)
		}
		equal(t, "replaced", fmt.Sprint(set("gold").Tags), "[gold]")
		got, err := s.Update(t.Context(), b.ID, fibonacco.SMBChange{Tags: []string{}})
		must(t, err)
		equal(t, "taken away", fmt.Sprint(got.Tags, find(t, s, b.ID).Tags), "[] []")

		many := make([]string, 51)
		for i := range many {
			many[i] = fmt.Sprint("tag ", i)
		}
		for name, tags := range map[string][]string{
			"tags": many, "tags[1]": {"good", strings.Repeat("é", 51)}, "tags[0]": {" "}, "tags[2]": {"a", "b", "c\x00"}, "tags[3]": {"a", "b", "c", "\xff"},
		} {
			_, err := s.Update(t.Context(), b.ID, fibonacco.SMBChange{Tags: tags})
			equal(t, "refused", strings.Join(fieldNames(err), " "), name)
			_, err = s.Create(t.Context(), fibonacco.SMB{CommunityID: b.CommunityID, BusinessName: "New", Tags: tags})
			equal(t, "refused anew", strings.Join(fieldNames(err), " "), name)
		}
		made, err := s.Create(t.Context(), fibonacco.SMB{CommunityID: b.CommunityID, BusinessName: "New", Tags: []string{"Gold", "a"}})
		must(t, err)
		equal(t, "new", fmt.Sprint(made.Tags), "[a gold]")
	})
}

func TestMetadata(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, b := setup(t, d)
		merge := func(change map[string]any, want map[string]any) {
			t.Helper()
			got, err := s.Update(t.Context(), b.ID, fibonacco.SMBChange{Metadata: change})
			must(t, err)
			if !reflect.DeepEqual(got.Metadata, want) || !reflect.DeepEqual(find(t, s, b.ID).Metadata, want) {
				t.Errorf("%v made %v, want %v", change, got.Metadata, want)
			}
		}
		merge(map[string]any{"a": 1, "b": map[string]any{"c": []int{2}}}, map[string]any{"a": 1.0, "b": map[string]any{"c": []any{2.0}}})
		merge(map[string]any{"a": nil, "d": "x"}, map[string]any{"b": map[string]any{"c": []any{2.0}}, "d": "x"})
		version := find(t, s, b.ID).Version
		merge(map[string]any{"d": "x", "gone": nil}, map[string]any{"b": map[string]any{"c": []any{2.0}}, "d": "x"})
		equal(t, "no change, no version", find(t, s, b.ID).Version, version)
		for name, bad := range map[string]map[string]any{
			"too much": {"x": strings.Repeat("y", 16<<10)}, "zero byte": {"x": "a\x00"}, "zero key": {"a\x00": 1}, "not JSON": {"x": func() {}},
		} {
			_, err := s.Update(t.Context(), b.ID, fibonacco.SMBChange{Metadata: bad})
			equal(t, name, strings.Join(fieldNames(err), " "), "metadata")
		}
	})
}

// Every change that a person or a program makes has a version of its own; what the product does by
// itself has none. Who changes what they have not seen is told so.
func TestVersions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, b := setup(t, d)
		equal(t, "new", b.Version, 1)
		got, err := s.Update(t.Context(), b.ID, fibonacco.SMBChange{City: ptr("Brooklyn"), IfVersion: ptr(1)})
		must(t, err)
		equal(t, "changed", got.Version, 2)
		_, err = s.Update(t.Context(), b.ID, fibonacco.SMBChange{City: ptr("Queens"), IfVersion: ptr(1)})
		code(t, "not seen", err, fibonacco.Conflict)
		equal(t, "unchanged", find(t, s, b.ID).City, "Brooklyn")
		same, err := s.Update(t.Context(), b.ID, fibonacco.SMBChange{City: ptr("Brooklyn"), IfVersion: ptr(2)})
		must(t, err)
		equal(t, "as it was", same.Version, 2)
		must(t, s.UpdateEngagement(t.Context(), b.ID, fibonacco.KindOpen, clock.Now()))
		must(t, s.Nightly(t.Context(), clock.Now()))
		equal(t, "by itself", find(t, s, b.ID).Version, 2)

		// Of many who have seen the same version, one changes it.
		var wg sync.WaitGroup
		var mu sync.Mutex
		changed := 0
		for i := range 8 {
			wg.Go(func() {
				_, err := s.Update(t.Context(), b.ID, fibonacco.SMBChange{City: ptr(fmt.Sprint("City ", i)), IfVersion: ptr(2)})
				switch fibonacco.CodeOf(err) {
				case "":
					mu.Lock()
					changed++
					mu.Unlock()
				case fibonacco.Conflict:
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		equal(t, "changed by", changed, 1)
		equal(t, "version", find(t, s, b.ID).Version, 3)
	})
}

// What staff does to a business is in the audit log: the fields that changed, before and after.
func TestChangesAreAudited(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, b := setup(t, d)
		staff := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{UserID: 5, Name: "Ana Ruiz", Role: fibonacco.Manager})
		_, err := s.Update(staff, b.ID, fibonacco.SMBChange{City: ptr("Brooklyn"), Tags: []string{"vip"}})
		must(t, err)
		must(t, s.DeleteSMB(staff, b.ID))
		var rows []string
		run(t, d, func(tx *db.Tx) (err error) {
			rows, err = db.Select[string](t.Context(), tx, `
				SELECT action || ' ' || actor_name || ' ' || entity_id || ' ' || CAST(before AS text) || ' ' || CAST(after AS text) FROM audit_log
				WHERE entity = 'smb' ORDER BY id`)
			return err
		})
		compact := func(text string) string { return strings.ReplaceAll(text, `": `, `":`) }
		want := fmt.Sprintf(`smb.updated Ana Ruiz %d {"city":"", "tags":[]} {"city":"Brooklyn", "tags":["vip"]}`, b.ID)
		if len(rows) != 3 || strings.ReplaceAll(compact(rows[1]), ", ", ",") != strings.ReplaceAll(want, ", ", ",") {
			t.Errorf("%q", rows)
		}
		if !strings.HasPrefix(rows[0], "smb.created fibonacco") || !strings.Contains(rows[0], "Rosa's Bakery") ||
			!strings.HasPrefix(rows[2], "smb.deleted Ana Ruiz") || !strings.Contains(rows[2], "Rosa's Bakery") {
			t.Errorf("%q", rows)
		}
	})
}
