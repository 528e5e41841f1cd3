package api_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
)

// people is a stand-in for consents and privacy: SMB 1 and suppression 17 are there.
type people struct {
	said       fibonacco.Consent
	suppressed fibonacco.Suppression
	known      bool
	file       string
	reason     string
	source     string
	fails      error // after the first bytes of an archive
}

func (p *people) RecordConsent(_ context.Context, c fibonacco.Consent) (*fibonacco.Consent, error) {
	if c.SMBID != 1 {
		return nil, missing("business")
	}
	c.ID, c.CreatedAt = 7, noon
	p.said = c
	return &c, nil
}

func (p *people) ListConsents(_ context.Context, smbID int64, _ fibonacco.ListQuery) (fibonacco.Page[fibonacco.Consent], error) {
	if smbID != 1 {
		return fibonacco.Page[fibonacco.Consent]{}, missing("business")
	}
	return fibonacco.Page[fibonacco.Consent]{Data: []fibonacco.Consent{{ID: 7, SMBID: 1, Channel: "sms", OccurredAt: noon, CreatedAt: noon}}}, nil
}

func (p *people) Suppress(_ context.Context, s fibonacco.Suppression) (*fibonacco.Suppression, bool, error) {
	p.suppressed = s
	s.ID, s.CreatedAt = 17, noon
	return &s, !p.known, nil
}

func (p *people) Unsuppress(_ context.Context, id int64, reason string) error {
	if id != 17 {
		return missing("suppression")
	}
	if reason == "" {
		return fibonacco.InvalidFields("it cannot be taken away", []fibonacco.FieldError{{Field: "reason", Reason: "is required"}})
	}
	p.reason = reason
	return nil
}

func (p *people) ListSuppressions(_ context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.Suppression], err error) {
	if id := q.Filter["id"]; id == "" || id == "17" {
		page.Data = []fibonacco.Suppression{{ID: 17, Kind: "email", Value: "rosa@example.com", Reason: "dnc", CreatedAt: noon}}
	}
	return page, nil
}

func (p *people) ImportSuppressions(_ context.Context, file io.Reader, reason, source string) (*fibonacco.SuppressionResult, error) {
	text, err := io.ReadAll(file)
	p.file, p.reason, p.source = string(text), reason, source
	return &fibonacco.SuppressionResult{Total: 2, Added: 1, Known: 1}, err
}

func (p *people) ExportSMB(_ context.Context, smbID int64, to io.Writer) error {
	if smbID != 1 {
		return missing("business")
	}
	z := zip.NewWriter(to)
	w, err := z.Create("README.html")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, strings.Repeat("what is stored ", 1000))
	if p.fails != nil {
		return errors.Join(p.fails, z.Flush())
	}
	return errors.Join(err, z.Close())
}

func (p *people) EraseSMB(_ context.Context, smbID int64, reason string) error {
	if smbID != 1 {
		return missing("business")
	}
	p.reason = reason
	return nil
}

func newPeople() (*people, *api.API) {
	p := &people{}
	o := newHouse().options()
	o.Consents, o.Privacy = p, p
	return p, api.New(o)
}

func TestConsentRoutes(t *testing.T) {
	t.Parallel()
	p, a := newPeople()
	got := do(t, a, request{route: "POST /smbs/" + smbUUID[:35] + "1/consents", body: `{"channel":"sms","granted":true,"wording":"Yes.","source":"web form","occurred_at":"2026-03-01T10:00:00-05:00"}`})
	if got.StatusCode != http.StatusCreated || got.Header.Get("Location") != api.Prefix+"/smbs/1/consents?filter[id]=7" || p.said.SMBID != 1 || p.said.OccurredAt.UTC().Hour() != 15 {
		t.Errorf("%d %s %+v", got.StatusCode, got.Header.Get("Location"), p.said)
	}
	for body, fields := range map[string]string{
		`{}`: "channel granted source", `{"channel":"fax","granted":1,"source":""}`: "channel granted source", `{"channel":"sms","granted":false,"source":"x","recorded_by":"me"}`: "recorded_by",
	} {
		if got := do(t, a, request{route: "POST /smbs/1/consents", body: body}); got.StatusCode != http.StatusUnprocessableEntity || got.fields() != fields {
			t.Errorf("%s: %d, fields %q", body, got.StatusCode, got.fields())
		}
	}
	for route, status := range map[string]int{
		"GET /smbs/1/consents": 200, "GET /smbs/99/consents": 404, "GET /smbs/x/consents": 404, "GET /smbs/1/consents?filter[colour]=red": 422,
		"GET /smbs/1/consents?filter[granted]=true&sort=id&page[size]=5": 200,
	} {
		if got := do(t, a, request{route: route}); got.StatusCode != status {
			t.Errorf("%s: %d %s", route, got.StatusCode, got.body)
		}
	}
}

