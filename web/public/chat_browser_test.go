package public_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/chat"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/web/public"
	"github.com/fibonacco/fibonacco/web/static"
)

// shop is a profile.
type salon struct{}

func (salon) Profile(context.Context, int64) (*fibonacco.BusinessProfile, error) {
	return &fibonacco.BusinessProfile{
		Name: "Marisol Hair Studio", Phone: "+17185550142", City: "Port Avery", State: "NY", Zone: "America/New_York", Services: []string{"Haircuts", "Balayage"},
		Hours: []fibonacco.OpeningHours{{Day: 2, Opens: "09:00", Closes: "17:30"}, {Day: 3, Opens: "09:00", Closes: "17:30"}},
	}, nil
}

// realChat is the pages over the real helper of a shop that is on.
func realChat(t *testing.T) *httptest.Server {
	t.Helper()
	d := dbtest.Open(t, db.SQLite, fibonacco.NewFakeClock(dbtest.Start))
	signer, err := fibonacco.NewSigner("a secret key for tests that is long enough to sign with")
	if err != nil {
		t.Fatal(err)
	}
	q, err := queue.New(queue.Options{DB: d})
	if err != nil {
		t.Fatal(err)
	}
	svc := chat.New(chat.Options{
		DB: d, Queue: q, Signer: signer, Profiles: salon{}, OwnerURL: func(context.Context, *db.Tx, int64, string) (string, error) {
			return "https://go.example.com/my/good/assistant", nil
		},
		Post: func(context.Context, *db.Tx, fibonacco.Notice) error { return nil },
	})
	if err := d.Update(t.Context(), func(tx *db.Tx) error {
		if _, err := tx.Exec(t.Context(), `INSERT INTO communities (id, uuid, name, slug, state) VALUES (1, $1, 'Port Avery', 'port-avery', 'NY')`, uuid.NewString()); err != nil {
			return err
		}
		if _, err := tx.Exec(t.Context(), `INSERT INTO smbs (id, uuid, community_id, business_name, primary_email) VALUES (7, $1, 1, 'Shop', 'marisol@example.com')`, uuid.NewString()); err != nil {
			return err
		}
		_, err := svc.Provision(t.Context(), tx, &fibonacco.ProvisioningTask{SMBID: 7})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := svc.SetAssistant(t.Context(), 7, fibonacco.AssistantSettings{On: true}); err != nil {
		t.Fatal(err)
	}
	deps := newFakes().deps()
	deps.Chats, deps.Assistants, deps.Owners = svc, svc, owners{}
	mux := http.NewServeMux()
	public.Mount(mux, deps)
	mux.Handle(static.Prefix, static.Handler())
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// A visitor opens the chat on somebody's site, asks, comes back, and asks for a person.
func TestChatInABrowser(t *testing.T) {
	t.Parallel()
	p := present(t)
	server := realChat(t)
	// The business's own site, on another host, which lets our script and our frame in and no style of its own.
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src "+server.URL+"; frame-src "+server.URL)
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><title>Shop</title><body><h1>My shop</h1><script src="`+server.URL+`/chat/shop/widget.js" async></script>`)
	}))
	t.Cleanup(site.Close)
	p.url = strings.Replace(site.URL, "127.0.0.1", "localhost", 1)
	p.open()
	p.shows("the button", `document.querySelector("button#fibonacco-chat").textContent === "Ask a question"`)
	p.do(`document.querySelector("#fibonacco-chat").click()`)
	p.shows("the frame", `document.querySelector("iframe").src.endsWith("/chat/shop") && document.querySelector("#fibonacco-chat").getAttribute("aria-expanded") === "true"`)
	p.do(`document.querySelector("#fibonacco-chat").click()`)
	p.shows("no frame", `getComputedStyle(document.querySelector("iframe")).display === "none" && window.broken.length === 0`)

	p.url = server.URL + "/chat/shop"
	p.open()
	ask := func(text string) {
		p.t.Helper()
		p.shows("ready", `!document.querySelector("[data-say] button").disabled`)
		p.do(`document.querySelector("[name=message]").value = "` + text + `"; document.querySelector("[data-say]").requestSubmit()`)
	}
	last := `[...document.querySelectorAll(".bubble")].at(-1).innerText`
	ask("do you do balayage?")
	p.shows("an answer", last+`.includes("Yes: Balayage is on the list")`)
	p.shows("the way to a person", `!document.querySelector("[data-person]").hidden`)
	ask("what is your phone number")
	p.shows("a link", `[...document.querySelectorAll(".bubble a")].at(-1)?.href === "tel:+17185550142"`)
	ask("<img src=x onerror=alert(1)> fix my clock")
	p.shows("an honest answer", last+`.includes("I do not know that") && document.querySelectorAll(".bubble img").length === 0 && document.querySelector("[data-person]").open`)
	p.open() // a reload finds the conversation again
	p.shows("what was said", `location.pathname.startsWith("/chat/shop/") && document.querySelectorAll(".bubble").length === 7`)
	p.do(`const f = document.querySelector("[data-person] form"); f.reach.value = "rosa@example.com"; f.elements.namedItem("name").value = "Rosa"; f.requestSubmit()`)
	p.shows("a person is told", last+`.includes("Thank you.")`)
	if broken, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`window.broken.join(", ")`)); err != nil || broken != "" {
		t.Errorf("the page's policy was broken: %s %v", broken, err)
	}
}
