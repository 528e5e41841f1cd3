package consent_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb/consent"
)

func TestAdd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id, other := w.smb(1, "marisol@example.com", "+17185550142"), w.smb(1, "rosa@example.com", "+17185550143")
		queued, theirs, sent := w.send(id, "marisol@example.com", "queued"), w.send(other, "rosa@example.com", "queued"), w.send(id, "marisol@example.com", "sent")
		drop := w.drop(id, "+17185550142")
		now := clock.Now()

		equal(t, "yes to SMS", w.add(fibonacco.Consent{SMBID: id, Channel: "sms", Granted: true, Source: "web form", OccurredAt: now.Add(-time.Hour)}), "sms_opted_in")
		equal(t, "in", w.optIns(id), "email sms rvm")

		changed := w.add(
			fibonacco.Consent{SMBID: id, Channel: "email", Granted: false, Source: "phone call", OccurredAt: now},
			fibonacco.Consent{SMBID: id, Channel: "email", Granted: true, Source: "import", OccurredAt: now.Add(-24 * time.Hour)},
			fibonacco.Consent{SMBID: id, Channel: "phone", Granted: true, Source: "import", OccurredAt: now.Add(-24 * time.Hour)},
		)
		equal(t, "changed", changed, "email_opted_in phone_opted_in")
		equal(t, "in", w.optIns(id), "sms rvm phone")
		equal(t, "queued", w.sendState(queued), "suppressed/not_opted_in")
		equal(t, "sent", w.sendState(sent), "sent/")
		equal(t, "another's", w.sendState(theirs), "queued/")
		equal(t, "voicemail", w.dropState(drop), "queued/")
		equal(t, "version", get[int](w, `SELECT version FROM smbs WHERE id = $1`, id), 3)

		late := w.add(fibonacco.Consent{SMBID: id, Channel: "email", Granted: true, Source: "import", OccurredAt: now.Add(-time.Minute)})
		equal(t, "a late yes", late, "")
		equal(t, "version", get[int](w, `SELECT version FROM smbs WHERE id = $1`, id), 3)
		equal(t, "rows", get[int](w, `SELECT count(*) FROM consents WHERE smb_id = $1`, id), 5)
		w.exec(`UPDATE smbs SET sms_opted_in = FALSE WHERE id = $1`, id) // a merge, for example
		equal(t, "a late word of anybody", w.add(fibonacco.Consent{SMBID: id, Channel: "sms", Granted: false, Source: "import", OccurredAt: now.Add(-24 * time.Hour)}), "")
		equal(t, "in", w.optIns(id), "rvm phone")
		w.exec(`UPDATE smbs SET sms_opted_in = TRUE WHERE id = $1`, id)

		equal(t, "no to voicemail", w.add(fibonacco.Consent{SMBID: id, Channel: "rvm", Granted: false, Source: "phone call"}), "rvm_opted_in")
		equal(t, "voicemail", w.dropState(drop), "cancelled/not_opted_in")

		// A clock that runs ahead does not outlive the words that follow.
		w.add(fibonacco.Consent{SMBID: id, Channel: "rvm", Granted: true, Source: "web form", OccurredAt: now.Add(1000 * time.Hour)})
		clock.Advance(time.Second)
		w.add(fibonacco.Consent{SMBID: id, Channel: "rvm", Granted: false, Source: "phone call"})
		equal(t, "in", w.optIns(id), "sms phone")
		equal(t, "another's", w.optIns(other), "email rvm")

		// Of two at the same moment, the one written down later holds.
		equal(t, "both", w.add(
			fibonacco.Consent{SMBID: other, Channel: "email", Granted: false, Source: "x"}, fibonacco.Consent{SMBID: other, Channel: "email", Granted: true, Source: "x"},
		), "")
		equal(t, "in", w.optIns(other), "email rvm")
	})
}

