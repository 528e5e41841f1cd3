package privacy_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb/consent"
	"github.com/fibonacco/fibonacco/smb/merge"
	"github.com/fibonacco/fibonacco/smb/privacy"
)

var (
	marisol = traces{word: "qzmarisolz", phone: "+17185550142", ip: "203.0.113.77", place: "12.34567"}
	rosa    = traces{word: "keeprosaqz", phone: "+13475550199", ip: "198.51.100.9", place: "65.43211"}
)

// Whatever is known of a business, in whatever column of whatever table: after its erasure nothing
// in the whole database tells of it, and everything about others is as it was.
func TestNothingRemains(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id, other := w.business(marisol, 1), w.business(rosa, 1)
		for _, table := range privacy.Tables() {
			if n := get[int](w, `SELECT count(*) FROM `+table.Name); n == 0 {
				t.Errorf("the test puts nothing into %s", table.Name)
			}
		}
		for _, part := range marisol.all() {
			if len(w.found(part)) == 0 {
				t.Fatalf("the test puts %q nowhere", part)
			}
		}
		w.exec(`UPDATE imports SET report = $1`, `{"problems":[{"field":"zip"}],"duplicates":[{"smb_id":1,"name":"`+marisol.word+`"}]}`)
		w.exec(`INSERT INTO import_errors (import_id, batch, content) VALUES (1, 1, $1)`, []byte(marisol.word))
		w.exec(`UPDATE notices SET status = 'queued'`) // reminders, for example
		theirs := w.dump(rosa.word)
		history := get[int](w, `SELECT (SELECT count(*) FROM campaign_sends) + (SELECT count(*) FROM email_events) + (SELECT count(*) FROM score_history) + (SELECT count(*) FROM approvals)`)
		clock.Advance(time.Minute)

		must(t, w.svc.EraseSMB(w.as(), id, "they asked in writing"))

		for _, part := range marisol.all() {
			if places := w.found(part); len(places) > 0 {
				t.Errorf("%q is still in %s", part, strings.Join(places, ", "))
			}
		}
		equal(t, "refused values", get[int](w, `SELECT count(*) FROM import_errors`), 0)
		equal(t, "the rest of the report", get[int](w, `SELECT count(*) FROM imports WHERE CAST(report AS text) LIKE '%zip%'`), 1)
		equal(t, "state", get[int](w, `SELECT count(*) FROM smbs WHERE state = 'QZ'`), 2)
		if after := w.dump(rosa.word); !slices.Equal(after, theirs) {
			t.Errorf("others' rows were %v\nand are %v", theirs, after)
		}
		equal(t, "the history", get[int](w, `SELECT (SELECT count(*) FROM campaign_sends) + (SELECT count(*) FROM email_events) + (SELECT count(*) FROM score_history) + (SELECT count(*) FROM approvals)`), history)
		equal(t, "queued", get[int](w, `SELECT count(*) FROM campaign_sends WHERE smb_id <> $1 AND status = 'queued'`, id), 1)
		equal(t, "cancelled", get[int](w, `SELECT count(*) FROM campaign_sends WHERE smb_id = $1 AND status = 'cancelled' AND skip_reason = 'deleted'`, id), 1)
		equal(t, "nobody is reminded", get[int](w, `SELECT count(*) FROM notices WHERE smb_id = $1 AND status = 'queued'`, id), 0)
		equal(t, "the other lives", get[int](w, `SELECT count(*) FROM smbs WHERE id = $1 AND deleted_at IS NULL AND erased_at IS NULL`, other), 1)
		equal(t, "it does not", get[int](w, `
			SELECT count(*) FROM smbs WHERE id = $1 AND deleted_at = erased_at AND do_not_contact AND NOT email_opted_in AND NOT sms_opted_in
				AND NOT rvm_opted_in AND NOT phone_opted_in AND business_name = 'Erased business'`, id), 1)
		equal(t, "consents", get[int](w, `SELECT count(*) FROM consents WHERE smb_id = $1 AND source = 'erasure' AND NOT granted`, id), 4)
		equal(t, "events", get[int](w, `SELECT count(*) FROM analytics_events WHERE smb_id = $1 AND event_type = 'smb.updated' AND CAST(properties ->> 'fields' AS text) LIKE '%erased_at%'`, id), 1)
		equal(t, "because", get[string](w, `SELECT CAST(after ->> 'because' AS text) FROM audit_log WHERE action = 'smb.erased'`), "they asked in writing")

		code(t, "twice", w.svc.EraseSMB(w.as(), id, "they asked in writing"), fibonacco.Conflict)
		uuid := get[string](w, `SELECT CAST(uuid AS text) FROM merges WHERE survivor_id = $1`, id)
		equal(t, "the merge is forgotten", get[int](w, `SELECT count(*) FROM merges WHERE CAST(uuid AS text) = $1 AND forgotten_at IS NOT NULL`, uuid), 1)
	})
}

