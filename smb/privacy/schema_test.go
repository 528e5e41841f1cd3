package privacy_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb/privacy"
)

// live is the columns of every table of the database as it is, "name type".
func live(t testing.TB, d *db.DB) map[string][]string {
	t.Helper()
	query := `SELECT table_name AS tbl, column_name || ' ' || data_type AS col FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, ordinal_position`
	if d.Engine() == db.SQLite {
		query = `SELECT m.name AS tbl, c.name || ' ' || c.type AS col FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1, c.cid`
	}
	type row struct{ Tbl, Col string }
	var rows []row
	must(t, d.View(t.Context(), func(tx *db.Tx) (err error) {
		rows, err = db.Select[row](t.Context(), tx, query)
		return err
	}))
	all := map[string][]string{}
	for _, r := range rows {
		all[r.Tbl] = append(all[r.Tbl], r.Col)
	}
	return all
}

// aboutBusinesses is what columns are called that lead to a business, by themselves or through a
// message, an approval or a call.
var aboutBusinesses = regexp.MustCompile(`^(\w+_)?(smb|survivor|other|campaign_send|send|rvm_drop|approval|callback|consent|conversation|chat_message|content_view)_id$`)

// Whoever adds a table or a column that is about a business decides here what an archive shows of
// it and what an erasure leaves: in tables.go.
func TestEveryTableIsThoughtOf(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		schema := live(t, d)
		listed := map[string]bool{}
		for _, table := range privacy.Tables() {
			listed[table.Name] = true
			var names []string
			for _, c := range schema[table.Name] {
				name, kind, _ := strings.Cut(c, " ")
				names = append(names, name)
				if want, ok := table.Columns[name]; !ok {
					t.Errorf("%s.%s is not in tables.go: does it say who somebody is?", table.Name, name)
				} else if d.Engine() == db.Postgres && !slices.Contains(kinds[want], kind) {
					t.Errorf("%s.%s is %s, and not %q", table.Name, name, kind, want)
				}
			}
			for name := range table.Columns {
				if !slices.Contains(names, name) {
					t.Errorf("there is no column %s.%s", table.Name, name)
				}
			}
			for name, kind := range table.Columns {
				if kind == "word" && !slices.Contains(vocabulary[table.Name], name) {
					t.Errorf("%s.%s is kept as a word of our own: is it never what somebody wrote? Then say so here, too", table.Name, name)
				}
			}
			for _, name := range table.Kept {
				t.Errorf("%s.%s says who somebody is, and an erasure keeps it", table.Name, name)
			}
		}
		for name, cols := range schema {
			if listed[name] || privacy.Exceptions[name] != "" {
				continue
			}
			for _, c := range cols {
				if column, _, _ := strings.Cut(c, " "); aboutBusinesses.MatchString(column) {
					t.Errorf("%s.%s leads to a business: list the table in tables.go, or why not in its exceptions", name, column)
				}
			}
		}
	})
}

// kinds is what PostgreSQL calls each kind of column.
var kinds = map[string][]string{
	"int": {"bigint", "integer", "smallint"}, "bool": {"boolean"}, "time": {"timestamp with time zone"}, "date": {"date"}, "uuid": {"uuid"},
	"word": {"character varying", "text"}, "staff": {"character varying", "bigint"}, "text": {"character varying", "text"},
	"json": {"jsonb"}, "bytes": {"bytea"}, "inet": {"inet"}, "point": {"point"},
}

// vocabulary is the texts that outlast an erasure, because the product alone writes them: ids, kinds
// and states. Of consents also what was agreed to, and the kind of place it was said at.
var vocabulary = map[string][]string{
	"smbs":                {"campaign_status", "current_campaign_id"},
	"business_links":      {"purpose"},
	"consents":            {"channel", "wording", "version", "source"},
	"suppressions":        {"kind", "hash", "reason"},
	"campaign_sends":      {"campaign_id", "status", "skip_reason", "claimed_by", "verdict_override"},
	"email_events":        {"event_type", "bounce_type", "verdict", "rule", "method"},
	"skips":               {"campaign_id", "reason"},
	"email_event_days":    {"event_type", "verdict"},
	"voicemail_skips":     {"campaign_id", "reason"},
	"notices":             {"notice_key", "purpose", "status"},
	"booking_pages":       {"state"},
	"bookings":            {"form_key", "state", "cancelled_by"},
	"coupons":             {"status"},
	"reviews":             {"status", "held_reason"},
	"review_requests":     {"statement"},
	"voicemail_quota":     {"period"},
	"preferences":         {"kind"},
	"rvm_drops":           {"voice_persona", "provider", "status", "campaign_id", "counted_month", "claimed_by"},
	"community_events":    {"state"},
	"callbacks":           {"called_number", "intent_detected"},
	"email_conversations": {"direction", "intent", "sentiment"},
	"chat_messages":       {"role", "intent"},
	"content_views":       {"content_slug", "source_campaign_id"},
	"approvals":           {"service_type", "source_type", "status"},
	"approval_upsells":    {"upsell_service_type"},
	"provisioning_tasks":  {"service_type", "status"},
	"ai_tasks":            {"task_type", "status"},
	"analytics_events":    {"event_type", "event_category"},
	"audit_log":           {"actor_kind", "action", "entity", "entity_id"},
}
