package approval_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
)

type world struct {
	*testing.T
	db     *db.DB
	clock  *fibonacco.FakeClock
	queue  *queue.Queue
	svc    *approval.Service
	signer *fibonacco.Signer
	maker  *maker // of listing_claim
	told   chan string
	post   post
}

// post keeps what is mailed. A transaction that is tried again mails again, under the same key.
type post struct {
	mu    sync.Mutex
	mails []fibonacco.Notice
}

func (p *post) take(_ context.Context, _ *db.Tx, n fibonacco.Notice) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mails = slices.DeleteFunc(p.mails, func(old fibonacco.Notice) bool { return old.Key == n.Key })
	p.mails = append(p.mails, n)
	return nil
}

// mailed is what was mailed for a purpose.
func (w *world) mailed(purpose string) (all []fibonacco.Notice) {
	w.post.mu.Lock()
	defer w.post.mu.Unlock()
	for _, n := range w.post.mails {
		if n.Purpose == purpose {
			all = append(all, n)
		}
	}
	return all
}

// maker makes listing claims; fails by its list of errors first.
type maker struct {
	mu        sync.Mutex
	fails     []error
	during    func() // while it is made
	made      int
	withdrawn int
}

func (*maker) ServiceType() string { return "listing_claim" }

func (m *maker) Provision(ctx context.Context, tx *db.Tx, task *fibonacco.ProvisioningTask) (map[string]any, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.during != nil {
		m.during()
	}
	if _, err := tx.Exec(ctx, `INSERT INTO smb_tags (smb_id, tag) VALUES ($1, 'made') ON CONFLICT DO NOTHING`, task.SMBID); err != nil {
		return nil, err
	}
	if len(m.fails) > 0 {
		err := m.fails[0]
		m.fails = m.fails[1:]
		return nil, err
	}
	m.made++
	return map[string]any{"url": "https://go.example.com/b/marisol", "manage": "page", "note": "Look at the facts."}, nil
}

func (m *maker) Withdraw(context.Context, *db.Tx, int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.withdrawn++
	return nil
}

func newWorld(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) *world {
	t.Helper()
	q, err := queue.New(queue.Options{DB: d, Supervisors: []queue.Supervisor{
		{Name: "default", Queues: []string{queue.Default}, Balance: "none", MinProcesses: 2, MaxProcesses: 2, Tries: 3, Timeout: time.Minute},
	}})
	must(t, err)
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	must(t, err)
	w := &world{T: t, db: d, clock: clock, queue: q, signer: signer, maker: &maker{}}
	w.svc = approval.New(approval.Options{
		DB: d, Queue: q, Signer: signer, Post: w.post.take, Announce: w.announce, Config: fibonacco.Config{
			HTTP: fibonacco.HTTPConfig{PublicURL: "https://go.example.com/"},
			Services: []fibonacco.Offering{
				{Type: "listing_claim", Title: "A page", Automatic: true, Upsells: []string{"sms_reminders", "gone", "coupon_campaign"}, Next: []string{"We make it."}},
				{Type: "sms_reminders", Title: "Reminders", Meeting: "Reminders: when"},
				{Type: "coupon_campaign", Title: "Coupons", Automatic: true, Next: []string{"We make one."}},
			},
		},
	})
	w.svc.Use(w.maker)
	queue.On(q, "approval.process", w.svc.ProcessSubmitted)
	w.exec(`INSERT INTO communities (id, uuid, name, slug, state) VALUES (1, $1, 'Brooklyn', 'brooklyn', 'NY')`, uuid.NewString())
	for id := range 2 {
		w.exec(`INSERT INTO smbs (id, uuid, community_id, business_name) VALUES ($1, $2, 1, 'Marisol')`, id+1, uuid.NewString())
	}
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) exec(query string, args ...any) {
	w.Helper()
	must(w.T, w.db.Update(w.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(w.Context(), query, args...)
		return err
	}))
}

func (w *world) count(query string, args ...any) (n int) {
	w.Helper()
	must(w.T, w.db.View(w.Context(), func(tx *db.Tx) (err error) {
		n, err = db.Count(w.Context(), tx, query, args...)
		return err
	}))
	return n
}

func (w *world) claim(smb int64, service, source string) fibonacco.ApprovalClaim {
	w.Helper()
	token, err := w.svc.GenerateToken(w.Context(), smb, service, source)
	must(w.T, err)
	c, err := w.svc.ValidateToken(w.Context(), token)
	must(w.T, err)
	return *c
}

