package track_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/track"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

const (
	publicURL = "https://go.example.com"
	iphone    = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
	storedURL = "https://www.example.org/guide?a=1&b=2"
)

// world is a database with one community, the campaigns HOOK-001 (sells booking) and EDU-001
// (sells nothing), one stored link each, and a started service.
type world struct {
	t      testing.TB
	db     *db.DB
	clock  *fibonacco.FakeClock
	signer *fibonacco.Signer
	queue  *queue.Queue
	svc    *track.Service
	links  map[string]int64 // campaign → its stored link
}

func newSigner(t testing.TB) *fibonacco.Signer {
	t.Helper()
	signer, err := fibonacco.NewSigner("a secret key for tests that is long enough to sign with")
	must(t, err)
	return signer
}

func newWorld(t testing.TB, d *db.DB, clock *fibonacco.FakeClock) *world {
	t.Helper()
	q, err := queue.New(queue.Options{DB: d})
	must(t, err)
	w := &world{t: t, db: d, clock: clock, signer: newSigner(t), queue: q, links: map[string]int64{}}
	w.svc = track.New(d, q, w.signer, fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: publicURL + "/"}})
	w.svc.Start()
	t.Cleanup(w.svc.Close)
	w.exec(`INSERT INTO communities (id, uuid, name, slug, state, created_at) VALUES (1, $1, 'Port Avery', 'port-avery', 'NY', $2)`, uuid.NewString(), clock.Now())
	w.exec(`INSERT INTO campaigns (id, type, week, day, title, subject, slug, service_type) VALUES ('HOOK-001', 'HOOK', 1, 1, 'A', 'A', 'a-page-you-control', 'appointment_booking')`)
	w.exec(`INSERT INTO campaigns (id, type, week, day, title, subject, slug, landing_page_slug) VALUES ('EDU-001', 'EDU', 1, 2, 'B', 'B', 'b', 'how-people-choose')`)
	for _, c := range []string{"HOOK-001", "EDU-001"} {
		w.links[c] = w.link(c, storedURL)
	}
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(w.t.Context(), query, args...)
		return err
	}))
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	must(w.t, w.db.View(w.t.Context(), func(tx *db.Tx) (err error) {
		n, err = db.Count(w.t.Context(), tx, query, args...)
		return err
	}))
	return n
}

func get[T any](w *world, query string, args ...any) (v T) {
	w.t.Helper()
	must(w.t, w.db.View(w.t.Context(), func(tx *db.Tx) (err error) {
		v, err = db.Get[T](w.t.Context(), tx, query, args...)
		return err
	}))
	return v
}

// link stores a link; its id is as large as real ones are.
func (w *world) link(campaign, url string) (id int64) {
	w.t.Helper()
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error {
		if err := tx.QueryRow(w.t.Context(), `SELECT COALESCE(MAX(id), 99) + 1 FROM campaign_links`).Scan(&id); err != nil {
			return err
		}
		_, err := tx.Exec(w.t.Context(), `INSERT INTO campaign_links (id, campaign_id, url, created_at) VALUES ($1, $2, $3, $4)`, id, campaign, url, tx.Now)
		return err
	}))
	return id
}

func (w *world) smb(email string) (id int64) {
	w.t.Helper()
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error {
		return tx.QueryRow(w.t.Context(), `
			INSERT INTO smbs (uuid, community_id, business_name, primary_email, created_at, updated_at)
			VALUES ($1, 1, 'Marisol Hair Studio', $2, $3, $3) RETURNING id`, uuid.NewString(), email, tx.Now).Scan(&id)
	}))
	return id
}

// mail is one send: who it went to, and its tokens.
type mail struct {
	w        *world
	id, smb  int64
	campaign string
}

// send makes a mail of a campaign to a new business, sent an hour ago.
func (w *world) send(campaign string) mail {
	w.t.Helper()
	return w.sendTo(w.smb("Marisol@example.com"), campaign, fibonacco.SendSent, "Marisol@Example.com")
}

