package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/web/api"
	"github.com/fibonacco/fibonacco/web/ui"
)

// colleagues are who works in the house of the walk: one of each role, and a manager who sees one
// community only, in which nobody of the others' businesses is.
var colleagues = []fibonacco.User{
	{Name: "Vera Viewer", Email: "vera@example.com", Role: fibonacco.Viewer},
	{Name: "Otto Operator", Email: "otto@example.com", Role: fibonacco.Operator},
	{Name: "Mara Manager", Email: "mara@example.com", Role: fibonacco.Manager},
	{Name: "Ada Admin", Email: "ada@example.com", Role: fibonacco.Admin},
	{Name: "Lena Limited", Email: "lena@example.com", Role: fibonacco.Manager, Communities: []int64{2}},
}

const walkPassword = "correct horse battery"

// The names of the walk's businesses break lines and rules where anything can break.
var walkOwners = []owner{
	{smb: 1, business: "Marisol Hair Studio", mail: "marisol@example.com"},
	{smb: 2, business: "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch Carpets & Floors", mail: "a.very.long.address.of.somebody.who.sells.carpets@llanfairpwllgwyngyll.example.com"},
	{smb: 3, business: `<b>Bold</b> "Quotes" & Sons`, mail: "bold@example.com"},
}

// settleHouse is a town with something on every page of staff: mails of all kinds, voicemails, yeses, an
// import with rows that were refused, colleagues. Its clock stands still in the end, so that no page
// changes by itself.
func settleHouse(t *testing.T) (*town, map[string]*guest) {
	t.Helper()
	w := settleTown(t, db.SQLite)
	w.start(walkOwners)
	ctx, a := t.Context(), w.app
	w.ask(http.MethodPost, "/communities", "application/json", []byte(`{"name":"Kailua Bay","slug":"kailua-bay","state":"HI","timezone":"Pacific/Honolulu"}`), http.StatusCreated)
	w.ask(http.MethodPost, "/smbs", "application/json", []byte(`{"community_id":2,"business_name":"Kayak Shed","primary_email":"kayak@example.com"}`), http.StatusCreated)
	w.ask(http.MethodPost, "/smbs/import?community=1", "text/csv", []byte("Business Name,Email,Phone\nGood Shop,good@example.com,718 555 0199\n,nobody,12\n"), http.StatusAccepted)
	signer, err := openSigner(a.cfg)
	must(t, "signer", err)
	for _, service := range []string{"appointment_booking", "loyalty_program"} { // one is made, one waits for a person
		token := signer.SignApproval(fibonacco.ApprovalClaim{SMBID: 1, ServiceType: service, SourceID: "HOOK-004", Expires: a.clock.Now().Add(48 * time.Hour)})
		_, err := a.approval.Approve(ctx, token, fibonacco.ApprovalRequest{Name: "Marisol Ortiz", Email: "marisol@example.com", ContactConsent: true})
		must(t, service, err)
	}
	waitFor(t, "the yeses", func() bool {
		return len(w.rows(`SELECT status FROM approvals WHERE status = 'provisioned' OR service_type = 'loyalty_program' AND processed_at IS NOT NULL`)) == 2
	})
	waitFor(t, "the import", func() bool { return len(w.rows(`SELECT status FROM imports WHERE status = 'completed'`)) == 2 })
	must(t, "clock", a.clock.SetScale(ctx, 0))
	must(t, "what nobody knows of", w.store.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE campaign_sends SET status = 'unknown' WHERE smb_id = 2`)
		return err
	}))
	for i, state := range []string{"cancelled", "delivered", "failed"} {
		must(t, "voicemail", w.store.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `
				INSERT INTO rvm_drops (uuid, smb_id, community_id, campaign_id, phone, status, delivery_status, scheduled_for, created_at, updated_at)
				SELECT $1, id, community_id, 'HOOK-004', '+17185550142', $2, $3, $4, $4, $4 FROM smbs WHERE id = $5`,
				fmt.Sprintf("00000000-0000-4000-8000-%012d", i), state, map[string]string{"cancelled": "no_consent", "failed": "no_answer"}[state], a.clock.Now(), i+1)
			return err
		}))
	}
	job, err := a.smb.StartBulk(ctx, fibonacco.BulkRequest{Filter: fibonacco.SMBFilter{IDs: []int64{1, 2}}, Action: fibonacco.BulkTag, Tags: []string{"regular"}})
	must(t, "a change of many", err)
	w.bulk = job.UUID
	waitFor(t, "the change", func() bool { return len(w.rows(`SELECT status FROM bulk_jobs WHERE status = 'completed'`)) == 1 })
	guests := map[string]*guest{}
	for _, c := range colleagues {
		_, err := a.access.CreateUser(context.WithoutCancel(ctx), c, walkPassword)
		must(t, c.Name, err)
		guests[c.Name] = w.signIn(t, c)
	}
	return w, guests
}

// seldom are pages that others lead to only when a column was chosen, or a tab is open.
func seldom(w *town) []string {
	return []string{
		"/businesses/bulk/" + w.bulk, "/businesses/bulk/" + w.bulk + "/left.csv", "/cells/1/email", "/cells/1/email/edit",
		"/learning/" + w.rows(`SELECT slug FROM content ORDER BY id LIMIT 1`)[0] + "/page", ui.RiverPrefix + "/api/jobs",
	}
}

// guest is somebody at the door of the pages, without any browser.
type guest struct {
	*testing.T
	who     fibonacco.User
	base    string
	session string
}

// signIn lets somebody in with their password, through the form.
func (w *town) signIn(t *testing.T, who fibonacco.User) *guest {
	t.Helper()
	g := &guest{T: t, who: who, base: w.base}
	form := url.Values{"email": {who.Email}, "password": {walkPassword}}
	a := g.send(http.MethodPost, "/login", strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Cookie", api.SessionCookie+"=put-there-by-another")
	for _, c := range a.cookies {
		if c.Name == api.SessionCookie {
			g.session = c.Value
		}
	}
	if a.status != http.StatusSeeOther || g.session == "" || g.session == "put-there-by-another" {
		t.Fatalf("%s does not come in: %d, session %q", who.Name, a.status, g.session)
	}
	return g
}

// served is an answer to a guest.
type served struct {
	status  int
	head    http.Header
	cookies []*http.Cookie
	text    string
	page    *html.Node // nil unless it is a whole page
}

// visits asks for a page.
func (g *guest) visits(path string) served { g.Helper(); return g.send(http.MethodGet, path, nil) }

// send asks without following redirections. Of a stream only the head is read.
func (g *guest) send(method, path string, body io.Reader, header ...string) (a served) {
	g.Helper()
	req, err := http.NewRequestWithContext(g.Context(), method, g.base+path, body)
	must(g.T, path, err)
	if g.session != "" {
		req.AddCookie(&http.Cookie{Name: api.SessionCookie, Value: g.session})
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	must(g.T, path, err)
	defer func() { _ = resp.Body.Close() }()
	a = served{status: resp.StatusCode, head: resp.Header, cookies: resp.Cookies()}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return a
	}
	raw, err := io.ReadAll(resp.Body)
	must(g.T, path, err)
	a.text = string(raw)
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") && strings.Contains(a.text, "<html") {
		a.page, err = html.Parse(strings.NewReader(a.text))
		must(g.T, path, err)
	}
	return a
}
