package campaign_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func testConfig(dir string) fibonacco.Config {
	return fibonacco.Config{
		ManifestDestiny: fibonacco.ManifestDestinyConfig{
			TotalDays: 90, PlanTimeLocal: "00:05", SendTimeLocal: "10:00",
			SubjectTest: fibonacco.SubjectTestConfig{Metric: "opens", Level: 0.05, MinSends: 100},
		},
		Email: fibonacco.EmailConfig{
			FromName: "Sarah", FromEmail: "sarah@local.example", ReplyTo: "reply@local.example",
			ChunkSize: 500, RetryAfter: []int{60, 300, 900},
		},
		RVM:     fibonacco.RVMConfig{FollowupEmailDelayMinutes: 5},
		Company: fibonacco.CompanyConfig{Name: "Town Media", PostalAddress: "1 Main Street"},
		HTTP:    fibonacco.HTTPConfig{PublicURL: "http://localhost:8080"},
		DataDir: dir,
	}
}

// fakeMailer answers as its script says, and keeps what it accepted. It passes the same
// conformance suite as the real ones (mail/mailtest).
type fakeMailer struct {
	mu       sync.Mutex
	answer   func(m *fibonacco.Mail) fibonacco.Handover // nil accepts
	accepted []*fibonacco.Mail
	down     error
}

func (f *fakeMailer) Name() string                { return "fake" }
func (f *fakeMailer) Check(context.Context) error { return f.Ready() }
func (f *fakeMailer) Ready() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.down
}

func (f *fakeMailer) Run(ctx context.Context, mails <-chan *fibonacco.Mail, flight fibonacco.FlightLog, done func(*fibonacco.Mail, fibonacco.Handover)) {
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case m, ok := <-mails:
					if !ok {
						return
					}
					flight.Intent(m.SendID)
					h := fibonacco.Handover{Result: fibonacco.Accepted}
					f.mu.Lock()
					if f.answer != nil {
						h = f.answer(m)
					}
					if h.Result == fibonacco.Accepted {
						f.accepted = append(f.accepted, m)
					}
					f.mu.Unlock()
					done(m, h)
				}
			}
		})
	}
	wg.Wait()
}

func (f *fakeMailer) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.accepted)
}

// bench is a campaign service with everything around it.
type bundle struct {
	t      testing.TB
	db     *db.DB
	clock  *fibonacco.FakeClock
	queue  *queue.Queue
	svc    *campaign.Service
	mailer *fakeMailer

	options campaign.Options
}

// sibling is a service on another node: same database, nothing remembered.
func sibling(b *bundle) *campaign.Service {
	b.t.Helper()
	q, err := queue.New(queue.Options{DB: b.db, Supervisors: testSupervisors, Node: "sibling"})
	must(b.t, err)
	o := b.options
	o.Queue = q
	o.Config.DataDir = b.t.TempDir()
	svc, err := campaign.New(o)
	must(b.t, err)
	b.queue = q
	return svc
}

var testSupervisors = []queue.Supervisor{
	{Name: "email", Queues: []string{queue.EmailHigh, queue.Emails}, Balance: "none", MinProcesses: 4, MaxProcesses: 4, Tries: 3, Timeout: 60 * time.Second},
	{Name: "default", Queues: []string{queue.Default}, Balance: "none", MinProcesses: 2, MaxProcesses: 2, Tries: 3, Timeout: 60 * time.Second},
}

func setup(t testing.TB, d *db.DB, clock *fibonacco.FakeClock, change ...func(*fibonacco.Config)) *bundle {
	t.Helper()
	q, err := queue.New(queue.Options{DB: d, Supervisors: testSupervisors, Node: "node"})
	must(t, err)
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	must(t, err)
	b := &bundle{t: t, db: d, clock: clock, queue: q, mailer: &fakeMailer{}}
	b.options = campaign.Options{
		DB: d, Queue: q, Config: testConfig(t.TempDir()), Signer: signer, Mailer: b.mailer, FilterSQL: filterSQL,
	}
	for _, c := range change {
		c(&b.options.Config)
	}
	b.svc, err = campaign.New(b.options)
	must(t, err)
	_, err = b.svc.StoreLibrary(t.Context(), ninetyDays(), nil)
	must(t, err)
	return b
}

// filterSQL is the little of Module 1's filter that these tests need.
func filterSQL(_ context.Context, _ *db.Tx, f fibonacco.SMBFilter, first int) (where string, args []any, err error) {
	switch {
	case len(f.IDs) > 0:
		return fmt.Sprintf("smbs.id IN ($%d...)", first), []any{f.IDs}, nil
	case len(f.CommunityIDs) > 0:
		return fmt.Sprintf("smbs.community_id IN ($%d...)", first), []any{f.CommunityIDs}, nil
	}
	return "", nil, nil
}

