package consent_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb/consent"
)

func (w *world) suppress(ctx context.Context, value, reason string) *fibonacco.Suppression {
	w.t.Helper()
	s, _, err := w.svc.Suppress(ctx, fibonacco.Suppression{Value: value, Reason: reason, Source: "a test"})
	must(w.t, err)
	return s
}

// suppressions is the values that somebody sees, newest first; "" is an erased one.
func (w *world) suppressions(ctx context.Context, q fibonacco.ListQuery) string {
	w.t.Helper()
	page, err := w.svc.ListSuppressions(ctx, q)
	must(w.t, err)
	var values []string
	for _, s := range page.Data {
		values = append(values, s.Value)
	}
	return strings.Join(values, " ")
}

func TestSuppress(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id, other := w.smb(1, "Marisol@example.com", "+17185550142"), w.smb(2, "marisol@example.com", "")
		queued, before, theirs := w.send(id, "Marisol@Example.com", "queued"), w.send(id, "old@example.com", "queued"), w.send(other, "marisol@example.com", "queued")
		sending, drop := w.send(id, "Marisol@Example.com", "sending"), w.drop(id, "+17185550142")

		got, added, err := w.svc.Suppress(w.as(), fibonacco.Suppression{Value: " Marisol <MARISOL@Example.com> ", Source: "a call"})
		must(t, err)
		equal(t, "added", added, true)
		equal(t, "stored", *got, fibonacco.Suppression{ID: got.ID, Kind: "email", Value: "marisol@example.com", Reason: "manual", Source: "a call", CreatedAt: clock.Now()})
		equal(t, "queued", w.sendState(queued), "suppressed/suppressed")
		equal(t, "whoever has it", w.sendState(theirs), "suppressed/suppressed")
		equal(t, "to another address", w.sendState(before), "queued/")
		equal(t, "on its way", w.sendState(sending), "sending/")
		equal(t, "opt-ins stay", w.optIns(id), "email rvm")

		again, added, err := w.svc.Suppress(w.as(), fibonacco.Suppression{Value: "mailto:marisol@example.com", Kind: "email", Reason: "dnc"})
		must(t, err)
		equal(t, "again", added, false)
		equal(t, "as it is", *again, *got)

		phone, _, err := w.svc.Suppress(w.as(1), fibonacco.Suppression{Value: "(718) 555-0142", Reason: "dnc", SMBID: &id})
		must(t, err)
		equal(t, "number", phone.Kind+" "+phone.Value+" "+phone.Reason, "phone +17185550142 dnc")
		equal(t, "theirs", *phone.CommunityID, 1)
		equal(t, "whose", *phone.SMBID, id)
		equal(t, "voicemail", w.dropState(drop), "cancelled/suppressed")
		equal(t, "audit", w.audited("suppression.added"), 2)

		must(t, w.svc.Unsuppress(w.as(), got.ID, "it was a mistake"))
		code(t, "twice", w.svc.Unsuppress(w.as(), got.ID, "it was a mistake"), fibonacco.NotFound)
		equal(t, "audit", all(w, `SELECT CAST(before ->> 'value' AS text) || ': ' || CAST(after ->> 'because' AS text) FROM audit_log WHERE action = 'suppression.removed'`),
			"marisol@example.com: it was a mistake")
		equal(t, "left", w.suppressions(t.Context(), fibonacco.ListQuery{}), "+17185550142")
	})
}

func TestSuppressRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id := w.smb(1, "marisol@example.com", "")
		one, two, nowhere := int64(1), int64(2), int64(77)
		for name, tc := range map[string]struct {
			in     fibonacco.Suppression
			fields string
		}{
			"nothing":                {fibonacco.Suppression{}, "value"},
			"neither":                {fibonacco.Suppression{Value: "Marisol", Reason: "because", Source: strings.Repeat("x", 256)}, "reason source value"},
			"the other kind":         {fibonacco.Suppression{Value: "marisol@example.com", Kind: "phone"}, "kind"},
			"the product's reason":   {fibonacco.Suppression{Value: "marisol@example.com", Reason: "erased"}, "reason"},
			"no such business":       {fibonacco.Suppression{Value: "marisol@example.com", SMBID: &nowhere}, "smb_id"},
			"not theirs":             {fibonacco.Suppression{Value: "marisol@example.com", SMBID: &id, CommunityID: &one}, "community_id smb_id"},
			"no such community":      {fibonacco.Suppression{Value: "marisol@example.com", CommunityID: &nowhere}, "community_id"},
			"zero bytes":             {fibonacco.Suppression{Value: "a\x00b@example.com", Source: "\x00"}, "source value"},
			"their own":              {fibonacco.Suppression{Value: "marisol@example.com", CommunityID: &two}, ""},
			"a number with a letter": {fibonacco.Suppression{Value: "718-555-O142"}, "value"},
		} {
			_, _, err := w.svc.Suppress(w.as(2), tc.in)
			equal(t, name, fields(err), tc.fields)
			if tc.fields == "" {
				must(t, err)
			}
		}
		s := w.suppress(t.Context(), "rosa@example.com", "dnc")
		equal(t, "without a reason", fields(w.svc.Unsuppress(t.Context(), s.ID, " ")), "reason")
		code(t, "unknown", w.svc.Unsuppress(t.Context(), s.ID+100, "why not"), fibonacco.NotFound)
	})
}

