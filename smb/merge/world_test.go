package merge_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb"
	"github.com/fibonacco/fibonacco/smb/duplicates"
	"github.com/fibonacco/fibonacco/smb/merge"
)

// world is a database with two communities, 1 and 2, five campaigns, and the service with the real
// modules around it.
type world struct {
	t     testing.TB
	db    *db.DB
	clock *fibonacco.FakeClock
	smbs  *smb.Service
	mails *campaign.Service
	svc   *merge.Service
}

func newWorld(t testing.TB, d *db.DB, clock *fibonacco.FakeClock) *world {
	t.Helper()
	cfg := fibonacco.Config{
		ManifestDestiny: fibonacco.ManifestDestinyConfig{TotalDays: 90, PlanTimeLocal: "00:05", SendTimeLocal: "10:00"},
		Email:           fibonacco.EmailConfig{FromName: "Sarah", FromEmail: "sarah@local.example", ChunkSize: 500},
		Engagement: fibonacco.EngagementConfig{
			WindowDays: 30, Tiers: map[int]fibonacco.TierConfig{1: {MinScore: 80}, 2: {MinScore: 50}, 3: {MinScore: 20}, 4: {}},
			ScoreWeights: map[fibonacco.EngagementKind]int{fibonacco.KindOpen: 5, fibonacco.KindView: 8, fibonacco.KindApproval: 25},
			ScoreCaps:    map[fibonacco.EngagementKind]int{fibonacco.KindOpen: 25, fibonacco.KindView: 20, fibonacco.KindApproval: 50},
		},
		Company: fibonacco.CompanyConfig{Name: "Town Media", PostalAddress: "1 Main Street"},
		HTTP:    fibonacco.HTTPConfig{PublicURL: "http://localhost:8080"},
	}
	q, err := queue.New(queue.Options{DB: d})
	must(t, err)
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 64))
	must(t, err)
	w := &world{t: t, db: d, clock: clock, smbs: smb.New(d, q, cfg)}
	w.mails, err = campaign.New(campaign.Options{DB: d, Queue: q, Config: cfg, Signer: signer, FilterSQL: smb.FilterSQL})
	must(t, err)
	w.svc = merge.New(merge.Options{DB: d, Queue: q, Rescore: w.smbs.Rescore, TakeOver: w.mails.TakeOver})
	for id, slug := range map[int64]string{1: "port-avery", 2: "red-hook"} {
		w.exec(`INSERT INTO communities (id, uuid, name, slug, state, created_at) VALUES ($1, $2, $3, $3, 'NY', $4)`, id, uuid.NewString(), slug, clock.Now())
	}
	for n := 1; n <= 5; n++ {
		w.exec(`INSERT INTO campaigns (id, type, week, day, title, subject, slug, body_markdown, is_active) VALUES ($1, 'HOOK', 1, $2, 'T', 'S', $1, 'Hello', TRUE)`,
			fmt.Sprintf("HOOK-%03d", n), n)
	}
	w.exec(`INSERT INTO campaigns (id, type, week, day, title, subject, slug) VALUES ($1, 'WELCOME', 0, 0, 'W', 'W', 'w')`, fibonacco.PremiumWelcomeID)
	return w
}

func must(t interface {
	Helper()
	Fatal(args ...any)
}, err error,
) {
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

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(w.t.Context(), query, args...)
		return err
	}))
}

// insert runs an INSERT and returns the new row's id.
func (w *world) insert(query string, args ...any) (id int64) {
	w.t.Helper()
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error {
		return tx.QueryRow(w.t.Context(), query+` RETURNING id`, args...).Scan(&id)
	}))
	return id
}

func get[T any](w *world, query string, args ...any) (v T) {
	w.t.Helper()
	must(w.t, w.db.View(w.t.Context(), func(tx *db.Tx) (err error) {
		v, err = db.Get[T](w.t.Context(), tx, query, args...)
		return err
	}))
	return v
}

// all is a column's texts, in order, with spaces between them.
func all(w *world, query string, args ...any) string {
	w.t.Helper()
	var texts []string
	must(w.t, w.db.View(w.t.Context(), func(tx *db.Tx) (err error) {
		texts, err = db.Select[string](w.t.Context(), tx, query, args...)
		return err
	}))
	return strings.Join(texts, " ")
}

// smb is a new business of community 1.
func (w *world) smb(name string, with ...func(*fibonacco.SMB)) int64 {
	w.t.Helper()
	s := fibonacco.SMB{CommunityID: 1, BusinessName: name, EmailOptedIn: true, RVMOptedIn: true, SubscriptionTier: "free"}
	for _, f := range with {
		f(&s)
	}
	created, err := w.smbs.Create(w.t.Context(), s)
	must(w.t, err)
	return created.ID
}

func (w *world) find(id int64) *fibonacco.SMB {
	w.t.Helper()
	s, err := w.smbs.Find(w.t.Context(), id)
	must(w.t, err)
	return s
}

// place puts a business into the programme.
func (w *world) place(id int64, status fibonacco.CampaignStatus, start string, day int) {
	w.t.Helper()
	w.exec(`UPDATE smbs SET campaign_status = $2, manifest_destiny_start_date = CAST($3 AS date), manifest_destiny_day = $4, planned_through_day = $4 WHERE id = $1`,
		id, string(status), db.Null(start), day)
}

// send is one row of the ledger: a step, HOOK-001 for 1, or the premium welcome for 0.
func (w *world) send(id int64, step int, status fibonacco.SendStatus) int64 {
	w.t.Helper()
	campaignID := fibonacco.PremiumWelcomeID
	if step > 0 {
		campaignID = fmt.Sprintf("HOOK-%03d", step)
	}
	return w.insert(`
		INSERT INTO campaign_sends (uuid, smb_id, community_id, campaign_id, email, subject, status, scheduled_for, created_at)
		VALUES ($1, $2, 1, $3, 'a@a.example', 'S', $4, $5, $5)`, uuid.NewString(), id, campaignID, string(status), w.clock.Now())
}

func (w *world) merge(survivor, other int64, choose map[string]string) *fibonacco.Merge {
	w.t.Helper()
	m, err := w.svc.MergeSMBs(w.t.Context(), survivor, other, choose)
	must(w.t, err)
	return m
}

func (w *world) undo(m *fibonacco.Merge) {
	w.t.Helper()
	must(w.t, w.svc.UndoMerge(w.t.Context(), m.UUID))
}

// sends is the ledger of a business: "HOOK-001 sent, …" in the order of the steps.
func (w *world) sends(id int64) string {
	w.t.Helper()
	return all(w, `SELECT campaign_id || ':' || status FROM campaign_sends WHERE smb_id = $1 ORDER BY campaign_id, id`, id)
}

// as is a context in the name of somebody who sees these communities.
func as(t testing.TB, communities ...int64) context.Context {
	return fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{UserID: 7, Name: "Ana Ruiz", Role: fibonacco.Manager, Communities: communities})
}

func fieldNames(fields []fibonacco.MergeField) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// dismiss says that two are not the same.
func (w *world) dismiss(a, b int64) error {
	return duplicates.New(w.db, w.smbs).DismissDuplicate(w.t.Context(), a, b)
}
