package consent_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// What was suppressed and opted out before there were consents still is, and an older word that is
// written down later does not undo it.
func TestMigrationKeepsWhatWas(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		for name := ""; !strings.Contains(name, "00022"); {
			var err error
			name, err = d.MigrateDown(t.Context())
			must(t, err)
		}
		w := &world{t: t, db: d, clock: clock}
		at := clock.Now()
		w.exec(`INSERT INTO communities (id, uuid, name, slug, state, created_at) VALUES (1, $1, 'A', 'a', 'NY', $2)`, uuid.NewString(), at)
		for id, in := range []struct{ email, sms, rvm, phone bool }{{true, false, true, false}, {false, true, false, true}} {
			w.exec(`INSERT INTO smbs (id, uuid, community_id, business_name, email_opted_in, sms_opted_in, rvm_opted_in, phone_opted_in, created_at, updated_at)
				VALUES ($1, $2, 1, 'A', $3, $4, $5, $6, $7, $7)`, id+1, uuid.NewString(), in.email, in.sms, in.rvm, in.phone, at)
		}
		w.exec(`INSERT INTO suppressions (email_key, reason, smb_id, created_at) VALUES ('rosa@example.com', 'bounce', 2, $1)`, at)
		_, err := d.Migrate(t.Context())
		must(t, err)

		w = newServices(w)
		equal(t, "on record", all(w, `SELECT smb_id || ' ' || channel || CASE WHEN granted THEN ' yes' ELSE ' no' END FROM consents ORDER BY channel`), "2 email no 2 phone yes 2 rvm no 2 sms yes")
		equal(t, "suppressed", w.suppressions(t.Context(), fibonacco.ListQuery{Filter: fibonacco.Filter{"smb_id": "2", "kind": "email", "reason": "bounce"}}), "rosa@example.com")
		equal(t, "the next one", w.suppress(t.Context(), "marisol@example.com", "manual").ID > 1, true)
		w.add(fibonacco.Consent{SMBID: 2, Channel: "email", Granted: true, Source: "import", OccurredAt: at.AddDate(-1, 0, 0)})
		equal(t, "in", w.optIns(2), "sms phone")

		for name := ""; !strings.Contains(name, "00022"); {
			name, err = d.MigrateDown(t.Context())
			must(t, err)
		}
		equal(t, "and back", all(w, `SELECT email_key FROM suppressions ORDER BY id`), "rosa@example.com marisol@example.com")
	})
}
