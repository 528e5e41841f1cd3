package ui_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// inOffice is a site with settings, and somebody of a role signed in.
func inOffice(t *testing.T, role fibonacco.Role, change ...func(o *office)) (*site, *office) {
	t.Helper()
	var o *office
	s := serve(t, role, func(d *ui.Deps) {
		o = newOffice(d.Analytics.(*town)) //nolint:forcetypeassert // deps makes it so
		o.furnish(d)
		for _, c := range change {
			c(o)
		}
	})
	return s, o
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		role  fibonacco.Role
		path  string
		has   []string
		lacks []string
	}{
		"all of them": {fibonacco.Admin, "/settings", []string{
			"Postal address", "Empty", "5", "mails a second", "Flag", "--set", "File", "fibonacco.yaml:4", "smtp://dana:[redacted]@mail.example.com:587", "Not set", "COMPANY_NAME",
			"Programme mail", "All 10", `href="/setup/company"`, "The program",
		}, nil},
		"a manager sees no secret": {
			fibonacco.Manager, "/settings",
			[]string{"Only admins see whether it is set", "Postal address"},
			[]string{"mail.example.com", "Not set", `href="/setup/company"`, "/settings/tokens"},
		},
		"by source":          {fibonacco.Admin, "/settings?source=environment", []string{"SMTP URL", "SMTP_URL"}, []string{"Postal address", "Programme mail"}},
		"by word":            {fibonacco.Admin, "/settings?q=postal", []string{"Postal address"}, []string{"SMTP URL"}},
		"by two words":       {fibonacco.Admin, "/settings?q=MAIL_MAX+second", []string{"mails a second"}, []string{"SMTP URL"}},
		"by value":           {fibonacco.Admin, "/settings?q=catcher+no+smtp", []string{"Nothing matches"}, nil},
		"what is not there":  {fibonacco.Admin, "/settings?q=%3Cscript%3E", []string{"Nothing matches", "Show all"}, []string{"<script>\""}},
		"search and a state": {fibonacco.Admin, "/settings?q=mail&source=flag", []string{"mails a second", `name="source" value="flag"`}, []string{"SMTP URL"}},
	} {
		s, _ := inOffice(t, tc.role)
		a := s.get(tc.path)
		a.wants(t, http.StatusOK, tc.has...)
		for _, text := range tc.lacks {
			if strings.Contains(a.body, text) {
				t.Errorf("%s: %q is there", name, text)
			}
		}
	}
}

func TestDeliverabilityPage(t *testing.T) {
	t.Parallel()
	s, o := inOffice(t, fibonacco.Admin)
	s.get("/settings/deliverability").wants(t, http.StatusOK, `hx-get="/settings/deliverability"`, "?look=1")
	if o.asked != 0 {
		t.Error("the page waits for the DNS")
	}
	for _, a := range []answer{s.get("/settings/deliverability?look=1"), s.do("GET", "/settings/deliverability", nil, "HX-Request", "true")} {
		a.wants(t, http.StatusOK, "1 thing must be done", "has no SPF record", "Publish the TXT record of fibonacco.com.", "v=spf1 a mx ~all", `data-copy="record-0-value"`)
		if strings.Index(a.body, "has no SPF record") > strings.Index(a.body, "there is one") {
			t.Error("what is in order comes before what is not")
		}
	}
}

func TestTokensOfAll(t *testing.T) {
	t.Parallel()
	s, o := inOffice(t, fibonacco.Admin)
	whose := int64(1)
	o.tokens = []fibonacco.AccessToken{
		{ID: 1, Name: "<CI>", Role: fibonacco.Viewer, Prefix: "fib_3fZk", CreatedAt: monday},
		{ID: 2, Name: "CRM", Role: fibonacco.Operator, UserID: &whose, Abilities: []fibonacco.Ability{fibonacco.ReadSMBs}, Prefix: "fib_9aBc", Communities: []int64{2}, CreatedAt: monday},
	}
	s.get("/settings/tokens").wants(t, http.StatusOK, "<CI>", "fib_3fZk…", "Nobody’s", "Sam Reyes", "smbs:read", "Kailua Bay", "Never expires", "/settings/tokens/2/revoke")
	if a := s.do("POST", "/settings/tokens/2/revoke", nil); a.Header.Get("Location") != "/settings/tokens?done=revoked" || len(o.tokens) != 1 {
		t.Errorf("%d to %q, and %d tokens are left", a.StatusCode, a.Header.Get("Location"), len(o.tokens))
	}
	s.get("/settings/tokens?done=revoked").wants(t, http.StatusOK, "Every node refuses it")
	s.do("POST", "/settings/tokens/9/revoke", nil).wants(t, http.StatusNotFound)
}