// Whoever imports an erased address or number again does not reach it, whichever of its rows it
// was in.
func TestErasedIsNotReachedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		must(t, w.svc.EraseSMB(w.as(), w.business(marisol, 1), "they asked"))
		for _, address := range []string{marisol.email(), "second-" + marisol.email(), "old0-" + marisol.email(), "old1-" + marisol.email(), marisol.phone} {
			page, err := w.consents.ListSuppressions(t.Context(), fibonacco.ListQuery{Filter: fibonacco.Filter{"value": address}})
			must(t, err)
			if len(page.Data) != 1 || page.Data[0].Reason != "erased" || page.Data[0].Value != "" {
				t.Errorf("%s: %+v", address, page.Data)
			}
		}
		back := w.row("smbs", marisol, map[string]any{"community_id": 2, "campaign_status": "pending"})
		w.update(func(ctx context.Context, tx *db.Tx) error { return consent.Resuppress(ctx, tx, []int64{back}) })
		equal(t, "suppressed", get[int](w, `SELECT count(*) FROM smbs JOIN suppressions ON suppressions.email_key = smbs.email_key OR suppressions.phone = smbs.primary_phone WHERE smbs.id = $1`, back), 2)
	})
}

func TestEraseRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id := w.business(marisol, 1)
		before := w.dump(marisol.word)
		merged := get[int64](w, `SELECT other_id FROM merges`)
		for name, tc := range map[string]struct {
			ctx    context.Context
			id     int64
			reason string
			code   fibonacco.Code
		}{
			"unknown": {w.as(), id + 1000, "why", fibonacco.NotFound}, "another community's": {w.as(2), id, "why", fibonacco.NotFound},
			"no reason": {w.as(1), id, "  ", fibonacco.Invalid}, "a reason that is no text": {w.as(1), id, "a\x00", fibonacco.Invalid},
			"a long one": {w.as(1), id, strings.Repeat("x", 1001), fibonacco.Invalid}, "a part of another": {w.as(1), merged, "why", fibonacco.Conflict},
		} {
			code(t, name, w.svc.EraseSMB(tc.ctx, tc.id, tc.reason), tc.code)
		}
		w.exec(`UPDATE campaign_sends SET status = 'sending' WHERE smb_id = $1 AND status = 'sent'`, id)
		code(t, "a mail on its way", w.svc.EraseSMB(w.as(1), id, "why"), fibonacco.Conflict)
		w.exec(`UPDATE campaign_sends SET status = 'sent' WHERE smb_id = $1 AND status = 'sending'`, id)
		w.exec(`UPDATE rvm_drops SET status = 'sending' WHERE smb_id = $1 AND status = 'sent'`, id)
		code(t, "a voicemail on its way", w.svc.EraseSMB(w.as(1), id, "why"), fibonacco.Conflict)
		w.exec(`UPDATE rvm_drops SET status = 'sent' WHERE smb_id = $1 AND status = 'sending'`, id)
		if after := w.dump(marisol.word); !slices.Equal(after, before) {
			t.Error("a refused erasure changed something")
		}

		// What is in the bin can be erased, too.
		w.exec(`UPDATE smbs SET deleted_at = $1 WHERE id = $2`, clock.Now(), id)
		clock.Advance(time.Hour)
		must(t, w.svc.EraseSMB(w.as(1), id, "why"))
		equal(t, "deleted when it was", get[int](w, `SELECT count(*) FROM smbs WHERE id = $1 AND deleted_at < erased_at`, id), 1)
		must(t, d.View(t.Context(), func(tx *db.Tx) error {
			list, err := merge.MergedInto(t.Context(), tx, id)
			equal(t, "what was part of it", len(list), 1)
			return err
		}))
	})
}

// Of a worker that claims a mail and an erasure at the same time, either the mail is on its way and
// nothing was erased, or it never leaves.
func TestEraseWhileMailsAreClaimed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for range 10 {
			id := w.row("smbs", marisol, map[string]any{"community_id": 1, "campaign_status": "active"})
			send := w.row("campaign_sends", marisol, map[string]any{"smb_id": id, "status": "queued", "occurrence": 1})
			var erased error
			var wg sync.WaitGroup
			wg.Go(func() { erased = w.svc.EraseSMB(w.as(), id, "they asked") })
			wg.Go(func() {
				w.exec(`UPDATE campaign_sends SET status = 'sending' WHERE id IN ($1...) AND status = 'queued'`, []int64{send})
			})
			wg.Wait()
			status := get[string](w, `SELECT status || ' ' || email FROM campaign_sends WHERE id = $1`, send)
			want := "cancelled "
			if erased != nil {
				code(t, "erasure", erased, fibonacco.Conflict)
				want = "sending " + marisol.email()
			}
			equal(t, "the mail", status, want)
		}
	})
}