// run starts lane and queue, and stops them with the test.
func (b *bundle) run() {
	b.t.Helper()
	b.svc.Start(b.t.Context())
	b.svc.Schedule()
	must(b.t, b.queue.Start(b.t.Context()))
	b.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		must(b.t, b.queue.Stop(ctx))
		must(b.t, b.svc.Stop())
		must(b.t, b.queue.Depart(ctx))
	})
}

// ninetyDays is a campaign for each programme day that has one, as the specification's weekdays say.
func ninetyDays() []fibonacco.Campaign {
	types := map[int]fibonacco.CampaignType{1: fibonacco.Hook, 2: fibonacco.Edu, 4: fibonacco.HowTo, 6: fibonacco.HowTo}
	counts := map[fibonacco.CampaignType]int{}
	all := []fibonacco.Campaign{{
		ID: fibonacco.PremiumWelcomeID, Type: fibonacco.Intro, Title: "Welcome", Subject: "Thank you", Slug: "welcome",
		BodyMarkdown: "Hello.", IsActive: true, EmailTemplateID: "v1",
	}}
	for day := 1; day <= 90; day++ {
		kind, ok := types[(day-1)%7+1]
		if !ok {
			continue
		}
		counts[kind]++
		id := fmt.Sprintf("%s-%03d", kind, counts[kind])
		all = append(all, fibonacco.Campaign{
			ID: id, Type: kind, Week: (day + 6) / 7, Day: day, Title: id, Slug: strings.ToLower(id), IsActive: true,
			Subject:      "{{ business_name }}: day " + fmt.Sprint(day),
			BodyMarkdown: "Hello {{ first_name | default: \"there\" }}, from {{ community }}.", EmailTemplateID: "v1",
		})
	}
	return all
}

func (b *bundle) community(zone string) int64 {
	b.t.Helper()
	var id int64
	must(b.t, b.db.Update(b.t.Context(), func(tx *db.Tx) error {
		u := uuid.NewString()
		return tx.QueryRow(b.t.Context(), `INSERT INTO communities (uuid, name, slug, state, timezone, created_at, updated_at)
			VALUES ($1, $2, $3, 'NY', $4, $5, $5) RETURNING id`, u, "Town", u, zone, tx.Now).Scan(&id)
	}))
	return id
}

// smbs adds n contactable businesses and returns their ids.
func (b *bundle) smbs(community int64, n int) []int64 {
	b.t.Helper()
	rows := db.NewBatch("uuid uuid", "name text", "email text")
	for i := range n {
		rows.Add(uuid.NewString(), fmt.Sprintf("Business %d", i), fmt.Sprintf("owner%d-%d@shop.example", community, i))
	}
	var ids []int64
	must(b.t, b.db.Update(b.t.Context(), func(tx *db.Tx) error {
		return tx.QueryBatch(b.t.Context(), rows, `
			INSERT INTO smbs (uuid, community_id, business_name, primary_email, email_key, created_at, updated_at)
			SELECT uuid, $1, name, email, email, $2, $2 FROM rows RETURNING id`, func(r db.Row) error {
			var id int64
			ids = append(ids, 0)
			err := r.Scan(&id)
			ids[len(ids)-1] = id
			return err
		}, community, tx.Now)
	}))
	return ids
}

func (b *bundle) exec(query string, args ...any) {
	b.t.Helper()
	must(b.t, b.db.Update(b.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(b.t.Context(), query, args...)
		return err
	}))
}

func (b *bundle) n(query string, args ...any) int {
	b.t.Helper()
	var n int
	must(b.t, b.db.View(b.t.Context(), func(tx *db.Tx) error {
		var err error
		n, err = db.Count(b.t.Context(), tx, query, args...)
		return err
	}))
	return n
}

func (b *bundle) text(query string, args ...any) string {
	b.t.Helper()
	var s string
	must(b.t, b.db.View(b.t.Context(), func(tx *db.Tx) error {
		return tx.QueryRow(b.t.Context(), query, args...).Scan(&s)
	}))
	return s
}

func (b *bundle) start(ids ...int64) fibonacco.ProgrammeResult {
	b.t.Helper()
	res, err := b.svc.StartProgramme(b.t.Context(), fibonacco.SMBFilter{IDs: ids})
	must(b.t, err)
	return res
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 800 {
		if ok() {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("never happened: %s", what)
}