// Who is limited to a community sees what came from there and what holds for its businesses, and
// of the latter not who else put it there.
func TestSuppressionsByCommunity(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		mine, theirs := w.smb(1, "marisol@example.com", "+17185550142"), w.smb(2, "rosa@example.com", "")
		w.suppress(w.as(), "nobody@example.com", "dnc")
		elsewhere := w.suppress(w.as(2), "marisol@example.com", "dnc")
		w.suppress(w.as(2), "718-555-0142", "dnc")
		w.suppress(w.as(2), "rosa@example.com", "dnc")
		own := w.suppress(w.as(1), "stranger@example.com", "manual")
		w.exec(`INSERT INTO suppressions (email_key, reason, smb_id, created_at) VALUES ('old@example.com', 'bounce', $1, $2)`, mine, clock.Now())
		w.exec(`INSERT INTO suppressions (email_key, reason, smb_id, created_at) VALUES ('old2@example.com', 'bounce', $1, $2)`, theirs, clock.Now())

		equal(t, "all", len(strings.Fields(w.suppressions(t.Context(), fibonacco.ListQuery{}))), 7)
		equal(t, "of 1", w.suppressions(w.as(1), fibonacco.ListQuery{}), "old@example.com stranger@example.com +17185550142 marisol@example.com")
		page, err := w.svc.ListSuppressions(w.as(1), fibonacco.ListQuery{Filter: fibonacco.Filter{"value": "Marisol@Example.com"}, Total: true})
		must(t, err)
		equal(t, "found", *page.Total, 1)
		equal(t, "no more than that it is so", page.Data[0], fibonacco.Suppression{ID: elsewhere.ID, Kind: "email", Value: "marisol@example.com", Reason: "dnc", CreatedAt: clock.Now()})
		known, added, err := w.svc.Suppress(w.as(1), fibonacco.Suppression{Value: "rosa@example.com"})
		must(t, err)
		equal(t, "known elsewhere", added, false)
		equal(t, "its source", known.Source, "")

		code(t, "others'", w.svc.Unsuppress(w.as(1), elsewhere.ID, "why not"), fibonacco.Forbidden)
		code(t, "unseen", w.svc.Unsuppress(w.as(1), known.ID, "why not"), fibonacco.NotFound)
		must(t, w.svc.Unsuppress(w.as(1), own.ID, "why not"))
	})
}

func TestListSuppressions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for _, v := range []string{"marisol@example.com", "rosa@example.org", "+17185550142", "+13475550142", "100%_a@example.com"} {
			w.suppress(t.Context(), v, "dnc")
		}
		for name, tc := range map[string]struct {
			q    fibonacco.ListQuery
			want string
		}{
			"an address":            {fibonacco.ListQuery{Search: "MARISOL@example.com"}, "marisol@example.com"},
			"a part of one":         {fibonacco.ListQuery{Search: "@EXAMPLE.o"}, "rosa@example.org"},
			"a number":              {fibonacco.ListQuery{Search: "(718) 555-0142"}, "+17185550142"},
			"a part of one, dashed": {fibonacco.ListQuery{Search: "555-0142"}, "+13475550142 +17185550142"},
			"signs":                 {fibonacco.ListQuery{Search: "0%_"}, "100%_a@example.com"},
			"nothing":               {fibonacco.ListQuery{Search: "zz\x00"}, ""},
			"by value":              {fibonacco.ListQuery{Filter: fibonacco.Filter{"value": "718 555 0142,Rosa@example.org,zz"}}, "+17185550142 rosa@example.org"},
			"but for":               {fibonacco.ListQuery{Filter: fibonacco.Filter{"value": "!718 555 0142,rosa@example.org"}}, "100%_a@example.com +13475550142 marisol@example.com"},
			"by kind":               {fibonacco.ListQuery{Filter: fibonacco.Filter{"kind": "phone"}}, "+13475550142 +17185550142"},
			"upwards":               {fibonacco.ListQuery{Filter: fibonacco.Filter{"kind": "phone"}, Sort: []string{"id"}}, "+17185550142 +13475550142"},
			"erased":                {fibonacco.ListQuery{Filter: fibonacco.Filter{"value": "null"}}, ""},
			"by reason and source":  {fibonacco.ListQuery{Filter: fibonacco.Filter{"reason": "dnc", "source": "a test", "value": "!null", "kind": "phone"}}, "+13475550142 +17185550142"},
		} {
			equal(t, name, w.suppressions(t.Context(), tc.q), tc.want)
		}
		var paged []string
		q := fibonacco.ListQuery{Size: 2}
		for {
			page, err := w.svc.ListSuppressions(t.Context(), q)
			must(t, err)
			for _, s := range page.Data {
				paged = append(paged, s.Value)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		equal(t, "pages", len(slices.Compact(paged)), 5)
		_, err := w.svc.ListSuppressions(t.Context(), fibonacco.ListQuery{Filter: fibonacco.Filter{"colour": "red"}})
		code(t, "unknown field", err, fibonacco.Invalid)
	})
}

