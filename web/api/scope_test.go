package api_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/booking"
	"github.com/fibonacco/fibonacco/campaign"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb"
	"github.com/fibonacco/fibonacco/web/api"
)

// neighbours lets in whoever says which community they are limited to.
type neighbours struct{ fibonacco.AccessService }

func (neighbours) ByToken(_ context.Context, secret string) (*fibonacco.Principal, error) {
	p := &fibonacco.Principal{TokenID: 1, Name: secret, Role: fibonacco.Admin}
	if _, err := fmt.Sscanf(secret, "only-%d", new(int64)); err == nil {
		p.Communities = make([]int64, 1)
		_, err = fmt.Sscanf(secret, "only-%d", &p.Communities[0])
		return p, err
	}
	return p, nil
}

// What belongs to another community does not exist: by list, id, uuid, slug, include or filter.
func TestRecordsOfOtherCommunities(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		cfg := fibonacco.Config{
			ManifestDestiny: fibonacco.ManifestDestinyConfig{TotalDays: 90, PlanTimeLocal: "00:05", SendTimeLocal: "10:00"},
			Engagement: fibonacco.EngagementConfig{
				Tiers: map[int]fibonacco.TierConfig{1: {MinScore: 80}, 2: {MinScore: 50}, 3: {MinScore: 20}, 4: {}}, WindowDays: 30,
			},
		}
		q, err := queue.New(queue.Options{DB: d})
		must(err)
		businesses := smb.New(d, q, cfg)
		mails, err := campaign.New(campaign.Options{DB: d, Queue: q, Config: cfg, FilterSQL: smb.FilterSQL, Log: slog.New(slog.DiscardHandler)})
		must(err)
		var own, theirs *fibonacco.SMB
		for _, b := range []struct {
			slug string
			into **fibonacco.SMB
		}{{"own", &own}, {"theirs", &theirs}} {
			c, err := businesses.CreateCommunity(t.Context(), fibonacco.Community{Name: "Town " + b.slug, Slug: b.slug, State: "NY"})
			must(err)
			*b.into, err = businesses.Create(t.Context(), fibonacco.SMB{CommunityID: c.ID, BusinessName: "Secret " + b.slug, PrimaryEmail: b.slug + "@example.com"})
			must(err)
		}
		must(d.Update(t.Context(), func(tx *db.Tx) error {
			if _, err := tx.Exec(t.Context(), `INSERT INTO campaigns (id, type, week, day, title, subject, slug) VALUES ('HOOK-001', 'HOOK', 1, 1, 'T', 'S', 's')`); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), `
				INSERT INTO campaign_sends (uuid, smb_id, campaign_id, email, community_id, created_at, updated_at)
				SELECT uuid, id, 'HOOK-001', primary_email, $1, $2, $2 FROM smbs`, own.CommunityID, tx.Now)
			return err
		}))
		a := api.New(api.Options{
			Contracts: api.Contracts{
				Access: neighbours{}, SMBs: businesses, Directory: businesses, Communities: businesses, Records: businesses, Campaigns: mails, Mailing: mails,
				Programme: mails, Explainer: mails, Notes: businesses, Suggestions: businesses, Bookings: booking.New(booking.Options{DB: d}),
			},
			Clock: clock,
		})
		ask := func(route, body string) *answer {
			t.Helper()
			return do(t, a, request{route: route, role: fmt.Sprint("only-", own.CommunityID), body: body})
		}

		ofSMB := []string{
			"GET /smbs/{id}", "GET /smbs/{id}?include=community,recent_sends,approvals,engagement,next_step,reach", "GET /smbs/{id}/engagement",
			"GET /smbs/{id}/engagement/score", "GET /smbs/{id}/engagement/score/history", "GET /smbs/{id}/explain", "GET /smbs/{id}/campaigns",
			"GET /smbs/{id}/approvals", "GET /smbs/{id}/bookings", "GET /smbs/{id}/notes",
		}
		ofTown := []string{"GET /communities/{id}", "GET /communities/{id}/stats", "GET /communities/{id}/smbs"}
		for _, route := range ofSMB {
			for _, id := range []string{fmt.Sprint(theirs.ID), theirs.UUID} {
				if got := ask(strings.ReplaceAll(route, "{id}", id), ""); got.StatusCode != http.StatusNotFound {
					t.Errorf("%s of another community: %d %s", route, got.StatusCode, got.body)
				}
			}
			if got := ask(strings.ReplaceAll(route, "{id}", own.UUID), ""); got.StatusCode != http.StatusOK || strings.Contains(got.body, "theirs") {
				t.Errorf("%s of their own: %d %s", route, got.StatusCode, got.body)
			}
		}
		for _, route := range ofTown {
			for _, id := range []string{fmt.Sprint(theirs.CommunityID), "theirs"} {
				if got := ask(strings.ReplaceAll(route, "{id}", id), ""); got.StatusCode != http.StatusNotFound {
					t.Errorf("%s of another: %d %s", route, got.StatusCode, got.body)
				}
			}
			if got := ask(strings.ReplaceAll(route, "{id}", "own"), ""); got.StatusCode != http.StatusOK || strings.Contains(got.body, "theirs") {
				t.Errorf("%s of their own: %d %s", route, got.StatusCode, got.body)
			}
		}
		for _, list := range []string{
			"/communities", "/communities?search=theirs", "/communities?filter[slug]=theirs", "/campaign-sends", fmt.Sprint("/campaign-sends?filter[smb_id]=", theirs.ID),
			fmt.Sprint("/campaign-sends?filter[community_id]=", theirs.CommunityID), "/campaign-sends?filter[email]=theirs@example.com", "/smbs", "/smbs?search=secret",
		} {
			if got := ask("GET "+list, ""); got.StatusCode != http.StatusOK || strings.Contains(got.body, "theirs@") || strings.Contains(got.body, `"slug":"theirs"`) {
				t.Errorf("%s: %d %s", list, got.StatusCode, got.body)
			}
		}
		for _, tc := range []struct {
			route, body string
			status      int
			fields      string
		}{
			{fmt.Sprint("PATCH /smbs/", theirs.ID), `{"city":"Mine"}`, 404, ""},
			{fmt.Sprint("DELETE /smbs/", theirs.ID), "", 404, ""},
			{fmt.Sprint("PATCH /smbs/", own.ID), fmt.Sprintf(`{"community_id":%d}`, theirs.CommunityID), 422, "community_id"},
			{"POST /smbs", fmt.Sprintf(`{"business_name":"Spy","community_id":%d}`, theirs.CommunityID), 422, "community_id"},
			{"PATCH /communities/theirs", `{"name":"Mine"}`, 404, ""},
			{"DELETE /communities/theirs", "", 404, ""},
			{"POST /communities", `{"name":"New","slug":"new","state":"NY"}`, 403, ""},
		} {
			if got := ask(tc.route, tc.body); got.StatusCode != tc.status || got.fields() != tc.fields {
				t.Errorf("%s: %d %s", tc.route, got.StatusCode, got.body)
			}
		}
		after, err := businesses.Find(t.Context(), theirs.ID)
		must(err)
		if after.Version != theirs.Version || after.City != "" {
			t.Errorf("theirs became %+v", after)
		}
		if got := do(t, a, request{route: "GET /campaign-sends", role: "everybody"}); strings.Count(got.body, `"campaign_id"`) != 2 {
			t.Errorf("without limits: %s", got.body)
		}
	})
}
