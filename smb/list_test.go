package smb_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestFind(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, b := setup(t, d)
		for range 2 { // two businesses of one owner: the older is found
			_, err := s.Create(t.Context(), fibonacco.SMB{CommunityID: b.CommunityID, BusinessName: "Twin", PrimaryEmail: "Owner@example.com", PrimaryPhone: "7185550142"})
			must(t, err)
		}
		for what, found := range map[string]func() (*fibonacco.SMB, error){
			"email in capitals": func() (*fibonacco.SMB, error) { return s.FindByEmail(t.Context(), " OWNER@EXAMPLE.COM ") },
			"phone as written":  func() (*fibonacco.SMB, error) { return s.FindByPhone(t.Context(), "+1 (718) 555-0142") },
		} {
			got, err := found()
			must(t, err)
			equal(t, what, got.ID, b.ID+1)
		}
		got, err := s.FindByUUID(t.Context(), strings.ToUpper(b.UUID))
		must(t, err)
		equal(t, "by uuid", got.ID, b.ID)
		for _, bad := range []string{"", "x", "0193c2f0-0000-7000-8000-000000000001", "a\x00b"} {
			_, err := s.FindByUUID(t.Context(), bad)
			code(t, "uuid "+bad, err, fibonacco.NotFound)
			_, err = s.FindByEmail(t.Context(), bad)
			code(t, "email "+bad, err, fibonacco.NotFound)
			_, err = s.FindByPhone(t.Context(), bad)
			code(t, "phone "+bad, err, fibonacco.NotFound)
		}
	})
}

func TestListFilters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newService(t, d)
		north, south := newCommunity(t, s, "north", "America/New_York"), newCommunity(t, s, "south", "America/New_York")
		for i, b := range []fibonacco.SMB{
			{CommunityID: north, BusinessName: "50% Off Store", DBAName: "Half_Price", PrimaryEmail: "half@example.com", Source: "import"},
			{CommunityID: north, BusinessName: "500 Degrees Pizza", PrimaryPhone: "718-555-0142", Category: "Pizza", ServiceModel: "self_service"},
			{CommunityID: south, BusinessName: "ÉCLAIR & Co", PrimaryEmail: "Bonjour@Example.com", SubscriptionTier: "growth"},
			{CommunityID: south, BusinessName: `Back\slash`},
		} {
			got, err := s.Create(t.Context(), b)
			must(t, err)
			exec(t, d, `UPDATE smbs SET engagement_tier = $2, campaign_status = $3 WHERE id = $1`, got.ID, i+1, []string{"pending", "active", "paused", "completed"}[i])
		}
		var all []int64
		run(t, d, func(tx *db.Tx) (err error) {
			all, err = db.Select[int64](t.Context(), tx, `SELECT id FROM smbs ORDER BY id`)
			return err
		})
		for name, tc := range map[string]struct {
			filter fibonacco.SMBFilter
			want   string // places in the list above
		}{
			"nothing":              {fibonacco.SMBFilter{}, "0 1 2 3"},
			"empty lists":          {fibonacco.SMBFilter{IDs: []int64{}, Sources: []string{}}, "0 1 2 3"},
			"community":            {fibonacco.SMBFilter{CommunityIDs: []int64{south}}, "2 3"},
			"both communities":     {fibonacco.SMBFilter{CommunityIDs: []int64{south, north}}, "0 1 2 3"},
			"status":               {fibonacco.SMBFilter{CampaignStatuses: []fibonacco.CampaignStatus{fibonacco.StatusActive, fibonacco.StatusPaused}}, "1 2"},
			"tier":                 {fibonacco.SMBFilter{EngagementTiers: []int{1, 4}}, "0 3"},
			"tiers there are not":  {fibonacco.SMBFilter{EngagementTiers: []int{0, 99999999999}}, ""},
			"service model":        {fibonacco.SMBFilter{ServiceModels: []string{"self_service"}}, "1"},
			"subscription":         {fibonacco.SMBFilter{SubscriptionTiers: []string{"growth"}}, "2"},
			"source":               {fibonacco.SMBFilter{Sources: []string{"import", "none\x00"}}, "0"},
			"category":             {fibonacco.SMBFilter{Categories: []string{"Pizza"}}, "1"},
			"ids":                  {fibonacco.SMBFilter{IDs: []int64{all[0], all[3], 12345678}}, "0 3"},
			"two at once":          {fibonacco.SMBFilter{CommunityIDs: []int64{north}, EngagementTiers: []int{2, 3}}, "1"},
			"search name":          {fibonacco.SMBFilter{Search: " DEGREES "}, "1"},
			"search trading name":  {fibonacco.SMBFilter{Search: "half_p"}, "0"},
			"search email":         {fibonacco.SMBFilter{Search: "bonjour@ex"}, "2"},
			"search accents":       {fibonacco.SMBFilter{Search: "éclair"}, "2"},
			"search phone":         {fibonacco.SMBFilter{Search: "(718) 555-01"}, "1"},
			"percent is no letter": {fibonacco.SMBFilter{Search: "50%"}, "0 1"},
			"underscore, too":      {fibonacco.SMBFilter{Search: "t_t"}, ""},
			"nor is a backslash":   {fibonacco.SMBFilter{Search: `back\slash`}, "3"},
			"quotes are harmless":  {fibonacco.SMBFilter{Search: `' OR 1=1 --`}, ""},
			"zero byte is space":   {fibonacco.SMBFilter{Search: "deg\x00\xffpiz"}, "1"},
			"search within":        {fibonacco.SMBFilter{Search: "c", CommunityIDs: []int64{south}, EngagementTiers: []int{3}}, "2"},
		} {
			page, next, err := s.ListSMBs(t.Context(), tc.filter, 0, 0)
			must(t, err)
			n, err := s.CountSMBs(t.Context(), tc.filter)
			must(t, err)
			var got []string
			for _, b := range page {
				got = append(got, fmt.Sprint(b.ID-all[0]))
			}
			equal(t, name, strings.Join(got, " "), tc.want)
			equal(t, name+": count", n, len(page))
			equal(t, name+": next", next, 0)
		}
	})
}

func TestListPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, first := setup(t, d)
		rows := db.NewBatch("uuid uuid", "name text")
		for i := range 1004 {
			rows.Add(fmt.Sprintf("0193c2f0-0000-7000-8000-%012d", i), "Business")
		}
		run(t, d, func(tx *db.Tx) error {
			_, err := tx.ExecBatch(t.Context(), rows, `
				INSERT INTO smbs (uuid, community_id, business_name, campaign_status, manifest_destiny_day, created_at, updated_at)
				SELECT uuid, $1, name, 'active', 3, $2, $2 FROM rows`, first.CommunityID, tx.Now)
			return err
		})
		for name, list := range map[string]func(after int64, limit int) ([]fibonacco.SMB, int64, error){
			"ListSMBs": func(after int64, limit int) ([]fibonacco.SMB, int64, error) {
				return s.ListSMBs(t.Context(), fibonacco.SMBFilter{CampaignStatuses: []fibonacco.CampaignStatus{fibonacco.StatusActive}}, after, limit)
			},
			"ForCampaign": func(after int64, limit int) ([]fibonacco.SMB, int64, error) {
				return s.ForCampaign(t.Context(), fibonacco.StatusActive, 3, after, limit)
			},
		} {
			for _, limit := range []int{251, 502, 1000, 5000, 0} {
				seen, pages := map[int64]bool{}, 0
				for after := int64(0); ; pages++ {
					page, next, err := list(after, limit)
					must(t, err)
					if len(page) > 1000 {
						t.Fatalf("a page of %d", len(page))
					}
					for _, b := range page {
						if seen[b.ID] || b.ID == first.ID {
							t.Fatalf("%s: SMB %d does not belong here", name, b.ID)
						}
						seen[b.ID] = true
					}
					if after = next; next == 0 {
						break
					}
				}
				equal(t, name, len(seen), 1004)
				equal(t, name+" further pages", pages, map[int]int{251: 3, 502: 1, 1000: 1, 5000: 1, 0: 1}[limit])
			}
		}
		page, _, err := s.ForCampaign(t.Context(), fibonacco.StatusActive, 4, 0, 10)
		must(t, err)
		equal(t, "SMBs on another day", len(page), 0)
	})
}