// What was erased is known by its hash: it is found by its value, cannot be lifted, is not written
// down again, and whoever brings it back is not reached.
func TestErasedStaysSuppressed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id, shares := w.smb(1, "marisol@example.com", "+17185550142"), w.smb(2, "marisol@example.com", "+17185550177")
		theirs := w.send(shares, "marisol@example.com", "queued")
		w.suppress(t.Context(), "marisol@example.com", "manual")
		resuppress := func(ids ...int64) {
			t.Helper()
			w.update(func(ctx context.Context, tx *db.Tx) error { return consent.Resuppress(ctx, tx, ids) })
		}
		resuppress(id) // nothing was ever erased
		w.update(func(ctx context.Context, tx *db.Tx) error {
			return consent.Erase(ctx, tx, []int64{id}, 1, []string{"Marisol@Example.com", "+17185550142", "no address", ""})
		})
		equal(t, "hashes", get[int](w, `SELECT count(*) FROM suppressions WHERE hash IS NOT NULL`), 2)
		equal(t, "whoever else has it", all(w, `SELECT email_key || ' ' || reason || ' ' || CAST(smb_id AS text) FROM suppressions WHERE hash IS NULL`), "marisol@example.com erased 2")
		equal(t, "their mail", w.sendState(theirs), "suppressed/suppressed")
		equal(t, "the log", all(w, `SELECT CAST(after AS text) FROM audit_log WHERE entity = 'suppression'`), "{}")
		w.exec(`DELETE FROM suppressions WHERE hash IS NULL`)
		w.exec(`UPDATE smbs SET email_key = NULL, primary_phone = NULL WHERE id IN ($1...)`, []int64{id, shares})

		for _, q := range []fibonacco.ListQuery{{Search: "marisol@example.com"}, {Filter: fibonacco.Filter{"value": "MARISOL@example.com"}}, {Filter: fibonacco.Filter{"value": "718.555.0142"}}} {
			page, err := w.svc.ListSuppressions(w.as(1), q)
			must(t, err)
			equal(t, "found", len(page.Data), 1)
			equal(t, "as", page.Data[0].Value+page.Data[0].Reason, "erased")
		}
		got, added, err := w.svc.Suppress(t.Context(), fibonacco.Suppression{Value: "marisol@example.com"})
		must(t, err)
		equal(t, "again", added, false)
		code(t, "lifted", w.svc.Unsuppress(t.Context(), got.ID, "why not"), fibonacco.Conflict)
		res, err := w.svc.ImportSuppressions(t.Context(), strings.NewReader("marisol@example.com\nrosa@example.com\n"), "dnc", "registry")
		must(t, err)
		equal(t, "imported", res.Added, 1)
		equal(t, "known", res.Known, 1)
		equal(t, "nothing is written down", get[int](w, `SELECT count(*) FROM suppressions WHERE email_key LIKE 'marisol%'`), 0)

		back, fresh := w.smb(2, "MARISOL@example.com", "+17185550142"), w.smb(2, "new@example.com", "+17185550178")
		queued := w.send(back, "marisol@example.com", "queued")
		resuppress(fresh, back)
		resuppress(fresh, back)
		equal(t, "suppressed again", all(w, `SELECT COALESCE(email_key, phone) FROM suppressions WHERE reason = 'erased' AND hash IS NULL ORDER BY kind`), "marisol@example.com +17185550142")
		equal(t, "whose", get[int64](w, `SELECT DISTINCT smb_id FROM suppressions WHERE reason = 'erased' AND hash IS NULL`), back)
		equal(t, "its mail", w.sendState(queued), "suppressed/suppressed")
	})
}
