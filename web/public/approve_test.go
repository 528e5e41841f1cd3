package public_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/web/public"
)

// hostile is what might stand in any field.
const hostile = `<script>alert(1)</script>"'{{ x }}` + "\u202e" + `👩‍🦱`

// yeses is the pages over the real approvals, with two businesses (7 and 8).
type yeses struct {
	*testing.T
	db     *db.DB
	clock  *fibonacco.FakeClock
	svc    *approval.Service
	signer *fibonacco.Signer
	mux    *http.ServeMux
	mails  []fibonacco.Notice
}

// pageMaker makes listing claims.
type pageMaker struct{}

func (pageMaker) ServiceType() string { return "listing_claim" }

func (pageMaker) Provision(context.Context, *db.Tx, *fibonacco.ProvisioningTask) (map[string]any, error) {
	return map[string]any{"url": "https://go.example.com/b/marisol", "manage": "page", "note": "Look at the facts first."}, nil
}

func (pageMaker) Withdraw(context.Context, *db.Tx, int64) error { return nil }

func newYeses(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) *yeses {
	t.Helper()
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	must(t, err)
	q, err := queue.New(queue.Options{DB: d})
	must(t, err)
	w := &yeses{T: t, db: d, clock: clock, signer: signer, mux: http.NewServeMux()}
	company := fibonacco.CompanyConfig{Name: "Port Avery Local", PostalAddress: "200 Market Street, Port Avery"}
	w.svc = approval.New(approval.Options{
		DB: d, Queue: q, Signer: signer, Config: fibonacco.Config{
			HTTP: fibonacco.HTTPConfig{PublicURL: "https://go.example.com"}, Company: company,
			Services: []fibonacco.Offering{
				{
					Type: "listing_claim", Title: "A page you control", Automatic: true, Upsells: []string{"sms_reminders", "review_widget"}, Meeting: "Your page: who keeps it right",
					Summary: "A public page for your business with the facts you confirm: name, hours, map and how to reach you.",
					Next:    []string{"We make the page from the facts on file.", "You get a link to look at them, and to change what is wrong.", "Nothing is public before you confirm it."},
				},
				{
					Type: "sms_reminders", Title: "A text before appointments", Summary: "A reminder by text before an appointment, for people who agreed to it.", Meeting: "Reminders: when they go",
					Next: []string{"A person reads your request.", "They reply with what is involved and the price.", "Nothing starts before you agree."},
				},
				{Type: "review_widget", Title: "Your reviews on your site", Summary: "A box for your own site that shows the reviews from your form, good and bad, as they came."},
			},
		},
		Post: func(_ context.Context, _ *db.Tx, n fibonacco.Notice) error {
			w.mails = append(w.mails, n)
			return nil
		},
	})
	w.svc.Use(pageMaker{})
	public.Mount(w.mux, public.Deps{Owners: w.svc, Approvals: w.svc, Company: company, Log: slog.New(slog.DiscardHandler)})
	w.exec(`INSERT INTO communities (id, uuid, name, slug, state) VALUES (1, $1, 'Port Avery', 'port-avery', 'NY')`, uuid.NewString())
	w.exec(`INSERT INTO smbs (id, uuid, community_id, business_name, address, primary_email) VALUES (7, $1, 1, $2, '18 Wharf Street', 'marisol@example.com')`, uuid.NewString(), "Marisol "+hostile)
	w.exec(`INSERT INTO smbs (id, uuid, community_id, business_name) VALUES (8, $1, 1, 'Harbor Bakery')`, uuid.NewString())
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *yeses) exec(query string, args ...any) {
	w.Helper()
	must(w.T, w.db.Update(w.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(w.Context(), query, args...)
		return err
	}))
}

func (w *yeses) count(query string) (n int) {
	w.Helper()
	must(w.T, w.db.View(w.Context(), func(tx *db.Tx) (err error) {
		n, err = db.Count(w.Context(), tx, query)
		return err
	}))
	return n
}