// However consents come, in which order and in which batches: the opt-ins are those of the last
// word of each channel, and every word is on record.
func TestTheLastWordHolds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		start := clock.Now()
		clock.Advance(100 * time.Hour)
		rapid.Check(t, func(r *rapid.T) {
			ids := []int64{w.smb(1, "", ""), w.smb(1, "", ""), w.smb(2, "", "")}
			type key struct {
				smb     int64
				channel fibonacco.Channel
			}
			newest, on := map[key]time.Time{}, map[key]bool{}
			for _, id := range ids {
				for _, c := range fibonacco.Channels {
					on[key{id, c}] = c == fibonacco.ChannelEmail || c == fibonacco.ChannelRVM
				}
			}
			said := 0
			for range rapid.IntRange(1, 5).Draw(r, "batches") {
				list := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) fibonacco.Consent {
					return fibonacco.Consent{
						SMBID: rapid.SampledFrom(ids).Draw(r, "smb"), Channel: rapid.SampledFrom(fibonacco.Channels).Draw(r, "channel"),
						Granted: rapid.Bool().Draw(r, "granted"), Source: "test",
						OccurredAt: start.Add(time.Duration(rapid.IntRange(0, 20).Draw(r, "hour")) * time.Hour),
					}
				}), 1, 8).Draw(r, "consents")
				said += len(list)
				for _, c := range list {
					if k := (key{c.SMBID, c.Channel}); !c.OccurredAt.Before(newest[k]) {
						newest[k], on[k] = c.OccurredAt, c.Granted
					}
				}
				w.add(list...)
			}
			for _, id := range ids {
				var want []string
				for _, c := range fibonacco.Channels {
					if on[key{id, c}] {
						want = append(want, string(c))
					}
				}
				if got := w.optIns(id); got != strings.Join(want, " ") {
					r.Fatalf("SMB %d is opted in to %s, want %v", id, got, want)
				}
			}
			if n := get[int](w, `SELECT count(*) FROM consents WHERE smb_id IN ($1...)`, ids); n != said {
				r.Fatalf("%d consents are on record of %d", n, said)
			}
		})
	})
}

func TestSwitched(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id := w.smb(1, "marisol@example.com", "+17185550142")
		queued := w.send(id, "marisol@example.com", "queued")
		before := fibonacco.SMB{ID: id, PrimaryEmail: "marisol@example.com", PrimaryPhone: "+17185550142", EmailOptedIn: true, RVMOptedIn: true}
		after := before
		after.EmailOptedIn, after.SMSOptedIn = false, true
		switched := func(ctx context.Context, was, is *fibonacco.SMB) {
			t.Helper()
			must(t, d.Update(ctx, func(tx *db.Tx) error { return consent.Switched(ctx, tx, was, is) }))
		}
		switched(w.as(), &before, &after)
		equal(t, "rows", all(w, `SELECT channel || ' ' || CAST(granted AS text) || ' ' || source || ' ' || address || ' ' || recorded_by FROM consents ORDER BY channel`),
			map[db.Engine]string{db.Postgres: "email false", db.SQLite: "email 0"}[d.Engine()]+" staff marisol@example.com Ana Ruiz (user 5) "+
				map[db.Engine]string{db.Postgres: "sms true", db.SQLite: "sms 1"}[d.Engine()]+" staff +17185550142 Ana Ruiz (user 5)")
		equal(t, "in", w.optIns(id), "sms rvm")
		equal(t, "queued", w.sendState(queued), "suppressed/not_opted_in")

		switched(t.Context(), &after, &after)
		equal(t, "no change", get[int](w, `SELECT count(*) FROM consents`), 2)
		token := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{TokenID: 3, Name: "CI"})
		switched(token, &after, &before)
		equal(t, "by a token", all(w, `SELECT DISTINCT source || ' ' || recorded_by FROM consents WHERE id > 2`), "api CI (token 3)")
		switched(t.Context(), &consent.NewSMB, &fibonacco.SMB{ID: w.smb(1, "", ""), EmailOptedIn: true, RVMOptedIn: true})
		equal(t, "a new one as new ones are", get[int](w, `SELECT count(*) FROM consents`), 4)
	})
}

// Ten thousand at once, as an import brings them.
func TestAddMany(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		var list []fibonacco.Consent
		for i := range 700 {
			id := w.smb(1, address(i), fmt.Sprintf("+1718555%04d", i))
			list = append(list, fibonacco.Consent{SMBID: id, Channel: "sms", Granted: true, Source: "import"}, fibonacco.Consent{SMBID: id, Channel: "email", Granted: i%2 == 0, Source: "import"})
		}
		w.add(list...)
		equal(t, "SMS", get[int](w, `SELECT count(*) FROM smbs WHERE sms_opted_in`), 700)
		equal(t, "e-mail", get[int](w, `SELECT count(*) FROM smbs WHERE email_opted_in`), 350)
		equal(t, "order", get[int](w, `SELECT count(*) FROM consents a JOIN consents b ON b.smb_id = a.smb_id AND b.id = a.id + 1 WHERE a.channel = 'sms' AND b.channel = 'email'`), 700)
	})
}
