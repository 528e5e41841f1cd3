package ui_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/access"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/web/clientip"
	"github.com/fibonacco/fibonacco/web/ui"
)

// realDoor is package access itself behind the pages, at an address with a name, as passkeys want it.
func realDoor(t *testing.T) (at string, door *access.Service) {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at = "http://localhost:" + ln.Addr().String()[strings.LastIndex(ln.Addr().String(), ":")+1:]
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	door = access.New(dbtest.Open(t, db.SQLite, fibonacco.SystemClock{}), access.WithSigner(signer),
		access.WithParams(argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}),
		access.WithConfig(fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: at}}))
	d := deps(newTown())
	d.Access, d.PublicURL = door, at
	mux := http.NewServeMux()
	ui.Mount(mux, d)
	server := &httptest.Server{Listener: ln, Config: &http.Server{Handler: clientip.Proxies(nil).Note(mux), ReadHeaderTimeout: 10 * time.Second}}
	server.Start()
	t.Cleanup(server.Close)
	return at, door
}

// visitor is somebody in front of a browser.
type visitor struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // of the browser
	at  string
}

func (v visitor) open(path string) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, chromedp.Navigate(v.at+path)); err != nil {
		v.t.Fatal(err)
	}
}

func (v visitor) do(expression string) {
	v.t.Helper()
	if _, err := chromedp.Run(v.ctx, chromedp.Evaluate[chromedp.Void](expression)); err != nil {
		v.t.Fatalf("%s: %v", expression, err)
	}
}

func (v visitor) sees(text string) {
	v.t.Helper()
	shows(v.t, v.ctx, text, `document.body.innerText.includes(`+"`"+text+"`"+`)`)
}

func (v visitor) signIn(password string) {
	v.t.Helper()
	v.open("/login?next=/account")
	v.do(`(() => { document.querySelector("#email").value = "ada@example.com"; document.querySelector("#password").value = "` + password + `"; document.querySelector("form").requestSubmit() })()`)
}

// A passkey is added on the account page, and signs in without a password; then codes are asked for,
// and the passkey needs none. All with the library, the pages and the script that people use.
func TestAccountInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	at, door := realDoor(t)
	u, err := door.CreateUser(t.Context(), fibonacco.User{Name: "Ada Byron", Email: "ada@example.com", Role: fibonacco.Viewer}, rightPassword)
	if err != nil {
		t.Fatal(err)
	}
	v := visitor{t, ctx, at}
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `window.broken = []; document.addEventListener("securitypolicyviolation", e => broken.push(e.violatedDirective + " " + e.blockedURI))`,
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Ctap2version: "ctap2_1", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}); err != nil {
		t.Fatal(err)
	}

	v.signIn("not the password")
	v.sees("That e-mail and password do not go together.")
	v.signIn(rightPassword)
	v.sees("Where you are signed in")
	v.do(`(() => { const f = document.querySelector("[data-passkey-add]"); f.elements.name.value = "Test key"; f.requestSubmit() })()`)
	v.sees("Passkey added.")
	v.sees("Test key")
	v.do(`(() => { const f = document.querySelector("[data-passkey-add]"); f.elements.name.value = "Again"; f.requestSubmit() })()`)
	v.sees("This device has a passkey here already.")

	v.do(`document.querySelector('form[action="/logout"] button').click()`)
	v.sees("Welcome back")
	v.open("/login?next=/account")
	v.do(`document.querySelector("[data-passkey-sign-in]").click()`)
	v.sees("Where you are signed in")
	v.sees("Passkey, from 127.0.0.1")

	v.do(`document.querySelector('form[action="/account/totp"] button').click()`)
	v.sees("Scan this with the app")
	shows(t, ctx, "the QR code", `document.querySelector(".qr").complete && document.querySelector(".qr").naturalWidth > 100`)
	secret, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector("#totp dd").innerText.trim()`))
	if err != nil {
		t.Fatal(err)
	}
	code := func(steps int) string {
		code, err := totp.GenerateCode(secret, time.Now().Add(time.Duration(steps)*30*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	submit := func(field, value string) {
		v.do(`(() => { const i = document.querySelector("` + field + `"); i.value = "` + value + `"; i.form.requestSubmit() })()`)
	}
	submit("#confirm-code", code(0))
	v.sees("Keep these recovery codes.")
	recovery, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector(".codes li").innerText.trim()`))
	if err != nil {
		t.Fatal(err)
	}
	v.do(`document.querySelector('form[action="/logout"] button').click()`)
	v.sees("Welcome back")
	v.signIn(rightPassword)
	v.sees("One step more")
	submit("#code", "000000")
	v.sees("The code is wrong, or was used before.")
	submit("#code", recovery)
	v.sees("Password and recovery code")
	v.do(`document.querySelector('form[action="/logout"] button').click()`)
	v.sees("Welcome back")
	v.signIn(rightPassword)
	v.sees("One step more")
	submit("#code", code(1))
	v.sees("Password and code")
	v.do(`document.querySelector('form[action="/logout"] button').click()`)
	v.sees("Welcome back")
	v.open("/login?next=/account")
	v.do(`document.querySelector("[data-passkey-sign-in]").click()`) // is both factors
	v.sees("Where you are signed in")
	broken, err := chromedp.Run(ctx, chromedp.Evaluate[string](`window.broken.join(", ")`))
	if err != nil || strings.TrimSpace(broken) != "" {
		t.Errorf("the page breaks its own policy: %s (%v)", broken, err)
	}
	if got, err := door.FindUser(t.Context(), u.ID); err != nil || !got.TOTP || got.Passkeys != 1 {
		t.Errorf("in the end %+v, %v", got, err)
	}
}