func (w *yeses) token(smb int64, service string) string {
	w.Helper()
	token, err := w.svc.GenerateToken(w.Context(), smb, service, "a-page")
	must(w.T, err)
	return token
}

func (w *yeses) do(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	return rec
}

func (w *yeses) get(path string) *httptest.ResponseRecorder {
	return w.do(httptest.NewRequest(http.MethodGet, path, http.NoBody))
}

func (w *yeses) post(path string, fields ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(r)
}

// harmless fails where a hostile text would act.
func harmless(t *testing.T, what, body string) {
	t.Helper()
	if strings.ContainsRune(body, '\u202e') && !strings.Contains(body, `role="alert"`) { // which shows what was typed as it was
		t.Errorf("%s: a hostile text turns the page around", what)
	}
	if strings.Contains(body, "<script>alert") || strings.Contains(body, `alert(1)</script>"`) {
		t.Errorf("%s: a hostile text would act", what)
	}
}

// From the link to the yes to what follows it, and back again.
func TestApproveByForm(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newYeses(t, d, clock)
		token := w.token(7, "listing_claim")
		page := w.get("/approve/" + token)
		equal(t, "page", page.Code, http.StatusOK)
		contains(t, "page", page.Body.String(), "A page you control", "18 Wharf Street", `value="marisol@example.com"`, "Nothing is public before you confirm it.", "Yes, set it up", `name="token" value="`+token)
		harmless(t, "page", page.Body.String())
		equal(t, "looking changes nothing", w.count(`SELECT (SELECT count(*) FROM approvals) + (SELECT count(*) FROM analytics_events) + (SELECT count(*) FROM river_job)`)+len(w.mails), 0)

		wrong := w.post("/approve", "token", token, "name", hostile, "email", "nobody", "phone", "call me")
		equal(t, "wrong", wrong.Code, http.StatusUnprocessableEntity)
		contains(t, "wrong", wrong.Body.String(), `role="alert"`, `href="#email"`, `href="#phone"`, `href="#consent"`, `aria-describedby="email-hint email-error" aria-invalid="true"`, `value="nobody"`, `value="call me"`, "<title>Please look again")
		harmless(t, "wrong", wrong.Body.String())
		equal(t, "stored", w.count(`SELECT count(*) FROM approvals`), 0)

		// What the form says of business and service is not looked at.
		yes := w.post("/approve", "token", token, "name", "Marisol "+hostile, "email", "marisol@example.com", "consent", "yes", "smb_id", "8", "service_type", "sms_reminders")
		equal(t, "yes", yes.Code, http.StatusSeeOther)
		receipt := yes.Header().Get("Location")
		equal(t, "stored", w.count(`SELECT count(*) FROM approvals WHERE smb_id = 7 AND service_type = 'listing_claim'`), 1)
		equal(t, "again", w.post("/approve", "token", token, "name", "M", "email", "m@example.com", "consent", "yes").Header().Get("Location"), receipt)
		equal(t, "the link again", w.get("/approve/"+token).Header().Get("Location"), receipt)

		done := w.get(receipt)
		equal(t, "done", done.Code, http.StatusOK)
		contains(t, "done", done.Body.String(), "Thank you, Marisol.", "m•••@example.com", "A text before appointments", "Add it", "Ask for a call")
		harmless(t, "done", done.Body.String())
		for _, answer := range []string{"yes", "no", "yes"} {
			equal(t, "offer: "+answer, w.post(receipt+"/offer", "service", "sms_reminders", "answer", answer).Code, http.StatusSeeOther)
		}
		equal(t, "no offer", w.post(receipt+"/offer", "service", "gold", "answer", "yes").Code, http.StatusNotFound)
		equal(t, "no answer", w.post(receipt+"/offer", "service", "review_widget", "answer", "maybe").Code, http.StatusUnprocessableEntity)
		equal(t, "decline", w.post(receipt+"/offer", "service", "review_widget", "answer", "no").Code, http.StatusSeeOther)
		equal(t, "meeting", w.post(receipt+"/meeting", "wish", hostile).Code, http.StatusSeeOther)
		equal(t, "long wish", w.post(receipt+"/meeting", "wish", strings.Repeat("x", 501)).Code, http.StatusUnprocessableEntity)
		contains(t, "answered", w.get(receipt).Body.String(), "Added", "Not now", "We have your wish")
		equal(t, "accepted", w.count(`SELECT count(*) FROM approvals WHERE source_type = 'upsell' AND service_type = 'sms_reminders'`), 1)
	})
}