func yes(c fibonacco.ApprovalClaim) fibonacco.ApprovalRequest {
	return fibonacco.ApprovalRequest{Claim: c, Name: "Marisol Ortiz", Email: "marisol@example.com", ContactConsent: true}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// A token is good for its business, its service and seven days; whatever is wrong with one, the
// refusal says the same.
func TestToken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		token, err := w.svc.GenerateToken(t.Context(), 1, "listing_claim", "HOOK-001")
		must(t, err)
		c, err := w.svc.ValidateToken(t.Context(), token)
		must(t, err)
		equal(t, "claim", *c, fibonacco.ApprovalClaim{SMBID: 1, ServiceType: "listing_claim", SourceID: "HOOK-001", Expires: dbtest.Start.Add(7 * 24 * time.Hour)})

		words := ""
		refuse := func(what, token string) {
			t.Helper()
			_, err := w.svc.ValidateToken(t.Context(), token)
			equal(t, what, fibonacco.CodeOf(err), fibonacco.Forbidden)
			if words == "" && err != nil {
				words = err.Error()
			}
			if err != nil {
				equal(t, what+": words", err.Error(), words)
			}
		}
		refuse("empty", "")
		refuse("altered", token[:len(token)-1]+map[bool]string{true: "B", false: "A"}[strings.HasSuffix(token, "A")])
		refuse("of another purpose", w.signer.SignSend(fibonacco.LearnToken, fibonacco.SendClaim{SMBID: 1}))
		refuse("of no service", w.signer.SignApproval(fibonacco.ApprovalClaim{SMBID: 1, ServiceType: "gold", Expires: dbtest.Start.Add(time.Hour)}))
		refuse("of nobody", w.signer.SignApproval(fibonacco.ApprovalClaim{SMBID: 99, ServiceType: "listing_claim", Expires: dbtest.Start.Add(time.Hour)}))
		clock.Advance(7 * 24 * time.Hour)
		_, err = w.svc.ValidateToken(t.Context(), token)
		must(t, err)
		clock.Advance(time.Second)
		refuse("expired", token)
		fresh, err := w.svc.GenerateToken(t.Context(), 1, "listing_claim", "")
		must(t, err)
		w.exec(`UPDATE smbs SET deleted_at = $1 WHERE id = 1`, clock.Now())
		refuse("of a deleted business", fresh)

		elsewhere := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Role: fibonacco.Manager, Communities: []int64{2}})
		_, err = w.svc.GenerateToken(elsewhere, 2, "listing_claim", "")
		equal(t, "token for another's business", fibonacco.CodeOf(err), fibonacco.NotFound)
		_, err = w.svc.GenerateToken(t.Context(), 2, "gold", "")
		equal(t, "token for no service", fibonacco.CodeOf(err), fibonacco.Invalid)
	})
}

// Ten at once make one approval and one event.
func TestCreateOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		c := w.claim(1, "listing_claim", "HOOK-001")
		errs := make([]error, 10)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { _, errs[i] = w.svc.Create(context.WithoutCancel(t.Context()), yes(c)) })
		}
		wg.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else {
				equal(t, "the others", fibonacco.CodeOf(err), fibonacco.Conflict)
			}
		}
		equal(t, "made", made, 1)
		equal(t, "approvals", w.count(`SELECT count(*) FROM approvals`), 1)
		equal(t, "events", w.count(`SELECT count(*) FROM analytics_events WHERE event_type = 'approval.submitted'`), 1)

		id, err := w.svc.Live(t.Context(), c)
		must(t, err)
		_, err = w.svc.Live(t.Context(), w.claim(1, "sms_reminders", ""))
		equal(t, "another service", fibonacco.CodeOf(err), fibonacco.NotFound)
		_, err = w.svc.Live(t.Context(), w.claim(2, "listing_claim", ""))
		equal(t, "another business", fibonacco.CodeOf(err), fibonacco.NotFound)

		for status, again := range map[string]bool{"provisioning": false, "provisioned": false, "failed": true} {
			w.exec(`UPDATE approvals SET status = $1 WHERE id = $2`, status, id)
			_, err = w.svc.Create(t.Context(), yes(c))
			equal(t, "again when "+status, err == nil, again)
			w.exec(`DELETE FROM approvals WHERE id <> $1`, id)
		}
		clock.Advance(8 * 24 * time.Hour)
		_, err = w.svc.Create(t.Context(), yes(c))
		equal(t, "a form that lay open", fibonacco.CodeOf(err), fibonacco.Forbidden)
	})
}

