package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/access"
	"github.com/fibonacco/fibonacco/approval"
	"github.com/fibonacco/fibonacco/approval/booking"
	"github.com/fibonacco/fibonacco/approval/coupons"
	"github.com/fibonacco/fibonacco/approval/reviews"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/campaign"
	"github.com/fibonacco/fibonacco/campaign/voicemail"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/idempotency"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb"
	"github.com/fibonacco/fibonacco/smb/consent"
	"github.com/fibonacco/fibonacco/smb/imports"
	"github.com/fibonacco/fibonacco/smb/privacy"
	"github.com/fibonacco/fibonacco/smb/search"
	"github.com/fibonacco/fibonacco/web/api"
)

const (
	scopedToken = "scoped" // an admin's token for the first town only
	foreignMark = "zqxforeign"

	personEmail, personPassword = "person@fibonacco.example", "correct horse battery staple"
)

// idMember is the value of a member that names something by id or uuid, or a list's first.
var idMember = regexp.MustCompile(`"(?:[a-z_]*(?:id|ids|uuid|communities|survivor|other))":\s*\[?\s*("?[0-9a-f-]+"?)`)

var communityMember = regexp.MustCompile(`"community_id":\s*\[?[0-9]+\]?`)

// towns is the whole product behind the interface, with two towns: the first for everybody, the
// second, whose every row is marked, not for the scoped token.
type towns struct {
	t      *testing.T
	a      *api.API
	tokens map[string]string
	pools  map[string][]string // what stands in a path behind a word, of the first town
	theirs []string            // ids and uuids of the second town
	marks  []string            // what must not reach the scoped token, in lower case
	town   string              // the second town's id
	before string              // the second town's business as it was
}

