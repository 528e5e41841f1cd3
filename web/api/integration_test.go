package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/access"
	"github.com/fibonacco/fibonacco/campaign"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb"
	"github.com/fibonacco/fibonacco/smb/imports"
	"github.com/fibonacco/fibonacco/web/api"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// real puts the modules themselves behind the interface, and returns it with a token for each role.
func real(t *testing.T, d *db.DB, clock fibonacco.Clock) (a *api.API, tokens map[string]string) {
	t.Helper()
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
		Email:   fibonacco.EmailConfig{FromName: "Sarah", FromEmail: "sarah@local.example", ReplyTo: "reply@local.example", ChunkSize: 500},
		Company: fibonacco.CompanyConfig{Name: "Town Media", PostalAddress: "1 Main Street"},
		HTTP:    fibonacco.HTTPConfig{PublicURL: "http://localhost:8080"},
		DataDir: t.TempDir(),
	}
	q, err := queue.New(queue.Options{DB: d})
	must(err)
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	must(err)
	businesses := smb.New(d, q, cfg)
	mails, err := campaign.New(campaign.Options{DB: d, Queue: q, Config: cfg, Signer: signer, FilterSQL: smb.FilterSQL})
	must(err)
	_, err = mails.StoreLibrary(t.Context(), []fibonacco.Campaign{{
		ID: "HOOK-001", Type: fibonacco.Hook, Week: 1, Day: 1, Title: "Listing", Subject: "Hello", Slug: "listing", BodyMarkdown: "Hello.",
		EmailTemplateID: "v1", IsActive: true,
	}}, nil)
	must(err)
	gate := access.New(d, access.WithParams(argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}))
	tokens = map[string]string{"nonsense": "fib_nonsense"}
	for _, role := range fibonacco.Roles {
		secret, _, err := gate.CreateToken(t.Context(), fibonacco.AccessToken{Name: string(role), Role: role})
		must(err)
		tokens[string(role)] = secret
	}
	_, err = businesses.CreateCommunity(t.Context(), fibonacco.Community{Name: "Brooklyn", Slug: "brooklyn", State: "NY"})
	must(err)
	for i := range 3 {
		_, err := businesses.Create(t.Context(), fibonacco.SMB{CommunityID: 1, BusinessName: fmt.Sprintf("Business %d", i)})
		must(err)
	}
	return api.New(api.Options{
		Contracts: api.Contracts{
			Access: gate, SMBs: businesses, Directory: businesses, Communities: businesses, Records: businesses, Programme: mails, Explainer: mails,
			Importer: imports.New(d, q, cfg), Campaigns: mails, Mailing: mails, Queues: q,
		},
		Clock: clock,
	}), tokens
}

// A business's way through the interface, with nothing faked.
func TestAWayThroughTheModules(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		a, tokens := real(t, d, clock)
		call := func(route, body, kind string, status int) string {
			t.Helper()
			method, path, _ := strings.Cut(route, " ")
			trace := &edge.Trace{}
			r := httptest.NewRequestWithContext(edge.WithTrace(t.Context(), trace), method, api.Prefix+path, strings.NewReader(body))
			r.Header.Set("Content-Type", kind)
			r.Header.Set("Authorization", "Bearer "+tokens["manager"])
			w := httptest.NewRecorder()
			a.ServeHTTP(w, r)
			if w.Code != status {
				t.Fatalf("%s: %d, want %d: %s %v", route, w.Code, status, w.Body, trace.Err)
			}
			return w.Body.String()
		}
		const js = "application/json"
		got := call("POST /smbs", `{"community_id":1,"business_name":"Rosa's Bakery","primary_email":" Rosa@Example.COM","primary_phone":"(718) 555-0142","state":"NY"}`, js, http.StatusCreated)
		if !strings.Contains(got, `"primary_email":"Rosa@example.com"`) || !strings.Contains(got, `"primary_phone":"+17185550142"`) {
			t.Errorf("created %s", got)
		}
		call("POST /smbs", `{"community_id":77,"business_name":"Nowhere"}`, js, http.StatusUnprocessableEntity)
		if got := call("GET /smbs?search=rosa&filter[campaign_status]=pending&filter[engagement_tier]=4", "", js, http.StatusOK); !strings.Contains(got, `"id":4`) {
			t.Errorf("found %s", got)
		}
		call("POST /smbs/4/campaign/pause", "", js, http.StatusConflict)
		call("POST /smbs/4/campaign/start", "", js, http.StatusOK)
		call("POST /smbs/4/campaign/start", "", js, http.StatusConflict)
		call("POST /smbs/4/campaign/pause", `{"reason":"on holiday"}`, js, http.StatusOK)
		if got := call("GET /smbs/4", "", js, http.StatusOK); !strings.Contains(got, `"pause_reason":"on holiday"`) {
			t.Errorf("paused %s", got)
		}
		call("POST /smbs/campaign/resume", `{"filter":{"community_id":[1]}}`, js, http.StatusOK)
		call("GET /smbs/4/explain", "", js, http.StatusOK)
		call("GET /smbs/4/engagement/score", "", js, http.StatusOK)
		if got := call("GET /smbs/4/campaigns", "", js, http.StatusOK); !strings.Contains(got, `"campaign_id":"HOOK-001"`) {
			t.Errorf("sends %s", got)
		}
		call("POST /smbs/import?community=brooklyn&mapping[business_name]=name", "name,email\nA,a@example.com\n", "text/csv", http.StatusAccepted)
		call("DELETE /smbs/4", "", js, http.StatusNoContent)
		call("GET /smbs/4", "", js, http.StatusNotFound)
		call("GET /campaigns", "", js, http.StatusOK)
		call("GET /queues", "", js, http.StatusOK)
		call("GET /communities/brooklyn", "", js, http.StatusOK)
	})
}
