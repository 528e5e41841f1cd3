package ui_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

func newborn(o *office) { o.state = fibonacco.SetupState{NeedsUser: true} }

func underway(o *office) { o.state = fibonacco.SetupState{} }

// The first page is where everything leads while nobody can sign in, and nowhere afterwards.
func TestWayToTheSetup(t *testing.T) {
	t.Parallel()
	s, o := inOffice(t, "", newborn)
	for path, want := range map[string]string{"/overview": "/login?next=%2Foverview", "/login": "/setup", "/setup/company": "/login?next=%2Fsetup%2Fcompany"} {
		if a := s.get(path); a.Header.Get("Location") != want {
			t.Errorf("%s leads to %q", path, a.Header.Get("Location"))
		}
	}
	s.get("/setup?code="+setupCode).wants(t, http.StatusOK, "Nobody can sign in here yet", `value="`+setupCode+`"`)
	underway(o)
	for path, want := range map[string]string{"/setup": "/login?next=%2Fsetup"} {
		if a := s.get(path); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != want {
			t.Errorf("%s leads to %q", path, a.Header.Get("Location"))
		}
	}
	if a := s.get("/login"); a.StatusCode != http.StatusOK {
		t.Errorf("the sign-in: %d", a.StatusCode)
	}
	viewer, _ := inOffice(t, fibonacco.Manager, underway)
	if a := viewer.get("/setup"); a.Header.Get("Location") != "/overview" {
		t.Errorf("a manager is led to %q", a.Header.Get("Location"))
	}
}

func TestFirstUserForm(t *testing.T) {
	t.Parallel()
	form := func(code, password, repeated string) url.Values {
		return url.Values{"code": {code}, "name": {"Dana"}, "email": {"dana@example.org"}, "password": {password}, "repeated": {repeated}}
	}
	for name, tc := range map[string]struct {
		form   url.Values
		status int
		says   string
	}{
		"a wrong code":      {form("AAAA", rightPassword, rightPassword), http.StatusUnprocessableEntity, "The code is not the one that the server printed"},
		"too many":          {form("slow", rightPassword, rightPassword), http.StatusTooManyRequests, "Wait 6 minutes"},
		"a short password":  {form(setupCode, "short", "short"), http.StatusUnprocessableEntity, "at least 10 characters"},
		"two passwords":     {form(setupCode, rightPassword, "other"), http.StatusUnprocessableEntity, "is not the same"},
		"all of it, thanks": {form(setupCode, rightPassword, rightPassword), http.StatusSeeOther, ""},
	} {
		s, _ := inOffice(t, "", newborn)
		a := s.do("POST", "/setup", tc.form)
		a.wants(t, tc.status, tc.says)
		in := strings.Contains(strings.Join(a.Header.Values("Set-Cookie"), " "), "fibonacco_session=fresh")
		if in != (tc.status == http.StatusSeeOther) {
			t.Errorf("%s: signed in %v", name, in)
		}
		if strings.Contains(a.body, rightPassword) {
			t.Errorf("%s: the page holds the password", name)
		}
	}
	s, _ := inOffice(t, "", underway)
	if a := s.do("POST", "/setup", form(setupCode, rightPassword, rightPassword)); a.Header.Get("Location") != "/login?next=%2Fsetup" {
		t.Errorf("the second leads to %q", a.Header.Get("Location"))
	}
	cross, _ := inOffice(t, "", newborn)
	if a := cross.do("POST", "/setup", form(setupCode, rightPassword, rightPassword), "Sec-Fetch-Site", "cross-site"); a.StatusCode != http.StatusForbidden {
		t.Errorf("another site becomes the first user: %d", a.StatusCode)
	}
}