func newTowns(t *testing.T, d *db.DB, clock fibonacco.Clock) *towns {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg := fibonacco.Config{
		ManifestDestiny: fibonacco.ManifestDestinyConfig{TotalDays: 90, PlanTimeLocal: "00:05", SendTimeLocal: "10:00"},
		Engagement: fibonacco.EngagementConfig{
			Tiers: map[int]fibonacco.TierConfig{1: {MinScore: 80}, 2: {MinScore: 50}, 3: {MinScore: 20}, 4: {}}, WindowDays: 30,
		},
		Email:   fibonacco.EmailConfig{FromName: "Sarah", FromEmail: "sarah@local.example", ReplyTo: "reply@local.example", ChunkSize: 500},
		Company: fibonacco.CompanyConfig{Name: "Town Media", PostalAddress: "1 Main Street"},
		HTTP:    fibonacco.HTTPConfig{PublicURL: "http://localhost:8080"},
		RVM: fibonacco.RVMConfig{
			Provider: "simulator", CallbackNumber: "+17185550100", OptOutNumber: "+18005550100", SendTimeLocal: "10:00", TriggerAfterHours: 24,
			WindowFromLocal: "10:00", WindowUntilLocal: "18:00", WindowDays: []int{1, 2, 3, 4, 5}, MonthlyLimits: map[int]int{1: 4, 2: 2, 3: 1, 4: 1},
		},
		DataDir: t.TempDir(), Services: []fibonacco.Offering{{Type: "listing_claim", Title: "A page"}, {Type: "sms_reminders", Title: "Reminders"}},
	}
	q, err := queue.New(queue.Options{DB: d})
	must(err)
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	must(err)
	businesses := smb.New(d, q, cfg)
	mails, err := campaign.New(campaign.Options{DB: d, Queue: q, Config: cfg, Signer: signer, FilterSQL: smb.FilterSQL})
	must(err)
	calls, err := voicemail.New(voicemail.Options{DB: d, Queue: q, Config: cfg, Signer: signer, Blocked: consent.Suppressed, Log: slog.New(slog.DiscardHandler)})
	must(err)
	_, err = mails.StoreLibrary(t.Context(), []fibonacco.Campaign{{
		ID: "HOOK-001", Type: fibonacco.Hook, Week: 1, Day: 1, Title: "Listing", Subject: "Hello", Slug: "listing", BodyMarkdown: "Hello.",
		EmailTemplateID: "v1", IsActive: true,
	}}, nil)
	must(err)
	gate := access.New(d, access.WithParams(argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}),
		access.WithConfig(cfg), access.WithSigner(signer))
	yeses := approval.New(approval.Options{DB: d, Queue: q, Signer: signer, Config: cfg, Post: func(context.Context, *db.Tx, fibonacco.Notice) error { return nil }})
	w := &towns{t: t, tokens: map[string]string{"nonsense": "fib_nonsense"}, pools: map[string][]string{}}
	w.a = api.New(api.Options{
		Contracts: api.Contracts{
			Access: gate, SMBs: businesses, Directory: businesses, Communities: businesses, Records: businesses, Programme: mails, Explainer: mails,
			Importer: imports.New(d, q, cfg, imports.WithConsents(consent.Add), imports.WithSuppressions(consent.SuppressAll), imports.WithStored(consent.Resuppress),
				imports.WithIndex(search.Reindex)),
			Campaigns: mails, Mailing: mails, Queues: q,
			Editor: mails, Previewer: mails, Reporter: mails, Holidays: mails, Voicemail: calls, Approvals: yeses,
			Bookings: booking.New(booking.Options{DB: d}),
			Segments: businesses, Bulk: businesses, Consents: consent.New(d, q), Privacy: privacy.New(d, q), Audit: audit.New(d), Merges: newMerges(d, q, businesses, mails), Idempotency: idempotency.New(d, signer, fibonacco.SystemClock{}),
			Coupons: coupons.New(d, signer, cfg), Reviews: reviews.New(reviews.Options{DB: d, Signer: signer, Config: cfg}),
		},
		Clock: clock,
	})
	// Spare users and tokens come first: what revokes number 1 shall not revoke who asks.
	for i := range 5 {
		u, err := gate.CreateUser(t.Context(), fibonacco.User{Name: "Spare", Email: fmt.Sprintf("spare%d@fibonacco.example", i), Role: fibonacco.Viewer}, personPassword)
		must(err)
		w.pools["users"] = append(w.pools["users"], strconv.FormatInt(u.ID, 10))
	}
	person, err := gate.CreateUser(t.Context(), fibonacco.User{Name: "Person", Email: personEmail, Role: fibonacco.Admin}, personPassword)
	must(err)
	for i := range 12 {
		_, token, err := gate.CreateToken(t.Context(), fibonacco.AccessToken{Name: fmt.Sprint("spare ", i), Role: fibonacco.Viewer, UserID: &person.ID})
		must(err)
		w.pools["tokens"] = append(w.pools["tokens"], strconv.FormatInt(token.ID, 10))
	}
	for _, role := range fibonacco.Roles {
		secret, _, err := gate.CreateToken(t.Context(), fibonacco.AccessToken{Name: string(role), Role: role})
		must(err)
		w.tokens[string(role)] = secret
	}
	w.settle()
	w.approve(yeses)
	w.call(d)
	secret, _, err := gate.CreateToken(t.Context(), fibonacco.AccessToken{Name: "scoped", Role: fibonacco.Admin, Communities: []int64{1}})
	must(err)
	w.tokens[scopedToken] = secret
	return w
}

