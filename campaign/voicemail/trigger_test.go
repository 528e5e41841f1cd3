package voicemail_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestTrigger(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		smb := w.smb(phone(142))
		send := w.send(smb, "HOOK-001", 25*time.Hour)
		should, err := w.svc.ShouldTriggerRVM(t.Context(), send)
		must(t, err)
		equal(t, "should", should, true)
		must(t, w.svc.TriggerRVM(t.Context(), send))

		id := get[int64](w, `SELECT rvm_drop_id FROM campaign_sends WHERE id = $1 AND rvm_triggered`, send)
		drop, err := w.svc.Drop(t.Context(), id)
		must(t, err)
		equal(t, "status", drop.Status, "queued")
		equal(t, "when", w.local(id), "2026-03-03 10:00")
		equal(t, "voice", drop.VoicePersona, "sarah")
		equal(t, "phone", drop.Phone, phone(142))
		equal(t, "used in March", w.used(smb, "2026-03"), 1)
		equal(t, "used in the quarter", w.used(smb, "2026-Q1"), 1)
		equal(t, "queued", w.events("rvm_drop.queued"), 1)
		want := `This is a recorded message from Town Media. To stop these messages, call (800) 555-0100, toll free. ` +
			`Hello Marisol. I'm Sarah, an AI account manager, using a computer voice. I emailed Marisol Hair Studio one offer. ` +
			`Questions? Call (718) 555-0100. Thank you.`
		equal(t, "script", drop.Script, want)

		equal(t, "again", fibonacco.CodeOf(w.svc.TriggerRVM(t.Context(), send)), fibonacco.Conflict)
		should, err = w.svc.ShouldTriggerRVM(t.Context(), send)
		must(t, err)
		equal(t, "should again", should, false)
		equal(t, "unknown", fibonacco.CodeOf(w.svc.TriggerRVM(t.Context(), 999_999)), fibonacco.NotFound)
		_, err = w.svc.ShouldTriggerRVM(t.Context(), 999_999)
		equal(t, "unknown", fibonacco.CodeOf(err), fibonacco.NotFound)
	})
}

