package smb_test

import (
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb/consent"
)

// Every opt-in that differs from what a new business has, or that somebody changes, is on record.
func TestOptInsLeaveConsents(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, plain := setup(t, d)
		staff := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{UserID: 5, Name: "Ana Ruiz", Role: fibonacco.Operator})
		onRecord := func(id int64) string {
			t.Helper()
			var rows []string
			run(t, d, func(tx *db.Tx) (err error) {
				rows, err = db.Select[string](t.Context(), tx, `
					SELECT channel || CASE WHEN granted THEN ' yes ' ELSE ' no ' END || source FROM consents WHERE smb_id = $1 ORDER BY id`, id)
				return err
			})
			return strings.Join(rows, ", ")
		}
		equal(t, "made without voicemail", onRecord(plain.ID), "rvm no fibonacco")
		made, err := s.Create(staff, fibonacco.SMB{CommunityID: plain.CommunityID, BusinessName: "Rosa's", EmailOptedIn: true, RVMOptedIn: true, SMSOptedIn: true})
		must(t, err)
		equal(t, "made with SMS", onRecord(made.ID), "sms yes staff")

		_, err = s.Update(staff, made.ID, fibonacco.SMBChange{City: ptr("Brooklyn"), SMSOptedIn: ptr(true)})
		must(t, err)
		equal(t, "nothing new", onRecord(made.ID), "sms yes staff")
		changed, err := s.Update(staff, made.ID, fibonacco.SMBChange{EmailOptedIn: ptr(false), PhoneOptedIn: ptr(true)})
		must(t, err)
		equal(t, "changed", onRecord(made.ID), "sms yes staff, email no staff, phone yes staff")
		equal(t, "one change, one version", changed.Version, made.Version+2)
		equal(t, "as asked", find(t, s, made.ID).EmailOptedIn, false)
	})
}

// An address that was erased and comes back is not reached, whichever way it comes.
func TestErasedAddressComesBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, b := setup(t, d)
		run(t, d, func(tx *db.Tx) error {
			return consent.Erase(t.Context(), tx, []int64{b.ID}, b.CommunityID, []string{"gone@example.com", "+17185550142"})
		})
		suppressed := func() int { return count(t, d, `SELECT count(*) FROM suppressions WHERE hash IS NULL`) }
		made, err := s.Create(t.Context(), fibonacco.SMB{CommunityID: b.CommunityID, BusinessName: "Back", PrimaryEmail: "Gone@Example.com"})
		must(t, err)
		equal(t, "made again", suppressed(), 1)
		_, err = s.Update(t.Context(), made.ID, fibonacco.SMBChange{PrimaryPhone: ptr("718 555 0142")})
		must(t, err)
		equal(t, "changed to it", suppressed(), 2)
	})
}