// settle fills both towns through the interface itself.
func (w *towns) settle() {
	w.t.Helper()
	w.make("POST /communities", `{"name":"Brooklyn","slug":"brooklyn","state":"NY"}`)
	theirs := w.make("POST /communities", `{"name":"Zqxforeign Town","slug":"zqxforeign","state":"NY","county":"Zqxforeign County","settings":{"note":"zqxforeign"}}`)
	w.pools["communities"] = []string{"1", "brooklyn"}
	for i := range 14 {
		made := w.make("POST /smbs", fmt.Sprintf(`{"community_id":1,"business_name":"Business %d","primary_email":"own%d@example.com","category":"Bakery","tags":["own"]}`, i, i))
		w.pools["smbs"] = append(w.pools["smbs"], made.id(), made.UUID)
	}
	var foreign thing
	for i := range 3 {
		foreign = w.make("POST /smbs", fmt.Sprintf(`{"community_id":%s,"business_name":"Zqxforeign %d","dba_name":"Zqxforeign","category":"zqxforeign","primary_contact_name":"Zqxforeign",
			"primary_email":"zqxforeign%d@example.com","address":"1 Zqxforeign Street","city":"Zqxforeign","zip":"99999","source":"zqxforeign","tags":["zqxforeign"],
			"metadata":{"note":"zqxforeign"},"secondary_contacts":[{"name":"Zqxforeign","email":"zqxforeign@example.com","phone":"","role":""}]}`, theirs.id(), i, i))
		w.theirs = append(w.theirs, foreign.id(), foreign.UUID)
		w.marks = append(w.marks, foreign.UUID)
	}
	w.town = theirs.id()
	w.theirs = append(w.theirs, w.town, "zqxforeign")
	w.marks = append(w.marks, theirs.UUID, foreignMark)
	for _, at := range []struct{ smb, community, word string }{{"1", "1", "own"}, {foreign.id(), theirs.id(), foreignMark}} {
		w.make("POST /smbs/"+at.smb+"/consents", fmt.Sprintf(`{"channel":"sms","granted":true,"wording":"Yes, %s","version":"1","source":"%s form","source_url":"https://example.com/%s"}`, at.word, at.word, at.word))
		s := w.make("POST /suppressions", fmt.Sprintf(`{"value":"%s-gone@example.com","reason":"manual","source":"%s","smb_id":%s}`, at.word, at.word, at.smb))
		token := w.make("POST /tokens", fmt.Sprintf(`{"name":"%s","role":"viewer","communities":[%s]}`, at.word, at.community))
		u := w.make("POST /users", fmt.Sprintf(`{"name":"%s","email":"%s@fibonacco.example","role":"viewer","communities":[%s]}`, at.word, at.word, at.community))
		twin := w.make("POST /smbs", fmt.Sprintf(`{"community_id":%s,"business_name":"%s twin"}`, at.community, at.word))
		m := w.make("POST /smbs/"+at.smb+"/merge", fmt.Sprintf(`{"other":%s}`, twin.id()))
		w.make("POST /smbs/"+at.smb+"/campaign/start", "")
		w.make("PATCH /smbs/"+at.smb, fmt.Sprintf(`{"city":"%s city"}`, at.word))
		w.make("POST /smbs/"+at.smb+"/campaign/pause", fmt.Sprintf(`{"reason":"%s is on holiday"}`, at.word))
		segment := w.make("POST /segments", fmt.Sprintf(`{"community_id":%s,"name":"%s","filter":{"tag":"%s"}}`, at.community, at.word, at.word))
		mapping := w.make("POST /import-mappings", fmt.Sprintf(`{"community_id":%s,"name":"%s","columns":["%s"],"mapping":{"business_name":"%s"}}`, at.community, at.word, at.word, at.word))
		file := w.make("POST /smbs/import?filename="+at.word+".csv&source="+at.word+"&community="+at.community, fmt.Sprintf(`[{"business_name":"%s by file"}]`, at.word))
		change := w.make("POST /smbs/bulk-update", fmt.Sprintf(`{"action":"add_tags","filter":{"segment":"%s"},"tags":["%s"]}`, segment.UUID, at.word))
		for word, uuid := range map[string]string{
			"merges": m.UUID, "segments": segment.UUID, "import-mappings": mapping.UUID, "import": file.UUID, "bulk-update": change.UUID,
		} {
			if uuid == "" {
				w.t.Fatalf("%s: no uuid", word)
			}
			if at.word == foreignMark {
				w.theirs, w.marks = append(w.theirs, uuid), append(w.marks, uuid)
			} else {
				w.pools[word] = append(w.pools[word], uuid)
			}
		}
		if at.word == foreignMark {
			w.theirs = append(w.theirs, s.id(), u.id(), token.id())
		} else {
			w.pools["suppressions"] = append(w.pools["suppressions"], s.id())
		}
	}
	w.pools["campaigns"] = []string{"HOOK-001"}
	w.pools["holidays"] = []string{"2026-11-27"}
	w.before = w.get("/smbs/" + foreign.id())
}

