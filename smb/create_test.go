package smb_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestCreate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s := newService(t, d)
		community := newCommunity(t, s, "park-slope", "America/New_York")
		got, err := s.Create(t.Context(), fibonacco.SMB{
			CommunityID: community, BusinessName: " Café Rosa, LLC ", PrimaryEmail: " Rosa@Example.COM ", PrimaryPhone: "(718) 555-0142",
			State: "ny", ZIP: "01234", Coordinates: &fibonacco.Point{Longitude: -73.98, Latitude: 40.67},
			SecondaryContacts: []fibonacco.SecondContact{{Name: " Ana ", Email: "ana@EXAMPLE.com", Phone: "718 555 0143", Role: "Baker"}},
			EmailOptedIn:      true, Metadata: map[string]any{"note": "a & b"}, ServicesActivated: []string{"listing_claim"},
			// None of these is the caller's to say:
			ID: 99, UUID: "x", EngagementTier: 1, EngagementScore: 100, CampaignStatus: fibonacco.StatusActive, ManifestDestinyDay: 5, TotalApprovals: 3,
		})
		must(t, err)
		equal(t, "name", got.BusinessName, "Café Rosa, LLC")
		equal(t, "email", got.PrimaryEmail, "Rosa@example.com")
		equal(t, "phone", got.PrimaryPhone, "+17185550142")
		equal(t, "state", got.State, "NY")
		equal(t, "zip", got.ZIP, "01234")
		equal(t, "point", *got.Coordinates, fibonacco.Point{Longitude: -73.98, Latitude: 40.67})
		equal(t, "contact", got.SecondaryContacts[0], fibonacco.SecondContact{Name: "Ana", Email: "ana@example.com", Phone: "+17185550143", Role: "Baker"})
		equal(t, "tier", got.EngagementTier, 4)
		equal(t, "score", got.EngagementScore, 0)
		equal(t, "status", got.CampaignStatus, fibonacco.StatusPending)
		equal(t, "day", got.ManifestDestinyDay, 0)
		equal(t, "approvals", got.TotalApprovals, 0)
		equal(t, "subscription", got.SubscriptionTier, "free")
		equal(t, "email opt-in", got.EmailOptedIn, true)
		equal(t, "voicemail opt-in", got.RVMOptedIn, false)
		equal(t, "version of uuid", got.UUID[14:15], "7")
		equal(t, "created at", got.CreatedAt, clock.Now())
		equal(t, "note", got.Metadata["note"], any("a & b"))
		equal(t, "service", got.ServicesActivated[0], "listing_claim")
		if got.DataQualityScore <= 0 || got.DataQualityScore > 100 {
			t.Errorf("data quality = %d", got.DataQualityScore)
		}
		if !reflect.DeepEqual(find(t, s, got.ID), got) {
			t.Errorf("found %+v, want %+v", find(t, s, got.ID), got)
		}
		equal(t, "rows with keys", count(t, d, `SELECT count(*) FROM smbs WHERE email_key = 'rosa@example.com' AND name_key = 'cafe rosa'`), 1)
		events := published[fibonacco.SMBCreated](t, d)
		if len(events) != 1 || events[0] != (fibonacco.SMBCreated{SMBID: got.ID, CommunityID: community}) {
			t.Errorf("published %+v", events)
		}
	})
}

func TestCreateLeast(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		_, got := setup(t, d)
		if got.SecondaryContacts == nil || got.ServicesActivated == nil || got.ServicesApprovedPending == nil || got.Metadata == nil {
			t.Errorf("a list or map is nil: %+v", got)
		}
		// What is not known is NULL, and so is the key to it.
		equal(t, "rows", count(t, d, `
			SELECT count(*) FROM smbs WHERE primary_email IS NULL AND email_key IS NULL AND primary_phone IS NULL AND coordinates IS NULL AND state IS NULL`), 1)
	})
}

func TestCreateRefuses(t *testing.T) {
	cases := map[string]struct {
		smb    fibonacco.SMB
		fields string
	}{
		"nothing": {fibonacco.SMB{}, "business_name community_id"},
		"everything at once": {
			fibonacco.SMB{
				CommunityID: 999, BusinessName: "  ", PrimaryEmail: "rosa@", PrimaryPhone: "12", State: "New York", ZIP: "01234567890",
				Coordinates: &fibonacco.Point{Longitude: 181}, Category: strings.Repeat("x", 101), City: "a\x00b", Address: "a\xffb",
				SecondaryContacts: []fibonacco.SecondContact{{}, {Email: "x", Phone: "y", Role: "\x00"}},
				Metadata:          map[string]any{"a": "\x00"}, ServicesActivated: []string{"\x00"},
			},
			"address business_name category city community_id coordinates metadata primary_email primary_phone " +
				"secondary_contacts[1].email secondary_contacts[1].phone secondary_contacts[1].role services_activated state zip",
		},
		"unknown community":   {fibonacco.SMB{CommunityID: 999, BusinessName: "Rosa's"}, "community_id"},
		"place that is none":  {fibonacco.SMB{CommunityID: 999, BusinessName: "Rosa's", Coordinates: &fibonacco.Point{Latitude: math.NaN()}}, "community_id coordinates"},
		"phone without sense": {fibonacco.SMB{CommunityID: 999, BusinessName: "Rosa's", PrimaryPhone: "call me"}, "community_id primary_phone"},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newService(t, d)
		for name, tc := range cases {
			_, err := s.Create(t.Context(), tc.smb)
			code(t, name, err, fibonacco.Invalid)
			equal(t, name, strings.Join(fieldNames(err), " "), tc.fields)
		}
		equal(t, "SMBs", count(t, d, `SELECT count(*) FROM smbs`), 0)
		equal(t, "events", count(t, d, `SELECT count(*) FROM analytics_events`), 0)
	})
}
