package privacy_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb/consent"
	"github.com/fibonacco/fibonacco/smb/privacy"
	"github.com/fibonacco/fibonacco/smb/search"
)

// world is a database with two communities, 1 and 2, one campaign, an import, and the services.
type world struct {
	t        testing.TB
	db       *db.DB
	clock    *fibonacco.FakeClock
	svc      *privacy.Service
	consents *consent.Service
}

func newWorld(t testing.TB, d *db.DB, clock *fibonacco.FakeClock) *world {
	t.Helper()
	q, err := queue.New(queue.Options{DB: d})
	must(t, err)
	w := &world{t: t, db: d, clock: clock, svc: privacy.New(d, q), consents: consent.New(d, q)}
	for id, slug := range map[int64]string{1: "port-avery", 2: "red-hook"} {
		w.exec(`INSERT INTO communities (id, uuid, name, slug, state, created_at) VALUES ($1, $2, $3, $3, 'NY', $4)`, id, uuid.NewString(), slug, clock.Now())
	}
	w.exec(`INSERT INTO campaigns (id, type, week, day, title, subject, slug) VALUES ('HOOK-001', 'HOOK', 1, 1, 'A', 'A', 'a')`)
	w.exec(`INSERT INTO imports (id, uuid, community_id, created_at, updated_at) VALUES (1, $1, 1, $2, $2)`, uuid.NewString(), clock.Now())
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func code(t testing.TB, what string, err error, want fibonacco.Code) {
	t.Helper()
	if got := fibonacco.CodeOf(err); got != want {
		t.Errorf("%s: error %v has code %q, want %q", what, err, got, want)
	}
}

func (w *world) update(do func(ctx context.Context, tx *db.Tx) error) {
	w.t.Helper()
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error { return do(w.t.Context(), tx) }))
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	w.update(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
}

func get[T any](w *world, query string, args ...any) (v T) {
	w.t.Helper()
	must(w.t, w.db.View(w.t.Context(), func(tx *db.Tx) (err error) {
		v, err = db.Get[T](w.t.Context(), tx, query, args...)
		return err
	}))
	return v
}

// as is the context of a manager who is limited to communities; to none in particular without any.
func (w *world) as(communities ...int64) context.Context {
	return fibonacco.WithPrincipal(w.t.Context(), &fibonacco.Principal{UserID: 5, Name: "Ana Ruiz", Role: fibonacco.Manager, Communities: communities})
}

// traces is what is known of one business, and so must be gone after its erasure.
type traces struct{ word, phone, ip, place string }

func (x traces) email() string { return x.word + "@example.com" }

// all is every way in which a trace may be found in a text.
func (x traces) all() []string { return []string{x.word, x.phone[2:], x.ip, x.place} }

// of is what a column of a kind holds of it.
func (x traces) of(column, kind string) any {
	switch {
	case column == "state":
		return "QZ"
	case kind == "inet":
		return x.ip
	case kind == "point":
		return "(" + x.place + ",40.5)"
	case column == "secondary_contacts":
		return db.JSON([]fibonacco.SecondContact{{Name: x.word, Email: "second-" + x.email(), Phone: x.phone}})
	case kind == "json":
		return `{"said":"` + x.word + `"}`
	case column == "phone" || strings.HasSuffix(column, "_phone"):
		return x.phone
	case column == "email" || column == "email_key" || strings.HasSuffix(column, "_email"):
		return x.email()
	case column == "ip":
		return x.ip
	case column == "address" || column == "source_url":
		return x.word
	}
	return x.word
}