func (w *world) sendTo(smb int64, campaign string, status fibonacco.SendStatus, email string) mail {
	w.t.Helper()
	m := mail{w: w, smb: smb, campaign: campaign}
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error {
		var sent any
		if status == fibonacco.SendSent {
			sent = tx.Now.Add(-time.Hour)
		}
		return tx.QueryRow(w.t.Context(), `
			INSERT INTO campaign_sends (uuid, smb_id, community_id, campaign_id, email, status, sent_at, occurrence, created_at, updated_at)
			VALUES ($1, $2, 1, $3, $4, $5, $6, (SELECT COUNT(*) + 1 FROM campaign_sends WHERE smb_id = $2), $7, $7) RETURNING id`,
			uuid.NewString(), smb, campaign, email, string(status), sent, tx.Now).Scan(&m.id)
	}))
	return m
}

func (m mail) token(link int64) string {
	return m.w.signer.SignSend(fibonacco.TrackToken, fibonacco.SendClaim{SendID: m.id, SMBID: m.smb, LinkID: link})
}

func (m mail) leaveToken() string {
	return m.w.signer.SignSend(fibonacco.UnsubscribeToken, fibonacco.SendClaim{SendID: m.id, SMBID: m.smb})
}

func (m mail) open(hit fibonacco.Hit) {
	m.w.t.Helper()
	must(m.w.t, m.w.svc.Open(m.w.t.Context(), m.token(0), hit))
}

func (m mail) click(link int64, hit fibonacco.Hit) string {
	m.w.t.Helper()
	target, err := m.w.svc.Click(m.w.t.Context(), m.token(link), hit)
	must(m.w.t, err)
	return target
}

func (m mail) record(kind string, data fibonacco.EmailEventData) {
	m.w.t.Helper()
	must(m.w.t, m.w.svc.Record(m.w.t.Context(), m.id, kind, data))
}

// rows counts the mail's email_events of a type; a verdict narrows.
func (m mail) rows(kind string, verdict ...string) int {
	m.w.t.Helper()
	if len(verdict) > 0 {
		return m.w.count(`SELECT COUNT(*) FROM email_events WHERE campaign_send_id = $1 AND event_type = $2 AND verdict = $3`, m.id, kind, verdict[0])
	}
	return m.w.count(`SELECT COUNT(*) FROM email_events WHERE campaign_send_id = $1 AND event_type = $2`, m.id, kind)
}

// events counts the business's published events of a type.
func (m mail) events(kind string) int {
	m.w.t.Helper()
	return m.w.count(`SELECT COUNT(*) FROM analytics_events WHERE smb_id = $1 AND event_type = $2`, m.smb, kind)
}

type state struct {
	Status     string
	SkipReason *string
	Sent       *time.Time
	Delivered  *time.Time
	Opened     *time.Time
	Clicked    *time.Time
	Bounced    *time.Time
	Complained *time.Time
}

func (m mail) state() state {
	m.w.t.Helper()
	return get[state](m.w, `
		SELECT status, skip_reason, sent_at AS sent, delivered_at AS delivered, opened_at AS opened, clicked_at AS clicked, bounced_at AS bounced, complained_at AS complained
		FROM campaign_sends WHERE id = $1`, m.id)
}

func (w *world) optedIn(smb int64) (email, voicemail bool) {
	w.t.Helper()
	type row struct{ Email, Voicemail bool }
	r := get[row](w, `SELECT email_opted_in AS email, rvm_opted_in AS voicemail FROM smbs WHERE id = $1`, smb)
	return r.Email, r.Voicemail
}

// suppressed is why an address gets no more mail, or "".
func (w *world) suppressed(key string) string {
	w.t.Helper()
	return get[string](w, `SELECT COALESCE(MAX(reason), '') FROM suppressions WHERE email_key = $1`, key)
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func ip(i int) string { return fmt.Sprintf("198.51.100.%d", i%250+1) }