func TestSuppressions(t *testing.T) {
	t.Parallel()
	s, o := inOffice(t, fibonacco.Manager)
	s.get("/settings/suppressions").wants(t, http.StatusOK, "Nothing is suppressed", "Take in a do-not-contact file")
	add := url.Values{"value": {"rosa@rosasbakery.example"}, "reason": {"manual"}, "source": {"asked on the phone"}}
	for _, want := range []string{"added", "known"} {
		if a := s.do("POST", "/settings/suppressions", add); a.Header.Get("Location") != "/settings/suppressions?done="+want {
			t.Errorf("%d to %q", a.StatusCode, a.Header.Get("Location"))
		}
	}
	s.do("POST", "/settings/suppressions", url.Values{"value": {`"><script>`}}).wants(t, http.StatusUnprocessableEntity, "neither an e-mail address nor a telephone number", `"><script>`)
	o.blocked = append(o.blocked, fibonacco.Suppression{ID: 2, Kind: "email", Reason: "erased", CreatedAt: monday})
	a := s.get("/settings/suppressions")
	a.wants(t, http.StatusOK, "rosa@rosasbakery.example", "Asked us", "asked on the phone", "only its fingerprint is kept", "/settings/suppressions/1/remove")
	if strings.Contains(a.body, "/settings/suppressions/2/remove") {
		t.Error("what was erased can be taken away")
	}
	s.do("POST", "/settings/suppressions/1/remove", url.Values{"reason": {""}}).wants(t, http.StatusUnprocessableEntity)
	if a := s.do("POST", "/settings/suppressions/1/remove", url.Values{"reason": {"a mistake"}}); a.Header.Get("Location") != "/settings/suppressions?done=removed" || len(o.blocked) != 1 {
		t.Errorf("%d to %q", a.StatusCode, a.Header.Get("Location"))
	}
}

func TestSuppressionFile(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text, source string
		status       int
		says         []string
	}{
		"a list":       {"a@example.org\nb@example.org\nnobody\n", "registry", http.StatusOK, []string{"2 addresses and numbers get", "Line 3 holds neither"}},
		"without file": {"", "registry", http.StatusUnprocessableEntity, []string{"Choose a file first."}},
		"whose":        {"a@example.org", "", http.StatusUnprocessableEntity, []string{"This is required."}},
	} {
		s, _ := inOffice(t, fibonacco.Manager)
		var b bytes.Buffer
		form := multipart.NewWriter(&b)
		if tc.text != "" {
			part, err := form.CreateFormFile("file", "list.csv")
			if err != nil {
				t.Fatal(err)
			}
			_, _ = part.Write([]byte(tc.text)) // a buffer takes everything
		}
		for _, field := range [][2]string{{"source", tc.source}, {"reason", "dnc"}} {
			if err := form.WriteField(field[0], field[1]); err != nil {
				t.Fatal(err)
			}
		}
		if err := form.Close(); err != nil {
			t.Fatal(err)
		}
		a := s.send("POST", "/settings/suppressions/import", b.String(), "Content-Type", form.FormDataContentType())
		if a.StatusCode != tc.status {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
		a.wants(t, tc.status, tc.says...)
	}
}

// Whoever may only look is offered nothing that would be refused.
func TestSuppressionsOfViewers(t *testing.T) {
	t.Parallel()
	s, o := inOffice(t, fibonacco.Viewer)
	o.blocked = []fibonacco.Suppression{{ID: 1, Kind: "phone", Value: "+17185550142", Reason: "dnc", CreatedAt: monday}}
	a := s.get("/settings/suppressions")
	a.wants(t, http.StatusOK, "(718) 555-0142", "Do-not-call list", `href="/settings/suppressions"`)
	for _, text := range []string{"/remove", "do-not-contact file", "Add an address", `href="/settings"`} {
		if strings.Contains(a.body, text) {
			t.Errorf("%q is offered", text)
		}
	}
}

func TestLimitsOfTheTeam(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Admin)
	s.get("/team").wants(t, http.StatusOK, "What each role may", "Everything about businesses and the programme", `action="/team/2/communities"`, `name="community" value="2" checked`)
	for name, tc := range map[string]struct {
		form   url.Values
		status int
		want   int
	}{
		"two of them":   {url.Values{"community": {"1", "2"}}, http.StatusSeeOther, 2},
		"no limit":      {url.Values{}, http.StatusSeeOther, 0},
		"no such thing": {url.Values{"community": {"x"}}, http.StatusNotFound, 1},
	} {
		s.limited = []int64{9}
		if a := s.do("POST", "/team/2/communities", tc.form); a.StatusCode != tc.status || len(s.limited) != tc.want {
			t.Errorf("%s: %d, and they see %v", name, a.StatusCode, s.limited)
		}
	}
	s.totp = true
	if a := s.do("POST", "/team/2/totp", nil); a.Header.Get("Location") != "/team?done=totp" || s.totp {
		t.Errorf("the second factor: %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
}