// row inserts a row into a table of which everything is known: every column that holds what
// somebody said or is called gets a trace, and the others what fits. It returns the row's id, 0 when
// it has none.
func (w *world) row(table string, x traces, given map[string]any) (id int64) {
	w.t.Helper()
	at := slices.IndexFunc(privacy.Tables(), func(t privacy.Table) bool { return t.Name == table })
	if at < 0 {
		w.t.Fatalf("tables.go knows no table %s", table)
	}
	columns := privacy.Tables()[at].Columns
	values := map[string]any{}
	for name, kind := range columns {
		switch kind {
		case "text", "json", "inet", "point":
			values[name] = x.of(name, kind)
		case "bytes":
			values[name] = []byte(x.word)
		case "uuid":
			values[name] = uuid.NewString()
		case "time":
			values[name] = w.clock.Now()
		case "date":
			values[name] = "2026-03-02"
		case "word":
			values[name] = "word"
		}
	}
	for name, value := range map[string]any{"campaign_id": "HOOK-001", "deleted_at": nil, "erased_at": nil, "undone_at": nil, "forgotten_at": nil} {
		if _, ok := values[name]; ok {
			values[name] = value
		}
	}
	maps.Copy(values, given)
	var names, places []string
	var args []any
	for _, name := range slices.Sorted(maps.Keys(values)) {
		args = append(args, values[name])
		place := "$" + strconv.Itoa(len(args))
		if as, ok := map[string]string{"json": "jsonb", "inet": "inet", "point": "point", "uuid": "uuid", "date": "date"}[columns[name]]; ok {
			place = "CAST(CAST(" + place + " AS text) AS " + as + ")"
			if w.db.Engine() == db.SQLite {
				place = "$" + strconv.Itoa(len(args))
			}
		}
		names, places = append(names, `"`+name+`"`), append(places, place)
	}
	query := `INSERT INTO ` + table + ` (` + strings.Join(names, ", ") + `) VALUES (` + strings.Join(places, ", ") + `)`
	w.update(func(ctx context.Context, tx *db.Tx) error {
		if _, ok := columns["id"]; ok {
			return tx.QueryRow(ctx, query+` RETURNING id`, args...).Scan(&id)
		}
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	return id
}

// business is a business with rows in every table, twice where that can be, and one that was
// merged into it.
func (w *world) business(x traces, community int64) (id int64) {
	w.t.Helper()
	for _, value := range []string{x.email(), x.phone} {
		_, _, err := w.consents.Suppress(w.t.Context(), fibonacco.Suppression{Value: value, Source: x.word})
		must(w.t, err)
	}
	id = w.row("smbs", x, map[string]any{"community_id": community, "campaign_status": "active", "subscription_tier": x.word})
	merged := w.row("smbs", x, map[string]any{"community_id": community, "campaign_status": "pending", "deleted_at": w.clock.Now()})
	w.row("merges", x, map[string]any{"community_id": community, "survivor_id": id, "other_id": merged})
	w.row("duplicate_dismissals", x, map[string]any{"smb_id": id, "other_id": merged})
	for i, smb := range []int64{id, merged} {
		session := uuid.NewString()
		mine := func(more map[string]any) map[string]any {
			given := map[string]any{"smb_id": smb}
			maps.Copy(given, more)
			return given
		}
		w.row("smb_tags", x, mine(map[string]any{"tag": x.word + strconv.Itoa(i)}))
		w.row("smb_addresses", x, mine(map[string]any{"slug": x.word + strconv.Itoa(i)}))
		w.row("business_links", x, mine(map[string]any{"purpose": "owner"}))
		w.row("coupon_pages", x, mine(map[string]any{"till_generation": 1}))
		coupon := w.row("coupons", x, mine(map[string]any{"slug": x.word + strconv.Itoa(i)}))
		w.row("coupon_redemptions", x, mine(map[string]any{"coupon_id": coupon, "form_key": x.word + strconv.Itoa(i)}))
		w.row("review_pages", x, mine(map[string]any{"withdrawn_at": nil}))
		asked := w.row("review_requests", x, mine(nil))
		w.row("reviews", x, mine(map[string]any{"request_id": asked, "form_key": x.word + strconv.Itoa(i), "stars": 3, "status": "published", "held_reason": nil}))
		w.row("import_changes", x, mine(map[string]any{"import_id": 1, "batch": i, "version": 1}))
		w.row("chat_assistants", x, mine(nil))
		w.row("chat_sessions", x, mine(map[string]any{"session_id": uuid.NewString()}))
		w.row("preferences", x, mine(map[string]any{"kind": "without_tips"}))
		w.row("confirmations", x, mine(nil))
		w.row("event_posters", x, mine(nil))
		w.row("community_events", x, mine(map[string]any{"sequence": 1}))
		profile := w.row("business_profiles", x, mine(nil))
		w.row("business_photos", x, map[string]any{"profile_id": profile, "width": 1, "height": 1})
		w.row("score_history", x, mine(map[string]any{"score": 10, "tier": 4}))
		w.row("booking_pages", x, mine(nil))
		for n := range 2 {
			status := []string{"queued", "sent", "failed", "suppressed"}[2*i+n]
			send := w.row("campaign_sends", x, mine(map[string]any{"status": status, "skip_reason": nil, "occurrence": n + 1}))
			w.row("email_events", x, map[string]any{"campaign_send_id": send, "event_type": "opened"})
			w.row("audit_log", x, map[string]any{"entity": "campaign_send", "entity_id": strconv.FormatInt(send, 10), "community_id": community})
			drop := w.row("rvm_drops", x, mine(map[string]any{"campaign_send_id": send, "status": status}))
			w.row("callbacks", x, mine(map[string]any{"rvm_drop_id": drop}))
			w.row("email_conversations", x, mine(map[string]any{"campaign_send_id": send}))
			approval := w.row("approvals", x, mine(nil))
			w.row("approval_upsells", x, map[string]any{"approval_id": approval})
			w.row("provisioning_tasks", x, mine(map[string]any{"approval_id": approval}))
			w.row("notices", x, mine(map[string]any{"notice_key": uuid.NewString(), "attempts": 1}))
			w.row("bookings", x, mine(map[string]any{"form_key": uuid.NewString(), "minutes": 30}))
			w.row("email_event_days", x, map[string]any{"campaign_send_id": send, "event_type": "opened", "verdict": "human", "events": 3})
			w.row("voicemail_skips", x, mine(map[string]any{"campaign_send_id": send, "community_id": community}))
			w.row("voicemail_quota", x, mine(map[string]any{"period": "2026-0" + strconv.Itoa(n+1), "used": 1}))
			w.row("skips", x, mine(map[string]any{"community_id": community, "programme_day": n}))
			w.row("smb_notes", x, mine(nil))
			w.row("consents", x, mine(map[string]any{"channel": "email", "granted": n == 0}))
			for _, table := range []string{"chat_messages", "content_views", "ai_tasks", "analytics_events"} {
				given := mine(nil)
				if table == "chat_messages" {
					given["session_id"] = session
				}
				w.row(table, x, given)
			}
			w.row("audit_log", x, map[string]any{"entity": "smb", "entity_id": strconv.FormatInt(smb, 10), "community_id": community})
		}
		// What came in before anybody knew whose it was.
		w.row("chat_messages", x, map[string]any{"smb_id": nil, "session_id": session})
		w.row("callbacks", x, map[string]any{"smb_id": nil})
		w.row("email_conversations", x, map[string]any{"smb_id": nil, "to_email": "us@example.org", "from_email": strings.ToUpper(x.email())})
		w.row("suppressions", x, mine(map[string]any{"kind": "email", "phone": nil, "hash": nil, "email_key": "old" + strconv.Itoa(i) + "-" + x.email()}))
	}
	w.update(func(ctx context.Context, tx *db.Tx) error { return search.Reindex(ctx, tx, []int64{id}) })
	return id
}

// found is where in the database a text is: "table.column" of every column of every table.
func (w *world) found(part string) []string {
	w.t.Helper()
	var places []string
	for table, columns := range live(w.t, w.db) {
		for _, c := range columns {
			name, _, _ := strings.Cut(c, " ")
			n := get[int](w, `SELECT count(*) FROM "`+table+`" WHERE CAST("`+name+`" AS text) LIKE '%`+part+`%'`)
			if n > 0 {
				places = append(places, fmt.Sprintf("%s.%s (%d)", table, name, n))
			}
		}
	}
	slices.Sort(places)
	return places
}

// dump is every row of every table in which a text is, as text.
func (w *world) dump(part string) []string {
	w.t.Helper()
	var all []string
	for table, columns := range live(w.t, w.db) {
		var parts []string
		for _, c := range columns {
			name, _, _ := strings.Cut(c, " ")
			parts = append(parts, `COALESCE(CAST("`+name+`" AS text), '~')`)
		}
		must(w.t, w.db.View(w.t.Context(), func(tx *db.Tx) error {
			rows, err := db.Select[string](w.t.Context(), tx, `SELECT line FROM (SELECT `+strings.Join(parts, " || '|' || ")+` AS line FROM "`+table+`") lines WHERE line LIKE '%`+part+`%'`)
			for _, r := range rows {
				all = append(all, table+": "+r)
			}
			return err
		}))
	}
	slices.Sort(all)
	return all
}