// Each reason that keeps a voicemail from being planned (M2-13, M1-25).
func TestTriggerRefuses(t *testing.T) {
	cases := map[string]struct {
		change func(w *world, smb int64)
		phone  string
		script string
		want   fibonacco.SkipReason
	}{
		"opted out":                   {func(w *world, id int64) { w.exec(`UPDATE smbs SET rvm_opted_in = FALSE WHERE id = $1`, id) }, "", "", fibonacco.NotOptedIn},
		"do not contact":              {func(w *world, id int64) { w.exec(`UPDATE smbs SET do_not_contact = TRUE WHERE id = $1`, id) }, "", "", fibonacco.DoNotContact},
		"deleted":                     {func(w *world, id int64) { w.exec(`UPDATE smbs SET deleted_at = created_at WHERE id = $1`, id) }, "", "", fibonacco.Deleted},
		"paused":                      {func(w *world, id int64) { w.exec(`UPDATE smbs SET campaign_status = 'paused' WHERE id = $1`, id) }, "", "", fibonacco.Paused},
		"no phone":                    {func(w *world, id int64) { w.exec(`UPDATE smbs SET primary_phone = NULL WHERE id = $1`, id) }, "", "", fibonacco.NoPhone},
		"toll free":                   {nil, "+18885550142", "", fibonacco.InvalidPhone},
		"in Canada":                   {nil, "+14165550142", "", fibonacco.InvalidPhone},
		"in England":                  {nil, "+442079460142", "", fibonacco.InvalidPhone},
		"on a do-not-call list":       {func(w *world, _ int64) { w.blocked[phone(142)] = true }, "", "", fibonacco.Suppressed},
		"without consent":             {func(w *world, _ int64) { w.consents = map[int64]bool{} }, "", "", fibonacco.NoConsent},
		"no hours in common":          {nil, "+16715550142", "", fibonacco.OutsideHours},
		"a script without identity":   {nil, "", "BARE-001", fibonacco.UnfitScript},
		"a campaign without a script": {nil, "", "MUTE-001", fibonacco.UnfitScript},
		"another one is planned":      {func(w *world, id int64) { w.drop(id) }, "", "EDU-001", fibonacco.Duplicate},
		"tried often": {func(w *world, id int64) {
			w.exec(`INSERT INTO rvm_drops (uuid, smb_id, phone, status, attempts, sent_at, created_at) VALUES ('0193c2f0-0000-7000-8000-000000000001', $1, $2, 'failed', 3, $3, $3)`,
				id, phone(142), monday.Add(-48*time.Hour))
		}, "", "", fibonacco.AttemptLimit},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for name, tc := range cases {
			w.consents, w.blocked = nil, map[string]bool{}
			number := tc.phone
			if number == "" {
				number = phone(142)
			}
			w.exec(`DELETE FROM rvm_drops`)
			smb := w.smb(number)
			if tc.change != nil {
				tc.change(w, smb)
			}
			campaign := tc.script
			if campaign == "" {
				campaign = "HOOK-001"
			}
			send := w.send(smb, campaign, 25*time.Hour)
			if tc.script == "" { // not the drop's own send
				should, err := w.svc.ShouldTriggerRVM(t.Context(), send)
				must(t, err)
				equal(t, name+": should", should, false)
			}
			err := w.svc.TriggerRVM(t.Context(), send)
			if fibonacco.CodeOf(err) != fibonacco.Invalid || !strings.HasSuffix(err.Error(), " "+string(tc.want)) {
				t.Errorf("%s: %v, want %s", name, err, tc.want)
			}
			equal(t, name+": not marked", w.count(`SELECT COUNT(*) FROM campaign_sends WHERE id = $1 AND rvm_triggered`, send), 0)
			w.exec(`UPDATE campaign_sends SET rvm_drop_id = NULL`)
		}
	})
}

// A state that wants consent by its own law gets it even where the settings do not ask.
func TestConsentByState(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock, func(c *fibonacco.Config) { c.RVM.RequireConsent = false })
		w.consents = map[int64]bool{}
		must(t, w.svc.TriggerRVM(t.Context(), w.send(w.smb(phone(142)), "HOOK-001", 25*time.Hour)))
		florida := w.send(w.smb("+13055550142"), "HOOK-001", 25*time.Hour)
		err := w.svc.TriggerRVM(t.Context(), florida)
		if err == nil || !strings.Contains(err.Error(), "no_consent") {
			t.Errorf("a Florida number without consent: %v", err)
		}
	})
}