func TestCreate(t *testing.T) {
	hostile := `<script>alert("é")</script> {{ x }} ` + "\u202e" + `👩‍🦱 '`
	cases := map[string]struct {
		change func(r *fibonacco.ApprovalRequest)
		fields string // that are refused
	}{
		"fine":             {func(*fibonacco.ApprovalRequest) {}, ""},
		"hostile name":     {func(r *fibonacco.ApprovalRequest) { r.Name = hostile }, ""},
		"telephone":        {func(r *fibonacco.ApprovalRequest) { r.Phone = "+1 (718) 555-0142 ext. 5" }, ""},
		"nothing":          {func(r *fibonacco.ApprovalRequest) { *r = fibonacco.ApprovalRequest{Claim: r.Claim} }, "name email consent"},
		"zero byte":        {func(r *fibonacco.ApprovalRequest) { r.Name = "a\x00b" }, "name"},
		"broken text":      {func(r *fibonacco.ApprovalRequest) { r.Name = "a\xff" }, "name"},
		"long":             {func(r *fibonacco.ApprovalRequest) { r.Name = strings.Repeat("é", 256) }, "name"},
		"two addresses":    {func(r *fibonacco.ApprovalRequest) { r.Email = "a@example.com, b@example.com" }, "email"},
		"words for number": {func(r *fibonacco.ApprovalRequest) { r.Phone = "call me" }, "phone"},
		"strange referrer": {func(r *fibonacco.ApprovalRequest) { r.SourceURL = "https://example.com/\x00" }, ""},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for name, tc := range cases {
			w.exec(`DELETE FROM approvals`)
			r := yes(w.claim(1, "listing_claim", ""))
			tc.change(&r)
			a, err := w.svc.Create(t.Context(), r)
			var refused []string
			if e, ok := err.(*fibonacco.Error); ok { //nolint:errorlint // it is handed through
				for _, f := range e.Fields {
					refused = append(refused, f.Field)
				}
			}
			equal(t, name+": refused", strings.Join(refused, " "), tc.fields)
			if tc.fields != "" {
				equal(t, name+": stored", w.count(`SELECT count(*) FROM approvals`), 0)
				continue
			}
			must(t, err)
			equal(t, name+": stored", w.count(`SELECT count(*) FROM approvals WHERE id = $1 AND approver_name = $2 AND status = 'pending'`, a.ID, strings.TrimSpace(r.Name)), 1)
		}
	})
}

func TestSourceType(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.exec(`INSERT INTO content (slug, type, title) VALUES ('your-page', 'hook', 'Your page')`)
		for source, want := range map[string]string{
			"HOOK-001": "email", "your-page": "learning_center", "phone:17": "phone", "chat:4": "chat", "": "direct", "nowhere": "direct", "fax:3": "direct",
		} {
			a, err := w.svc.Create(t.Context(), yes(w.claim(1, "listing_claim", source)))
			must(t, err)
			equal(t, source, a.SourceType, want)
			w.exec(`DELETE FROM approvals`)
		}
	})
}

// start lets jobs be done.
func (w *world) start() {
	w.Helper()
	must(w.T, w.queue.Start(w.Context()))
	w.Cleanup(func() { _ = w.queue.Stop(context.WithoutCancel(w.Context())) })
}

// until waits for a count to come out as wanted.
func (w *world) until(want int, query string, args ...any) {
	w.Helper()
	for range 400 {
		if w.count(query, args...) == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.Fatalf("%s = %d, want %d", query, w.count(query, args...), want)
}

// each compares counts.
func (w *world) each(counts map[string]int) {
	w.Helper()
	for query, want := range counts {
		equal(w.T, query, w.count(query), want)
	}
}

// approve is a yes by a link of its own; it returns the receipt.
func (w *world) approve(smb int64, service string) string {
	w.Helper()
	token, err := w.svc.GenerateToken(w.Context(), smb, service, "HOOK-001")
	must(w.T, err)
	receipt, err := w.svc.Approve(w.Context(), token, yes(fibonacco.ApprovalClaim{}))
	must(w.T, err)
	return receipt
}

// announce takes what the operator's own program is told. A test that counts on it makes told.
func (w *world) announce(_ context.Context, _ string, body []byte) error {
	if w.told == nil {
		return errors.New("nobody is there")
	}
	w.told <- string(body)
	return nil
}