// A token opens what it was made for and nothing else; whatever is wrong with one looks the same.
func TestTokensOfOthers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newYeses(t, d, clock)
		good := w.token(7, "listing_claim")
		receipt := strings.TrimPrefix(w.post("/approve", "token", good, "name", "M", "email", "m@example.com", "consent", "yes").Header().Get("Location"), "/approved/")
		owner := w.signer.SignOwner(fibonacco.OwnerClaim{SMBID: 7, Expires: clock.Now().Add(time.Hour)})
		for what, token := range map[string]string{
			"receipt": receipt, "owner": owner, "altered": w.token(8, "listing_claim") + "A", "words": "hello", "unknown business": w.signer.SignApproval(fibonacco.ApprovalClaim{SMBID: 99, ServiceType: "listing_claim", Expires: clock.Now().Add(time.Hour)}),
			"unknown service": w.signer.SignApproval(fibonacco.ApprovalClaim{SMBID: 8, ServiceType: "gold", Expires: clock.Now().Add(time.Hour)}),
		} {
			equal(t, what+" looked at", w.get("/approve/"+token).Code, http.StatusForbidden)
			equal(t, what+" posted", w.post("/approve", "token", token, "name", "M", "email", "m@example.com", "consent", "yes").Code, http.StatusForbidden)
		}
		for what, token := range map[string]string{"approval link": good, "owner": owner, "booking": w.signer.SignID(fibonacco.BookingToken, 1), "of nobody": w.signer.SignID(fibonacco.ReceiptToken, 99)} {
			equal(t, what+" as a receipt", w.get("/approved/"+token).Code, http.StatusForbidden)
			equal(t, what+" takes an offer", w.post("/approved/"+token+"/offer", "service", "sms_reminders", "answer", "yes").Code, http.StatusForbidden)
			equal(t, what+" asks for a call", w.post("/approved/"+token+"/meeting").Code, http.StatusForbidden)
		}
		for what, token := range map[string]string{"approval link": good, "receipt": receipt} {
			equal(t, what+" as an owner", w.get("/my/"+token).Code, http.StatusForbidden)
		}
		equal(t, "approvals", w.count(`SELECT count(*) FROM approvals`), 1)
		equal(t, "nothing", w.get("/approve/").Code, http.StatusNotFound)
		equal(t, "no form", w.post("/approve").Code, http.StatusForbidden)

		clock.Advance(8 * 24 * time.Hour)
		late := w.get("/approve/" + good)
		equal(t, "late", late.Code, http.StatusForbidden)
		contains(t, "late", late.Body.String(), "Send me a fresh link", `action="/approve/renew"`)
		if strings.Contains(late.Body.String(), "example.com") {
			t.Error("the page says that there is an address")
		}
		w.mails = nil
		fresh, nothing := w.post("/approve/renew", "token", good), w.post("/approve/renew", "token", "hello")
		equal(t, "the answers", fresh.Body.String(), nothing.Body.String())
		equal(t, "mails", len(w.mails), 1)
		equal(t, "to", w.mails[0].To, "marisol@example.com")
	})
}

