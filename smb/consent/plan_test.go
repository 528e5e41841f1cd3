package consent_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb/consent"
)

// plan is how the database goes about a query.
func (w *world) plan(query string, args ...any) string {
	w.t.Helper()
	explain := `EXPLAIN `
	if w.db.Engine() == db.SQLite {
		explain = `EXPLAIN QUERY PLAN `
	}
	var lines []string
	must(w.t, w.db.View(w.t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Query(w.t.Context(), explain+query, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var line string
			var id, parent, unused int
			if w.db.Engine() == db.SQLite {
				err = rows.Scan(&id, &parent, &unused, &line)
			} else {
				err = rows.Scan(&line)
			}
			if err != nil {
				return err
			}
			lines = append(lines, line)
		}
		return rows.Err()
	}))
	return strings.Join(lines, "\n")
}

// What sending, lists and imports ask of suppressions and consents is found by an index, however
// many there are.
func TestNoQueryReadsEverything(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		var list []fibonacco.Suppression
		for i := range 8000 {
			list = append(list, fibonacco.Suppression{Value: address(i), Reason: "dnc", Source: "registry"}, fibonacco.Suppression{Value: fmt.Sprintf("+1718555%04d", i), Reason: "dnc"})
		}
		var said []fibonacco.Consent
		for i := range 500 {
			id := w.smb(1, address(i), "")
			said = append(said, fibonacco.Consent{SMBID: id, Channel: "sms", Granted: true, Source: "x"}, fibonacco.Consent{SMBID: id, Channel: "email", Source: "x"})
		}
		w.update(func(ctx context.Context, tx *db.Tx) error {
			if _, err := consent.SuppressAll(ctx, tx, list); err != nil {
				return err
			}
			_, err := consent.Add(ctx, tx, said)
			return err
		})
		w.exec(`ANALYZE`)
		for _, query := range []string{
			`SELECT EXISTS (SELECT 1 FROM suppressions WHERE suppressions.email_key = smbs.email_key) FROM smbs WHERE smbs.id = 7`,
			`SELECT EXISTS (SELECT 1 FROM suppressions WHERE suppressions.phone = smbs.primary_phone) FROM smbs WHERE smbs.id = 7`,
			`SELECT id FROM suppressions WHERE email_key = 'owner7@example.com'`,
			`SELECT id FROM suppressions WHERE hash = 'x'`,
			`SELECT id FROM suppressions WHERE smb_id = 7`,
			`SELECT id FROM suppressions WHERE source = 'x' ORDER BY id DESC LIMIT 50`,
			`SELECT id FROM suppressions WHERE reason = 'x' ORDER BY id DESC LIMIT 50`,
			`SELECT id FROM suppressions ORDER BY id DESC LIMIT 50`,
			`SELECT granted FROM consents WHERE smb_id = 7 AND channel = 'sms' ORDER BY occurred_at DESC, id DESC LIMIT 1`,
			`SELECT id FROM consents WHERE smb_id = 7 ORDER BY id DESC LIMIT 50`,
		} {
			plan := w.plan(query)
			sorted := strings.Contains(query, "suppressions ORDER") // the whole of it, by its key
			if strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "SCAN") && !sorted {
				t.Errorf("%s\nreads everything:\n%s", query, plan)
			}
		}
	})
}