func TestConsider(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		fine := w.send(w.smb(phone(1)), "HOOK-001", 25*time.Hour)
		young := w.send(w.smb(phone(2)), "HOOK-001", 23*time.Hour)
		opened := w.send(w.smb(phone(3)), "HOOK-001", 25*time.Hour)
		w.exec(`UPDATE campaign_sends SET opened_at = sent_at WHERE id = $1`, opened)
		bounced := w.send(w.smb(phone(4)), "HOOK-001", 25*time.Hour)
		w.exec(`UPDATE campaign_sends SET status = 'bounced' WHERE id = $1`, bounced)
		twice := w.smb(phone(5))
		older, newer := w.send(twice, "HOOK-001", 26*time.Hour), w.send(twice, "EDU-001", 25*time.Hour)
		repeated := w.smb(phone(6))
		w.send(repeated, "HOOK-001", 2*time.Hour)
		followUp := w.send(repeated, "HOOK-001", 25*time.Hour) // its second occurrence
		mute := w.send(w.smb(phone(7)), "MUTE-001", 25*time.Hour)
		numberless := w.send(w.smb(""), "HOOK-001", 25*time.Hour)
		ancient := w.send(w.smb(phone(9)), "HOOK-001", 40*24*time.Hour)

		must(t, w.svc.Consider(t.Context(), clock.Now()))
		triggered := func(id int64) bool {
			return w.count(`SELECT COUNT(*) FROM rvm_drops WHERE campaign_send_id = $1`, id) == 1
		}
		for what, c := range map[string]struct {
			send int64
			want bool
			skip string
		}{
			"unopened for a day": {fine, true, ""}, "not yet": {young, false, ""}, "opened": {opened, false, ""}, "bounced": {bounced, false, ""},
			"the newer of two": {newer, true, ""}, "the older of two": {older, false, "duplicate"}, "a follow-up": {followUp, false, ""},
			"without a script": {mute, false, ""}, "without a number": {numberless, false, "no_phone"}, "from before": {ancient, false, ""},
		} {
			equal(t, what, triggered(c.send), c.want)
			equal(t, what+": skip", w.skipped(c.send), c.skip)
		}
		drops := w.count(`SELECT COUNT(*) FROM rvm_drops`)
		must(t, w.svc.Consider(t.Context(), clock.Now()))
		equal(t, "a second look", w.count(`SELECT COUNT(*) FROM rvm_drops`), drops)

		// The night settles that an old hand-over had left after all: it is decided on, too.
		w.exec(`UPDATE campaign_sends SET status = 'sent' WHERE id = $1`, bounced)
		must(t, w.svc.Consider(t.Context(), clock.Now()))
		equal(t, "passed by", triggered(bounced), false)
		must(t, w.svc.ConsiderLate(t.Context(), clock.Now()))
		equal(t, "found late", triggered(bounced), true)
		equal(t, "skips are not looked at again", w.count(`SELECT COUNT(*) FROM voicemail_skips`), 2)

		clock.Advance(time.Hour)
		must(t, w.svc.Consider(t.Context(), clock.Now()))
		equal(t, "a day later", triggered(young), true)
	})
}

// Nobody ran for a week: what is too old is not followed, with a reason, and there is no burst (R4).
func TestConsiderAfterAWeek(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		must(t, w.svc.Consider(t.Context(), clock.Now()))
		smb := w.smb(phone(1))
		sends := []int64{w.send(smb, "HOOK-001", time.Hour), w.send(smb, "EDU-001", time.Minute)}
		clock.Advance(7 * 24 * time.Hour)
		fresh := w.send(w.smb(phone(2)), "HOOK-001", 25*time.Hour)
		must(t, w.svc.Consider(t.Context(), clock.Now()))
		equal(t, "voicemails", w.count(`SELECT COUNT(*) FROM rvm_drops`), 1)
		for _, id := range sends {
			equal(t, "a week old", w.skipped(id), "missed")
		}
		equal(t, "the fresh one", w.skipped(fresh), "")
	})
}

// Without a provider nothing is decided: voicemail is not in use.
func TestNotSetUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock, func(c *fibonacco.Config) { c.RVM.Provider, c.RVM.Key = "drop_cowboy", "" })
		send := w.send(w.smb(phone(1)), "HOOK-001", 25*time.Hour)
		must(t, w.svc.Consider(t.Context(), clock.Now()))
		must(t, w.svc.ConsiderLate(t.Context(), clock.Now()))
		equal(t, "rows", w.count(`SELECT (SELECT COUNT(*) FROM rvm_drops) + (SELECT COUNT(*) FROM voicemail_skips)`), 0)
		equal(t, "trigger", fibonacco.CodeOf(w.svc.TriggerRVM(t.Context(), send)), fibonacco.Unavailable)
		should, err := w.svc.ShouldTriggerRVM(t.Context(), send)
		must(t, err)
		equal(t, "should", should, false)
		state, err := w.svc.VoicemailState(t.Context())
		must(t, err)
		equal(t, "provider", state.Provider, "")
	})
}