// A business's own pages: what is approved, with its links, off and on again, and a fresh link.
func TestOwnPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newYeses(t, d, clock)
		mine := "/my/" + w.signer.SignOwner(fibonacco.OwnerClaim{SMBID: 7, Expires: clock.Now().Add(time.Hour)})
		theirs := "/my/" + w.signer.SignOwner(fibonacco.OwnerClaim{SMBID: 8, Expires: clock.Now().Add(time.Hour)})
		contains(t, "empty", w.get(mine).Body.String(), "Nothing yet")
		w.post("/approve", "token", w.token(7, "listing_claim"), "name", "M", "email", "m@example.com", "consent", "yes")
		contains(t, "on its way", w.get(mine).Body.String(), "Being set up")
		must(t, w.svc.CompleteProvisioning(t.Context(), 1, map[string]any{"url": "https://go.example.com/b/marisol", "manage": "page", "note": hostile}))
		page := w.get(mine).Body.String()
		contains(t, "ready", page, "Ready", `href="`+mine+`/page"`, "https://go.example.com/b/marisol", "Turn off")
		harmless(t, "ready", page)
		equal(t, "turned off by another", w.post(theirs+"/service", "approval", "1", "action", "off").Code, http.StatusNotFound)
		equal(t, "no such action", w.post(mine+"/service", "approval", "1", "action", "sell").Code, http.StatusUnprocessableEntity)
		equal(t, "off", w.post(mine+"/service", "approval", "1", "action", "off").Code, http.StatusSeeOther)
		contains(t, "off", w.get(mine).Body.String(), "Turned off", "Turn on again")
		equal(t, "on", w.post(mine+"/service", "approval", "1", "action", "on").Code, http.StatusSeeOther)
		contains(t, "on", w.get(mine).Body.String(), "Ready")
		clock.Advance(2 * time.Hour)
		w.mails = nil
		contains(t, "late", w.get(mine).Body.String(), `action="`+mine+`/renew"`)
		equal(t, "late change", w.post(mine+"/service", "approval", "1", "action", "off").Code, http.StatusForbidden)
		equal(t, "the answers", w.post(mine+"/renew").Body.String(), w.post("/my/hello/renew").Body.String())
		equal(t, "mails", len(w.mails), 1)
	})
}

// FuzzTokens lets nobody in whose token this product did not sign, whatever it is made of.
func FuzzTokens(f *testing.F) {
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	if err != nil {
		f.Fatal(err)
	}
	good := signer.SignApproval(fibonacco.ApprovalClaim{SMBID: 7, ServiceType: "listing_claim", Expires: dbtest.Start.Add(time.Hour)})
	for _, seed := range []string{"", "x", good[:len(good)-1], good + "=", "../../etc", "%00", strings.Repeat("A", 600), signer.SignID(fibonacco.BookingToken, 1)} {
		f.Add(seed)
	}
	d := dbtest.Open(f, db.SQLite, fibonacco.NewFakeClock(dbtest.Start))
	q, err := queue.New(queue.Options{DB: d})
	if err != nil {
		f.Fatal(err)
	}
	svc := approval.New(approval.Options{DB: d, Queue: q, Signer: signer, Post: func(context.Context, *db.Tx, fibonacco.Notice) error { return nil }})
	mux := http.NewServeMux()
	public.Mount(mux, public.Deps{Owners: svc, Approvals: svc, Log: slog.New(slog.DiscardHandler)})
	f.Fuzz(func(t *testing.T, token string) {
		for _, path := range []string{"/approve/", "/approved/", "/my/"} {
			rec := httptest.NewRecorder()
			mux.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path+url.PathEscape(token), http.NoBody))
			if rec.Code < 300 || rec.Code > 499 {
				t.Errorf("%s%q: %d", path, token, rec.Code)
			}
		}
		rec := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/approve", strings.NewReader(url.Values{"token": {token}, "name": {token}, "email": {token}, "consent": {"yes"}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		mux.ServeHTTP(rec, r)
		if rec.Code != http.StatusForbidden {
			t.Errorf("posted %q: %d", token, rec.Code)
		}
	})
}
