package consent_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestRecordConsent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id := w.smb(1, "Marisol@example.com", "+17185550142")
		at := clock.Now().Add(-time.Hour)
		got, err := w.svc.RecordConsent(w.as(1), fibonacco.Consent{
			SMBID: id, Channel: fibonacco.ChannelSMS, Granted: true, Wording: " Yes, text me. ", Version: "2026-1", Source: "web form",
			SourceURL: "https://example.com/form", IP: "::ffff:198.51.100.7", UserAgent: "Mozilla/5.0", OccurredAt: at, RecordedBy: "somebody else",
		})
		must(t, err)
		want := fibonacco.Consent{
			ID: got.ID, SMBID: id, Channel: fibonacco.ChannelSMS, Granted: true, Wording: "Yes, text me.", Version: "2026-1", Source: "web form",
			SourceURL: "https://example.com/form", Address: "+17185550142", IP: "198.51.100.7", UserAgent: "Mozilla/5.0",
			OccurredAt: at, RecordedBy: "Ana Ruiz (user 5)", CreatedAt: clock.Now(),
		}
		equal(t, "stored", *got, want)
		equal(t, "in", w.optIns(id), "email sms rvm")
		equal(t, "event", all(w, `SELECT CAST(properties ->> 'fields' AS text) FROM analytics_events WHERE event_type = 'smb.updated'`), `["sms_opted_in"]`)
		equal(t, "audit", all(w, `SELECT actor_name || ' ' || entity || ' ' || entity_id || ' ' || CAST(after ->> 'sms_opted_in' AS text) FROM audit_log WHERE action = 'smb.consent_recorded'`),
			map[db.Engine]string{db.Postgres: "Ana Ruiz smb 1 true", db.SQLite: "Ana Ruiz smb 1 1"}[d.Engine()])

		// The second time it changes nothing, and is on record all the same.
		_, err = w.svc.RecordConsent(t.Context(), fibonacco.Consent{SMBID: id, Channel: "sms", Granted: true, Wording: "Yes.", Source: "call", Address: "(718) 555-0199"})
		must(t, err)
		equal(t, "events", get[int](w, `SELECT count(*) FROM analytics_events WHERE event_type = 'smb.updated'`), 1)

		page, err := w.svc.ListConsents(w.as(1), id, fibonacco.ListQuery{Total: true})
		must(t, err)
		equal(t, "listed", len(page.Data), 2)
		equal(t, "total", *page.Total, 2)
		equal(t, "newest first", page.Data[0].Address, "+17185550199")
		equal(t, "by the product", page.Data[0].RecordedBy, "fibonacco")
		page, err = w.svc.ListConsents(w.as(1), id, fibonacco.ListQuery{Filter: fibonacco.Filter{"source": "web form", "granted": "true"}})
		must(t, err)
		equal(t, "filtered", len(page.Data), 1)
	})
}

func TestRecordConsentRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id, gone := w.smb(1, "marisol@example.com", ""), w.smb(1, "gone@example.com", "")
		w.exec(`UPDATE smbs SET deleted_at = $1 WHERE id = $2`, clock.Now(), gone)
		good := fibonacco.Consent{SMBID: id, Channel: "email", Granted: true, Wording: "Yes.", Source: "web form"}
		for name, tc := range map[string]struct {
			change func(c *fibonacco.Consent)
			fields string
		}{
			"nothing said":       {func(c *fibonacco.Consent) { *c = fibonacco.Consent{SMBID: id, Granted: true} }, "channel source wording"},
			"a withdrawal":       {func(c *fibonacco.Consent) { c.Granted, c.Wording = false, "" }, ""},
			"no channel":         {func(c *fibonacco.Consent) { c.Channel = "fax" }, "channel"},
			"not an address":     {func(c *fibonacco.Consent) { c.Address = "marisol" }, "address"},
			"not a number":       {func(c *fibonacco.Consent) { c.Channel, c.Address = "sms", "marisol@example.com" }, "address"},
			"too long, and zero": {func(c *fibonacco.Consent) { c.Wording, c.Source = strings.Repeat("x", 10_001), "a\x00b" }, "source wording"},
			"not an IP":          {func(c *fibonacco.Consent) { c.IP = "300.1.1.1" }, "ip"},
			"no web address":     {func(c *fibonacco.Consent) { c.SourceURL = "javascript:alert(1)" }, "source_url"},
			"tomorrow":           {func(c *fibonacco.Consent) { c.OccurredAt = clock.Now().Add(24 * time.Hour) }, "occurred_at"},
			"long ago":           {func(c *fibonacco.Consent) { c.OccurredAt = time.Unix(-1e9, 0) }, "occurred_at"},
		} {
			c := good
			tc.change(&c)
			_, err := w.svc.RecordConsent(t.Context(), c)
			equal(t, name, fields(err), tc.fields)
			if tc.fields == "" {
				must(t, err)
			}
		}
		for name, c := range map[string]struct {
			id     int64
			scope  []int64
			reason fibonacco.Code
		}{
			"unknown": {gone + 100, nil, fibonacco.NotFound}, "deleted": {gone, nil, fibonacco.NotFound},
			"of another community": {id, []int64{2}, fibonacco.NotFound}, "one of theirs": {id, []int64{2, 1}, ""},
		} {
			good.SMBID = c.id
			_, err := w.svc.RecordConsent(w.as(c.scope...), good)
			code(t, "record, "+name, err, c.reason)
			_, err = w.svc.ListConsents(w.as(c.scope...), c.id, fibonacco.ListQuery{})
			code(t, "list, "+name, err, c.reason)
		}
	})
}