func TestSuppressionRoutes(t *testing.T) {
	t.Parallel()
	p, a := newPeople()
	for _, known := range []bool{false, true} {
		p.known = known
		got := do(t, a, request{route: "POST /suppressions", body: `{"value":"(718) 555-0142","smb_id":3}`})
		want := map[bool]int{false: http.StatusCreated, true: http.StatusOK}[known]
		if got.StatusCode != want || got.Header.Get("Location") != api.Prefix+"/suppressions/17" || *p.suppressed.SMBID != 3 {
			t.Errorf("known %v: %d %s", known, got.StatusCode, got.body)
		}
	}
	for route, status := range map[string]int{
		"GET /suppressions/17": 200, "GET /suppressions/18": 404, "GET /suppressions/import": 404, "GET /suppressions?search=rosa&filter[kind]=email": 200,
		"DELETE /suppressions/17": 422, "DELETE /suppressions/17?reason=a+mistake": 204, "DELETE /suppressions/18?reason=x": 404,
	} {
		if got := do(t, a, request{route: route}); got.StatusCode != status {
			t.Errorf("%s: %d %s", route, got.StatusCode, got.body)
		}
	}
	if p.reason != "a mistake" {
		t.Errorf("the reason is %q", p.reason)
	}
}

func TestImportSuppressionsRoute(t *testing.T) {
	t.Parallel()
	p, a := newPeople()
	const file = "rosa@example.com\n"
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	part, err := m.CreateFormFile("file", "list.csv")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(part, file)
	_ = m.WriteField("source", "registry")
	_ = m.Close()
	for name, q := range map[string]struct {
		kind, path, body string
		status           int
		fields           string
	}{
		"a body":           {"text/csv", "?source=registry", file, 200, ""},
		"lines":            {"text/plain; charset=utf-8", "?source=registry&reason=dnc", file, 200, ""},
		"a form":           {m.FormDataContentType(), "", form.String(), 200, ""},
		"given twice":      {m.FormDataContentType(), "?source=x&colour=red", form.String(), 422, "colour source"},
		"no file":          {"multipart/form-data; boundary=x", "", "--x--\r\n", 422, "file"},
		"no boundary":      {"multipart/form-data", "", "x", 400, ""},
		"half a form":      {"multipart/form-data; boundary=x", "", "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc", 400, ""},
		"something else":   {"application/json", "", "{}", 415, ""},
		"nothing declared": {"", "", file, 415, ""},
	} {
		p.file, p.reason, p.source = "", "", ""
		got := do(t, a, request{route: "POST /suppressions/import" + q.path, body: q.body, headers: map[string]string{"Content-Type": q.kind}})
		if got.StatusCode != q.status || got.fields() != q.fields {
			t.Errorf("%s: %d, fields %q: %s", name, got.StatusCode, got.fields(), got.body)
		}
		if q.status == 200 && (p.file != file || p.reason != "dnc" || p.source != "registry" || !strings.Contains(got.body, `"errors":[]`)) {
			t.Errorf("%s: %q for %q from %q: %s", name, p.file, p.reason, p.source, got.body)
		}
	}
	if got := do(t, a, request{route: "POST /suppressions/import", role: "operator", body: file}); got.StatusCode != http.StatusForbidden {
		t.Errorf("an operator: %d", got.StatusCode)
	}
}

func TestPrivacyRoutes(t *testing.T) {
	t.Parallel()
	p, a := newPeople()
	got := do(t, a, request{route: "GET /smbs/1/export"})
	if z, err := zip.NewReader(strings.NewReader(got.body), int64(len(got.body))); err != nil || len(z.File) != 1 ||
		got.Header.Get("Content-Type") != "application/zip" || !strings.Contains(got.Header.Get("Content-Disposition"), "smb-1.zip") {
		t.Errorf("%v %v", err, got.Header)
	}
	for route, status := range map[string]int{"GET /smbs/99/export": 404, "GET /smbs/x/export": 404, "GET /smbs/1/export?format=tar": 422, "POST /smbs/1/erase": 422, "POST /smbs/99/erase": 404} {
		body := `{"reason":"they asked"}`
		if status == 422 {
			body = `{}`
		}
		if strings.HasPrefix(route, "GET") {
			body = ""
		}
		if got := do(t, a, request{route: route, body: body}); got.StatusCode != status {
			t.Errorf("%s: %d %s", route, got.StatusCode, got.body)
		}
	}
	if got := do(t, a, request{route: "POST /smbs/1/erase", body: `{"reason":"they asked"}`}); got.StatusCode != http.StatusNoContent || p.reason != "they asked" {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	for _, role := range []string{"operator", "viewer"} {
		for _, route := range []string{"GET /smbs/1/export", "POST /smbs/1/erase"} {
			if got := do(t, a, request{route: route, role: role}); got.StatusCode != http.StatusForbidden {
				t.Errorf("%s as %s: %d", route, role, got.StatusCode)
			}
		}
	}

	// Half an archive does not look like one: the connection is cut.
	p.fails = errors.New("the database went away")
	server := httptest.NewServer(a)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+api.Prefix+"/smbs/1/export", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer admin")
	answer, err := http.DefaultClient.Do(r)
	if err == nil {
		_, err = io.ReadAll(answer.Body)
		_ = answer.Body.Close()
	}
	if err == nil {
		t.Error("an archive that broke off ended as if it were whole")
	}
}
