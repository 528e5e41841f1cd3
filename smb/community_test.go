package smb_test

import (
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestCreateCommunity(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s := newService(t, d)
		c, err := s.CreateCommunity(t.Context(), fibonacco.Community{
			Name: " Park Slope ", Slug: "park-slope", State: "ny", County: "Kings", Population: ptr(67000),
			Settings: map[string]any{"welcome": "Hi"},
		})
		must(t, err)
		equal(t, "name", c.Name, "Park Slope")
		equal(t, "state", c.State, "NY")
		equal(t, "time zone", c.Timezone, fibonacco.DefaultTimezone)
		equal(t, "population", *c.Population, 67000)
		equal(t, "setting", c.Settings["welcome"], any("Hi"))
		equal(t, "created at", c.CreatedAt, clock.Now())
		equal(t, "length of uuid", len(c.UUID), 36)

		byID, err := s.FindCommunity(t.Context(), c.ID)
		must(t, err)
		bySlug, err := s.FindCommunityBySlug(t.Context(), "park-slope")
		must(t, err)
		if byID.UUID != c.UUID || bySlug.UUID != c.UUID {
			t.Errorf("found %v and %v, want %v", byID, bySlug, c)
		}
		_, err = s.CreateCommunity(t.Context(), fibonacco.Community{Name: "Again", Slug: "park-slope", State: "NY"})
		code(t, "a taken slug", err, fibonacco.Conflict)
		_, err = s.FindCommunity(t.Context(), c.ID+1)
		code(t, "an unknown id", err, fibonacco.NotFound)
		_, err = s.FindCommunityBySlug(t.Context(), "no\x00where")
		code(t, "an impossible slug", err, fibonacco.NotFound)
	})
}

func TestCreateCommunityRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newService(t, d)
		_, err := s.CreateCommunity(t.Context(), fibonacco.Community{
			Name: "Bad\x00", Slug: "Bad Slug", State: "New York", Timezone: "Mars/Olympus",
			County: strings.Repeat("x", 256), Population: ptr(-1), Settings: map[string]any{"a": "\x00"},
		})
		code(t, "everything wrong", err, fibonacco.Invalid)
		equal(t, "fields", strings.Join(fieldNames(err), " "), "county name population settings slug state timezone")
		equal(t, "communities", count(t, d, `SELECT count(*) FROM communities`), 0)
	})
}

func TestListCommunities(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newService(t, d)
		second := newCommunity(t, s, "b", "America/New_York")
		newCommunity(t, s, "a", "America/New_York")
		active, gone := newSMB(t, s, second, "One"), newSMB(t, s, second, "Two")
		newSMB(t, s, second, "Three")
		exec(t, d, `UPDATE smbs SET campaign_status = 'active' WHERE id IN ($1...)`, []int64{active.ID, gone.ID})
		must(t, s.DeleteSMB(t.Context(), gone.ID))
		all, err := s.ListCommunities(t.Context())
		must(t, err)
		if len(all) != 2 || all[0].Slug != "a" || all[0].SMBs != 0 || all[1].SMBs != 2 || all[1].Active != 1 {
			t.Errorf("got %+v", all)
		}
	})
}