// The whole way, each page saying what is done and what is missing.
func TestSetupStepByStep(t *testing.T) {
	t.Parallel()
	s, o := inOffice(t, fibonacco.Admin, underway)
	o.places, o.smbs = nil, nil
	next := func(want string) {
		t.Helper()
		if a := s.get("/setup"); a.Header.Get("Location") != want {
			t.Errorf("the setup goes on at %q, want %q", a.Header.Get("Location"), want)
		}
	}
	posted := func(path, want string, form url.Values) {
		t.Helper()
		if a := s.do("POST", path, form); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != want {
			t.Errorf("%s: %d to %q, want %q\n%s", path, a.StatusCode, a.Header.Get("Location"), want, a.body[:min(len(a.body), 300)])
		}
	}
	s.get("/overview").wants(t, http.StatusOK, "Finish setting up")
	next("/setup/security")
	s.get("/setup/security").wants(t, http.StatusOK, "Hello Dana Whitfield", "Go on with the password only", "/account#totp", "Add a passkey")
	o.totp = true
	next("/setup/company")

	s.get("/setup/company").wants(t, http.StatusOK, "No postal address yet", "Set by the environment, FIBONACCO_PUBLIC_URL. Change it there.", `value="https://go.example.com" disabled`)
	s.do("POST", "/setup/company", url.Values{"company.name": {"bad"}, "company.postal_address": {`1 "Main" St`}}).
		wants(t, http.StatusUnprocessableEntity, "must be something else", `1 "Main" St`)
	posted("/setup/company", "/setup/domain?done=saved", url.Values{"company.name": {"Port Avery Local"}, "company.postal_address": {"1 Main St"}, "http.public_url": {"https://evil.example"}})
	if o.list.Find("http.public_url").Value != "https://go.example.com" {
		t.Error("a form changes what the environment sets")
	}
	next("/setup/domain")
	s.get("/setup/company").wants(t, http.StatusOK, "This site is known as https://go.example.com from now on, and you have come by "+s.server.URL)

	s.get("/setup/domain").wants(t, http.StatusOK, "Once there is a sender of your own")
	posted("/setup/domain", "/setup/domain?done=saved#records", url.Values{"email.from_email": {"sarah@shop.test"}, "email.from_name": {"Sarah"}, "email.reply_to": {"hello@shop.test"}})
	s.get("/setup/domain?done=saved").wants(t, http.StatusOK, `hx-get="/setup/domain/check"`, "Saved.")
	s.do("GET", "/setup/domain/check", nil, "HX-Request", "true").wants(t, http.StatusOK, "shop.test has no SPF record", "Look again")
	s.get("/setup/domain/check").wants(t, http.StatusOK, "shop.test has no SPF record", "Sending domain")
	next("/setup/mail")

	s.get("/setup/mail").wants(t, http.StatusOK, "smtp://dana:[redacted]@mail.example.com:587", `value="dana@example.org"`)
	s.do("POST", "/setup/mail", url.Values{"to": {"nobody"}}).wants(t, http.StatusUnprocessableEntity, "is not an e-mail address")
	posted("/setup/mail", "/setup/mail#answer", url.Values{"to": {"sam@example.org"}})
	s.get("/setup/mail").wants(t, http.StatusOK, "Refused.", "535 <b>authentication</b> failed", "wants another user or password", "The last one was refused")
	posted("/setup/mail", "/setup/mail#answer", url.Values{"to": {"dana@example.org"}})
	s.get("/setup/mail").wants(t, http.StatusOK, "Accepted after 214 ms.", "250 accepted as q-17")
	next("/setup/community")

	s.get("/setup/businesses").wants(t, http.StatusOK, "there is none yet")
	s.do("POST", "/setup/community", url.Values{"name": {""}, "state": {"ny"}, "timezone": {"America/New_York"}}).wants(t, http.StatusUnprocessableEntity, "The name is required")
	posted("/setup/community", "/setup/businesses", url.Values{"name": {"Port Avery"}, "state": {"ny"}, "timezone": {"America/New_York"}})
	if o.places[0].Slug != "port-avery" || o.places[0].State != "NY" {
		t.Errorf("stored %+v", o.places[0].Community)
	}
	next("/setup/businesses")
	s.get("/setup/businesses").wants(t, http.StatusOK, "/businesses/import?community_id=1", "/setup/sample.csv")
	if a := s.get("/setup/sample.csv"); !strings.HasPrefix(a.body, "Business Name,") || a.Header.Get("Content-Disposition") == "" {
		t.Errorf("the sample is %q", a.body)
	}
	s.get("/setup/start").wants(t, http.StatusOK, "Almost there", "There is nobody to write to.", "Finish setting up")
	o.places[0].SMBs = 40
	s.get("/setup/start").wants(t, http.StatusOK, "Ready to start", "40 businesses")
	posted("/setup/finish", "/overview", nil)
	if a := s.get("/overview"); !o.finished || strings.Contains(a.body, "Finish setting up") {
		t.Error("it is not finished")
	}
	next("/setup/start")
	s.get("/setup/company").wants(t, http.StatusOK, "Back to the settings", "Port Avery Local")
}

// While the server takes up another domain, the page asks again instead of showing the old one's records.
func TestDomainThatIsBeingTakenUp(t *testing.T) {
	t.Parallel()
	s, o := inOffice(t, fibonacco.Admin, underway)
	stale := &slowDoctor{o}
	s2 := serve(t, fibonacco.Admin, func(d *ui.Deps) {
		o.furnish(d)
		d.Deliverability = stale
	})
	a := s2.do("GET", "/setup/domain/check", nil, "HX-Request", "true")
	a.wants(t, http.StatusOK, "taking up the new address", "load delay:1s")
	if strings.Contains(a.body, "v=spf1") {
		t.Error("records of another domain are shown")
	}
	s.do("GET", "/setup/domain/check", nil, "HX-Request", "true").wants(t, http.StatusOK, "v=spf1")
}

func TestNothingToSetUp(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Admin)
	for _, path := range []string{"/setup/company", "/setup/start", "/setup/domain/check"} {
		s.get(path).wants(t, http.StatusNotFound, "There is nothing to set up here.")
	}
	demo := serve(t, "", func(d *ui.Deps) { d.Demo = &fibonacco.Principal{Name: "Demo", Role: fibonacco.Operator} })
	if a := demo.do("POST", "/setup", url.Values{"code": {setupCode}}); a.Header.Get("Location") != "/overview" {
		t.Errorf("the demo: %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
}
