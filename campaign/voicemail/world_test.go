package voicemail_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/voicemail"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

const goodScript = `This is a recorded message from {{ company_name }}. To stop these messages, call {{ opt_out_number }}, toll free.
Hello {{ first_name | default: "there" }}. I'm Sarah, an AI account manager, using a computer voice. I emailed {{ business_name }} one offer.
Questions? Call {{ callback_number }}. Thank you.`

func testConfig() fibonacco.Config {
	return fibonacco.Config{
		RVM: fibonacco.RVMConfig{
			Provider: "simulator", TriggerAfterHours: 24, SendTimeLocal: "10:00", FollowupEmailDelayMinutes: 5,
			MonthlyLimits: map[int]int{1: 4, 2: 2, 3: 1, 4: 0}, RequireConsent: true,
			CallbackNumber: "+17185550100", OptOutNumber: "+18005550100",
			WindowFromLocal: "10:00", WindowUntilLocal: "18:00", WindowDays: []int{1, 2, 3, 4, 5},
		},
		Company: fibonacco.CompanyConfig{Name: "Town Media"},
		HTTP:    fibonacco.HTTPConfig{PublicURL: "https://media.example"},
	}
}

// scripted is a provider that answers as its script says and keeps what it was given. It passes the
// conformance suite of the real ones.
type scripted struct {
	mu         sync.Mutex
	answer     func(v fibonacco.Voicemail) fibonacco.Handover // nil accepts
	got        []fibonacco.Voicemail
	down       error
	repeatable time.Duration
}

func (p *scripted) Name() string                { return "simulator" }
func (p *scripted) Check(context.Context) error { return p.Ready() }
func (p *scripted) Repeatable() time.Duration   { return p.repeatable }
func (p *scripted) Ready() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.down
}

func (p *scripted) Drop(_ context.Context, v fibonacco.Voicemail) fibonacco.Handover {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, v)
	if p.answer != nil {
		return p.answer(v)
	}
	return fibonacco.Handover{Result: fibonacco.Accepted, MessageID: "m-" + v.Key}
}

func (p *scripted) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.got)
}

// world is a voicemail service with everything around it.
type world struct {
	t        testing.TB
	db       *db.DB
	clock    *fibonacco.FakeClock
	queue    *queue.Queue
	svc      *voicemail.Service
	provider *scripted
	consents map[int64]bool // nil: everybody has given one
	blocked  map[string]bool
	signer   *fibonacco.Signer
	town     int64
}

// monday is a Monday at noon in New York, in a week without days off.
var monday = time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC)

func newWorld(t testing.TB, d *db.DB, clock *fibonacco.FakeClock, change ...func(*fibonacco.Config)) *world {
	t.Helper()
	clock.Set(monday)
	cfg := testConfig()
	for _, f := range change {
		f(&cfg)
	}
	q, err := queue.New(queue.Options{DB: d, Node: "node"})
	must(t, err)
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	must(t, err)
	w := &world{t: t, db: d, clock: clock, queue: q, provider: &scripted{repeatable: 24 * time.Hour}, blocked: map[string]bool{}, signer: signer}
	w.svc = w.service(cfg)
	w.town = w.community("NY", "America/New_York")
	w.exec(`INSERT INTO campaigns (id, type, week, day, title, subject, slug, rvm_script, is_active, created_at, updated_at)
		VALUES ('HOOK-001', 'HOOK', 1, 1, 'A page', 'A page', 'a-page', $1, TRUE, $2, $2), ('EDU-001', 'EDU', 1, 2, 'An idea', 'An idea', 'an-idea', $1, TRUE, $2, $2),
			('BARE-001', 'HOOK', 1, 3, 'Bare', 'Bare', 'bare', 'Hello {{ first_name | default: "there" }}.', TRUE, $2, $2),
			('MUTE-001', 'INTRO', 0, 0, 'Mute', 'Mute', 'mute', NULL, TRUE, $2, $2)`, goodScript, monday)
	return w
}

// service is one more service on the same database, as another node has it.
func (w *world) service(cfg fibonacco.Config) *voicemail.Service {
	w.t.Helper()
	q, err := queue.New(queue.Options{DB: w.db, Node: "node-" + uuid.NewString()[:8]})
	must(w.t, err)
	svc, err := voicemail.New(voicemail.Options{
		DB: w.db, Queue: q, Config: cfg, Signer: w.signer, Voicemailer: w.provider,
		Consent: func(_ context.Context, _ *db.Tx, ids []int64) (map[int64]bool, error) {
			out := map[int64]bool{}
			for _, id := range ids {
				out[id] = w.consents == nil || w.consents[id]
			}
			return out, nil
		},
		Blocked: func(context.Context, *db.Tx, []string) (map[string]bool, error) { return w.blocked, nil },
	})
	must(w.t, err)
	return svc
}

