package smb_test

import (
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestUpdate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, before := setup(t, d)
		clock.Advance(time.Hour)
		got, err := s.Update(t.Context(), before.ID, fibonacco.SMBChange{
			BusinessName: ptr("Rosa's Bakery"), // as it is
			PrimaryEmail: ptr("Rosa@EXAMPLE.com"), PrimaryPhone: ptr("718.555.0142"), State: ptr("ny"),
			Coordinates: &fibonacco.Point{Longitude: 1.5, Latitude: -2}, EmailOptedIn: ptr(false),
		})
		must(t, err)
		want := *before
		want.PrimaryEmail, want.PrimaryPhone, want.State = "Rosa@example.com", "+17185550142", "NY"
		want.Coordinates, want.EmailOptedIn, want.UpdatedAt = &fibonacco.Point{Longitude: 1.5, Latitude: -2}, false, clock.Now()
		want.DataQualityScore, want.Version = got.DataQualityScore, before.Version+1
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("got %+v\nwant %+v", *got, want)
		}
		if got.DataQualityScore <= before.DataQualityScore {
			t.Errorf("data quality went from %d to %d", before.DataQualityScore, got.DataQualityScore)
		}
		events := published[fibonacco.SMBUpdated](t, d)
		if len(events) != 1 || strings.Join(events[0].Fields, " ") != "primary_email primary_phone state coordinates email_opted_in" {
			t.Errorf("published %+v", events)
		}
		// The opt-out and the new key are there for whoever looks next.
		equal(t, "opted out", count(t, d, `SELECT count(*) FROM smbs WHERE NOT email_opted_in AND email_key = 'rosa@example.com'`), 1)
	})
}

func TestUpdateToTheSame(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, before := setup(t, d)
		clock.Advance(time.Hour)
		got, err := s.Update(t.Context(), before.ID, fibonacco.SMBChange{
			BusinessName: ptr(" Rosa's Bakery "), EmailOptedIn: ptr(true), SubscriptionTier: ptr(""), SecondaryContacts: []fibonacco.SecondContact{},
		})
		must(t, err)
		if !reflect.DeepEqual(got, before) {
			t.Errorf("got %+v, want %+v", got, before)
		}
		equal(t, "events", len(published[fibonacco.SMBUpdated](t, d)), 0)
	})
}

func TestUpdateClears(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, b := setup(t, d)
		_, err := s.Update(t.Context(), b.ID, fibonacco.SMBChange{PrimaryEmail: ptr("a@example.com"), SecondaryContacts: []fibonacco.SecondContact{{Name: "Ana"}}})
		must(t, err)
		got, err := s.Update(t.Context(), b.ID, fibonacco.SMBChange{PrimaryEmail: ptr(""), SecondaryContacts: []fibonacco.SecondContact{}})
		must(t, err)
		if got.PrimaryEmail != "" || len(got.SecondaryContacts) != 0 {
			t.Errorf("got %+v", got)
		}
		equal(t, "rows without key", count(t, d, `SELECT count(*) FROM smbs WHERE primary_email IS NULL AND email_key IS NULL`), 1)
	})
}

func TestUpdateRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, b := setup(t, d)
		_, err := s.Update(t.Context(), b.ID, fibonacco.SMBChange{
			CommunityID: ptr(int64(999)), BusinessName: ptr(""), PrimaryEmail: ptr("x"), PrimaryPhone: ptr("y"), State: ptr("N"),
		})
		code(t, "bad values", err, fibonacco.Invalid)
		equal(t, "fields", strings.Join(fieldNames(err), " "), "business_name community_id primary_email primary_phone state")
		_, err = s.Update(t.Context(), b.ID+1, fibonacco.SMBChange{})
		code(t, "an unknown id", err, fibonacco.NotFound)
		if !reflect.DeepEqual(find(t, s, b.ID), b) {
			t.Error("a refused change left traces")
		}
		// What was stored wrongly before, by somebody else, does not stand in the way.
		exec(t, d, `UPDATE smbs SET state = '??' WHERE id = $1`, b.ID)
		got, err := s.Update(t.Context(), b.ID, fibonacco.SMBChange{City: ptr("Brooklyn")})
		must(t, err)
		equal(t, "state", got.State, "??")
		equal(t, "fields", strings.Join(published[fibonacco.SMBUpdated](t, d)[0].Fields, " "), "city")
	})
}

