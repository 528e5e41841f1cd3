package ui_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// mail stores one more mail and says so to whoever listens.
func (t *town) mail(id int64, subject string) {
	t.mu.Lock()
	t.sends = append([]fibonacco.CampaignSend{{ID: id, SMBID: 1, CampaignID: "HOOK-001", Subject: subject, Status: fibonacco.SendSent, SentAt: &monday}}, t.sends...)
	t.mu.Unlock()
	t.Notify("campaign_send.completed")
}

// catches keeps one more mail that would have gone out, and says that a mail went.
func (t *town) catches(m fibonacco.CaughtMail) {
	t.mu.Lock()
	t.mails = append([]fibonacco.CaughtMail{m}, t.mails...)
	t.mu.Unlock()
	t.Notify("campaign_send.completed")
}

// Each list that moves sends its parts once, and then what has changed, to the question that its page asked.
func TestLiveLists(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Operator)
	s.sends = someSends()
	events := s.watchAt(t.Context(), "/sends/events?status=unknown,sent&campaign_id=HOOK-001")
	until(t, events, "rows: ")
	s.mail(70, "A new mail")
	if names := until(t, events, "A new mail"); len(names) != 1 || names[0] != "rows" {
		t.Errorf("besides the rows, %v came", names)
	}
	if s.listed.Filter["status"] != "unknown,sent" || s.listed.Filter["campaign_id"] != "HOOK-001" {
		t.Errorf("the stream asks for %+v", s.listed)
	}
	for path, text := range map[string]string{
		"/voicemail/events": "No written consent", "/approvals/events": "Marisol", "/businesses/import/events": "1,204 rows",
	} {
		until(t, s.watchAt(t.Context(), path), text)
	}
	events = s.watchAt(t.Context(), "/mailbox/events?q=owner7")
	until(t, events, "No mail matches")
	for _, to := range []string{"somebody@example.com", "owner7@example.com"} {
		s.catches(fibonacco.CaughtMail{ID: 900, To: to, Subject: "Caught for " + to, At: monday})
	}
	if names := until(t, events, "Caught for owner7@"); len(names) != 1 || names[0] != "mails" {
		t.Errorf("besides the mails, %v came", names)
	}
	s.get("/mailbox?q=owner7").wants(t, http.StatusOK, `data-live="/mailbox/events?q=owner7"`)
	if a := s.get("/mailbox?before=900"); strings.Contains(a.body, "data-live=") {
		t.Error("older mails move")
	}
	if a := s.get("/sends/events?status=gone"); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a stream of a question that nobody understands: %d", a.StatusCode)
	}
	s.get("/sends?status=sent").wants(t, http.StatusOK, `data-live="/sends/events?status=sent"`)
	viewer := serve(t, fibonacco.Viewer)
	viewer.sends = someSends()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	events = viewer.watchAt(ctx, "/sends/events")
	for e := range events {
		if strings.Contains(e, "/settle") || strings.Contains(e, "/sends/pause") {
			t.Error("the stream offers a viewer what would be refused")
		}
		if strings.HasPrefix(e, "rows: ") {
			leave()
		}
	}
}

// A list moves while it is open, but never under the hands of somebody: not while a question is open in
// it, and not while it is paused. Without its stream it looks by itself, and without the server it says
// since when it stands still.
func TestLiveListInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	s := serve(t, "", func(d *ui.Deps) { d.Demo = &fibonacco.Principal{Name: "Demo", Role: fibonacco.Operator} })
	s.sends = someSends()
	var cut atomic.Bool // the way of streams is blocked, as some proxies do
	pages := s.server.Config.Handler
	s.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cut.Load() && strings.HasSuffix(r.URL.Path, "/events") {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		pages.ServeHTTP(w, r)
	})
	do := func(expression string) {
		t.Helper()
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](expression)); err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
	}
	has := func(text string) string {
		return `document.querySelector("[data-part=rows]").innerText.includes("` + text + `")`
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+"/sends")); err != nil {
		t.Fatal(err)
	}
	shows(t, ctx, "live", `document.querySelector("[data-live-mark]").textContent === "Live"`)
	do(`document.querySelector("#send-7-name").focus()`)
	s.mail(70, "The first")
	shows(t, ctx, "a new row", has("The first"))
	shows(t, ctx, "the focus where it was", `document.activeElement.id === "send-7-name"`)

	do(`document.querySelector("#send-8 summary").click()`)
	do(`document.querySelector("#why-8").value = "half a sen"`)
	s.mail(71, "The second")
	s.change(func(*fibonacco.Overview) {})
	time.Sleep(1500 * time.Millisecond) // a look at least
	shows(t, ctx, "the question stays as it was", `document.querySelector("#send-8 details").open && document.querySelector("#why-8").value === "half a sen" && !`+has("The second"))
	do(`document.querySelector("#send-8 details").open = false`)
	shows(t, ctx, "what came meanwhile", has("The second"))

	do(`document.querySelector("[data-live-pause]").click()`)
	s.mail(72, "The third")
	time.Sleep(1500 * time.Millisecond) // a look at least
	shows(t, ctx, "the held list", "!"+has("The third"))
	do(`document.querySelector("[data-live-pause]").click()`)
	shows(t, ctx, "what was held", has("The third"))

	cut.Store(true)
	s.server.CloseClientConnections()
	s.mail(73, "The fourth")
	shows(t, ctx, "asking now and then", has("The fourth")+` && document.querySelector("[data-live-mark]").textContent.startsWith("Looks every") && document.querySelector("[data-stale]").hidden`)
	cut.Store(false)
	shows(t, ctx, "live again", `document.querySelector("[data-live-mark]").textContent === "Live"`)

	s.fail(errors.New("away"))
	shows(t, ctx, "since when it stands still", `document.querySelector("[data-stale]").innerText.includes("Live updates stopped at 14:12.")`)
	shows(t, ctx, "the last rows", has("The fourth"))
	s.fail(nil)
	shows(t, ctx, "live at last", `document.querySelector("[data-stale]").hidden`)
}