func (w *world) community(state, zone string) int64 {
	w.t.Helper()
	var id int64
	u := uuid.NewString()
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error {
		return tx.QueryRow(w.t.Context(), `INSERT INTO communities (uuid, name, slug, state, timezone, created_at, updated_at)
			VALUES ($1, 'Town', $5, $2, $3, $4, $4) RETURNING id`, u, state, zone, tx.Now, u).Scan(&id)
	}))
	return id
}

// smb adds a business of tier 1 that may get voicemails.
func (w *world) smb(phone string) int64 { return w.smbIn(w.town, phone, 1) }

func (w *world) smbIn(town int64, phone string, tier int) int64 {
	w.t.Helper()
	var id int64
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error {
		return tx.QueryRow(w.t.Context(), `
			INSERT INTO smbs (uuid, community_id, business_name, primary_contact_name, primary_phone, engagement_tier, campaign_status, created_at, updated_at)
			VALUES ($1, $2, 'Marisol Hair Studio', 'Marisol Vega', $3, $4, 'active', $5, $5) RETURNING id`,
			uuid.NewString(), town, db.Null(phone), tier, tx.Now).Scan(&id)
	}))
	return id
}

// send adds a mail that was sent a while ago.
func (w *world) send(smb int64, campaign string, ago time.Duration) int64 {
	w.t.Helper()
	var id int64
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error {
		return tx.QueryRow(w.t.Context(), `
			INSERT INTO campaign_sends (uuid, smb_id, campaign_id, email, status, sent_at, scheduled_for, occurrence, created_at, updated_at)
			VALUES ($1, $2, $3, 'owner@shop.example', 'sent', $4, $4,
				(SELECT COALESCE(MAX(occurrence), 0) + 1 FROM campaign_sends WHERE smb_id = $5 AND campaign_id = $6), $4, $4)
			RETURNING id`, uuid.NewString(), smb, campaign, tx.Now.Add(-ago), smb, campaign).Scan(&id)
	}))
	return id
}

// drop plans a voicemail for a fresh mail and returns its id.
func (w *world) drop(smb int64) int64 {
	w.t.Helper()
	send := w.send(smb, "HOOK-001", 25*time.Hour)
	must(w.t, w.svc.TriggerRVM(w.t.Context(), send))
	return get[int64](w, `SELECT id FROM rvm_drops WHERE campaign_send_id = $1`, send)
}

// due sets the clock to a drop's time.
func (w *world) due(drop int64) {
	w.t.Helper()
	d, err := w.svc.Drop(w.t.Context(), drop)
	must(w.t, err)
	w.clock.Set(*d.ScheduledFor)
}

// left is a voicemail that the provider has taken.
func (w *world) left(smb int64) int64 {
	w.t.Helper()
	id := w.drop(smb)
	w.due(id)
	must(w.t, w.svc.ProcessRVMDrop(w.t.Context(), id))
	equal(w.t, "after the hand-over", w.state(id), "sent/")
	return id
}

func (w *world) report(r fibonacco.DropReport) bool {
	w.t.Helper()
	changed, err := w.svc.TakeDropReport(w.t.Context(), r)
	must(w.t, err)
	return changed
}

// state is "status/delivery_status".
func (w *world) state(drop int64) string {
	return get[string](w, `SELECT status || '/' || COALESCE(delivery_status, '') FROM rvm_drops WHERE id = $1`, drop)
}

// local is a drop's time in New York.
func (w *world) local(drop int64) string {
	w.t.Helper()
	d, err := w.svc.Drop(w.t.Context(), drop)
	must(w.t, err)
	zone, err := time.LoadLocation("America/New_York")
	must(w.t, err)
	return d.ScheduledFor.In(zone).Format("2006-01-02 15:04")
}

func (w *world) used(smb int64, period string) int {
	return w.count(`SELECT COALESCE(SUM(used), 0) FROM voicemail_quota WHERE smb_id = $1 AND period = $2`, smb, period)
}

func (w *world) skipped(send int64) string {
	return get[string](w, `SELECT COALESCE(MAX(reason), '') FROM voicemail_skips WHERE campaign_send_id = $1`, send)
}

func (w *world) events(kind string) int {
	return w.count(`SELECT COUNT(*) FROM analytics_events WHERE event_type = $1`, kind)
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(w.t.Context(), query, args...)
		return err
	}))
}

func (w *world) count(query string, args ...any) int {
	w.t.Helper()
	return get[int](w, query, args...)
}

func get[T any](w *world, query string, args ...any) T {
	w.t.Helper()
	var v T
	must(w.t, w.db.View(w.t.Context(), func(tx *db.Tx) error {
		return tx.QueryRow(w.t.Context(), query, args...).Scan(&v)
	}))
	return v
}

func phone(n int) string { return fmt.Sprintf("+1718555%04d", n) }

func list[T any](w *world, query string, args ...any) (all []T) {
	w.t.Helper()
	must(w.t, w.db.View(w.t.Context(), func(tx *db.Tx) (err error) {
		all, err = db.Select[T](w.t.Context(), tx, query, args...)
		return err
	}))
	return all
}

func newUUID() string { return uuid.NewString() }