// call gives each town a mail that has been sent, followed by a voicemail, and one that is not yet.
func (w *towns) call(d *db.DB) {
	w.t.Helper()
	foreign := w.theirs[4]
	for i, smb := range []string{"1", foreign} {
		word := []string{"own", foreignMark}[i]
		if err := d.Update(w.t.Context(), func(tx *db.Tx) error {
			var sends [2]int64
			for n := range sends {
				if err := tx.QueryRow(w.t.Context(), `
					INSERT INTO campaign_sends (uuid, smb_id, campaign_id, occurrence, email, subject, status, sent_at, rvm_triggered, community_id, created_at, updated_at)
					SELECT $1, id, 'HOOK-001', $2, $3, $3, 'sent', $4, $5, community_id, $4, $4 FROM smbs WHERE id = $6 RETURNING id`,
					uuid.NewString(), 7+n, word+"@example.com", tx.Now, n == 0, number(w.t, smb)).Scan(&sends[n]); err != nil {
					return err
				}
			}
			var drop int64
			if err := tx.QueryRow(w.t.Context(), `
				INSERT INTO rvm_drops (uuid, smb_id, campaign_send_id, campaign_id, community_id, phone, script, status, created_at, updated_at)
				SELECT $1, id, $2, 'HOOK-001', community_id, '+17185550142', $3, 'delivered', $4, $4 FROM smbs WHERE id = $5 RETURNING id`,
				uuid.NewString(), sends[0], word, tx.Now, number(w.t, smb)).Scan(&drop); err != nil {
				return err
			}
			if i == 0 {
				w.pools["rvm-drops"] = []string{strconv.FormatInt(drop, 10)}
				w.pools["sends"] = []string{strconv.FormatInt(sends[1], 10)}
			} else {
				w.theirs = append(w.theirs, strconv.FormatInt(drop, 10), strconv.FormatInt(sends[1], 10))
			}
			return nil
		}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// approve lets a business of each town say yes, those of our own more often: something of every kind is
// left for whoever changes them.
func (w *towns) approve(yeses *approval.Service) {
	w.t.Helper()
	ctx := w.t.Context()
	must := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	for i, smb := range []string{"2", "3", "4", "5", "6", w.theirs[4]} {
		word := "own"
		if i == 5 {
			word = foreignMark
		}
		token, err := yeses.GenerateToken(ctx, number(w.t, smb), "listing_claim", "")
		must(err)
		_, err = yeses.Approve(ctx, token, fibonacco.ApprovalRequest{Name: word, Email: word + "@example.com", ContactConsent: true})
		must(err)
		id := strconv.Itoa(i + 1) // the first ones there are, and so are their tasks
		if i == 5 {
			w.theirs = append(w.theirs, id)
			continue
		}
		if i == 0 {
			must(yeses.FailProvisioning(ctx, 1, "out of paper"))
		}
		w.pools["approvals"], w.pools["provisioning-tasks"] = append(w.pools["approvals"], id), append(w.pools["provisioning-tasks"], id)
	}
	w.before = w.get("/smbs/" + w.theirs[4])
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// thing is what every answer about one thing has.
type thing struct {
	ID    json.Number
	UUID  string
	User  *thing
	Token *thing
}

func (m thing) id() string {
	for _, inner := range []*thing{m.User, m.Token} {
		if inner != nil {
			return inner.id()
		}
	}
	return string(m.ID)
}

// make does something as an admin, which must succeed.
func (w *towns) make(route, body string) (made thing) {
	w.t.Helper()
	method, path, _ := strings.Cut(route, " ")
	r := httptest.NewRequestWithContext(w.t.Context(), method, api.Prefix+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w.as(r, "admin")
	answer := recordRequest(w.a, r)
	if answer.Code/100 != 2 {
		w.t.Fatalf("%s %s: %d %s", route, body, answer.Code, answer.Body)
	}
	_ = json.Unmarshal(answer.Body.Bytes(), &made) // not every answer is about one thing
	return made
}

func (w *towns) get(path string) string {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, api.Prefix+path, nil)
	w.as(r, "admin")
	answer := recordRequest(w.a, r)
	if answer.Code != http.StatusOK {
		w.t.Fatalf("GET %s: %d %s", path, answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// as signs a request: by token, by the session of a person, or not at all.
func (w *towns) as(r *http.Request, who string) {
	switch who {
	case "nobody":
	case "person":
		r.Header.Set("Cookie", api.SessionCookie+"="+w.session())
	default:
		r.Header.Set("Authorization", "Bearer "+w.tokens[who])
	}
}

// session signs the person in, anew each time: what was asked before may have ended the last one.
func (w *towns) session() string {
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, api.Prefix+"/session", strings.NewReader(
		fmt.Sprintf(`{"email":%q,"password":%q}`, personEmail, personPassword)))
	r.Header.Set("Content-Type", "application/json")
	answer := recordRequest(w.a, r).Result()
	for _, c := range answer.Cookies() {
		if c.Name == api.SessionCookie {
			return c.Value
		}
	}
	return "none"
}

// mayUse is somebody who may use a route.
func (w *towns) mayUse(route string) string {
	if api.Permissions[route].Ability == "in person" {
		return "person"
	}
	return "admin"
}

// untouched: whatever the scoped token asked, the second town is as it was.
func (w *towns) untouched() {
	w.t.Helper()
	path := "/smbs/" + w.theirs[4]
	if now := w.get(path); now != w.before {
		w.t.Errorf("the other town's business was %s and is %s", w.before, now)
	}
}