// Two writers of different fields both get through: the whole row is written, but under a lock.
func TestUpdateConcurrently(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, b := setup(t, d)
		changes := []fibonacco.SMBChange{
			{City: ptr("Brooklyn")}, {ZIP: ptr("11215")}, {Category: ptr("Bakery")}, {Address: ptr("1 First St")}, {DBAName: ptr("Rosa")}, {Source: ptr("api")},
		}
		var wg sync.WaitGroup
		for _, change := range changes {
			wg.Go(func() {
				if _, err := s.Update(t.Context(), b.ID, change); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got := find(t, s, b.ID)
		if got.City == "" || got.ZIP == "" || got.Category == "" || got.Address == "" || got.DBAName == "" || got.Source == "" {
			t.Errorf("a change was lost: %+v", got)
		}
	})
}

func TestDelete(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, b := setup(t, d)
		_, err := s.Update(t.Context(), b.ID, fibonacco.SMBChange{PrimaryEmail: ptr("a@example.com"), PrimaryPhone: ptr("718-555-0142")})
		must(t, err)
		other := newSMB(t, s, b.CommunityID, "Other")
		sent, queued, others := mail(t, d, b.ID, nil), mail(t, d, b.ID, nil), mail(t, d, other.ID, nil)
		exec(t, d, `UPDATE campaign_sends SET status = 'queued' WHERE id IN ($1...)`, []int64{queued, others})
		exec(t, d, `INSERT INTO rvm_drops (uuid, smb_id, phone) VALUES ($uuid, $1, '+17185550142')`, b.ID)
		must(t, s.DeleteSMB(t.Context(), b.ID))

		equal(t, "cancelled sends", count(t, d, `SELECT count(*) FROM campaign_sends WHERE id = $1 AND status = 'cancelled' AND skip_reason = 'deleted'`, queued), 1)
		equal(t, "untouched sends", count(t, d, `SELECT count(*) FROM campaign_sends WHERE (id = $1 AND status = 'sent') OR (id = $2 AND status = 'queued')`, sent, others), 2)
		equal(t, "cancelled drops", count(t, d, `SELECT count(*) FROM rvm_drops WHERE status = 'cancelled' AND delivery_status = 'deleted'`), 1)
		events := published[fibonacco.SMBUpdated](t, d)
		if last := events[len(events)-1]; last.SMBID != b.ID || strings.Join(last.Fields, " ") != "deleted_at" {
			t.Errorf("published %+v", last)
		}

		_, errID := s.Find(t.Context(), b.ID)
		_, errUUID := s.FindByUUID(t.Context(), b.UUID)
		_, errEmail := s.FindByEmail(t.Context(), "a@example.com")
		_, errPhone := s.FindByPhone(t.Context(), "7185550142")
		_, errUpdate := s.Update(t.Context(), b.ID, fibonacco.SMBChange{City: ptr("x")})
		_, errScore := s.CalculateEngagementScore(t.Context(), b.ID)
		_, _, errTier := s.EvaluateTierChange(t.Context(), b.ID)
		for what, err := range map[string]error{
			"Find": errID, "FindByUUID": errUUID, "FindByEmail": errEmail, "FindByPhone": errPhone, "Update": errUpdate,
			"CalculateEngagementScore": errScore, "EvaluateTierChange": errTier,
			"DeleteSMB again":           s.DeleteSMB(t.Context(), b.ID),
			"UpgradeTier":               s.UpgradeTier(t.Context(), b.ID, 1),
			"AdvanceManifestDestinyDay": s.AdvanceManifestDestinyDay(t.Context(), b.ID),
			"UpdateEngagement":          s.UpdateEngagement(t.Context(), b.ID, fibonacco.KindOpen, dbtest.Start),
		} {
			code(t, what, err, fibonacco.NotFound)
		}
		n, err := s.CountSMBs(t.Context(), fibonacco.SMBFilter{})
		must(t, err)
		equal(t, "SMBs", n, 1)
		page, _, err := s.ForCampaign(t.Context(), fibonacco.StatusPending, 0, 0, 0)
		must(t, err)
		equal(t, "pending SMBs", len(page), 1)
	})
}
