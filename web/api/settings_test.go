package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
)

// study holds one setting, and mails to example.org only.
type study struct{ tested *fibonacco.MailTest }

func (*study) ListSettings(context.Context) (*fibonacco.SettingList, error) {
	return &fibonacco.SettingList{Settings: []fibonacco.Setting{{Key: "company.name", Value: "Port Avery Local", Source: fibonacco.SourceDatabase}}}, nil
}

func (s *study) ChangeSettings(ctx context.Context, values map[string]string) (*fibonacco.SettingList, error) {
	if values["company.name"] == "" {
		return nil, fibonacco.InvalidFields("the settings cannot be saved", []fibonacco.FieldError{{Field: "company.name", Reason: "must be filled"}})
	}
	return s.ListSettings(ctx)
}

func (s *study) SendTestMail(_ context.Context, to string) (*fibonacco.MailTest, error) {
	s.tested = &fibonacco.MailTest{At: noon, Mailer: "smtp", Accepted: strings.HasSuffix(to, "@example.org"), Code: 250, Answer: "accepted as q-17", TookMS: 12}
	return s.tested, nil
}

func (s *study) LastMailTest(context.Context) (*fibonacco.MailTest, error) { return s.tested, nil }

func TestSettings(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		who, method, path, body string
		status                  int
		says                    string
	}{
		"a manager looks":         {"manager", http.MethodGet, "/settings", "", http.StatusOK, `"key":"company.name"`},
		"an operator does not":    {"operator", http.MethodGet, "/settings", "", http.StatusForbidden, "manager"},
		"an admin changes":        {"admin", http.MethodPatch, "/settings", `{"values":{"company.name":"X"}}`, http.StatusOK, `"source":"database"`},
		"what is wrong is named":  {"admin", http.MethodPatch, "/settings", `{"values":{"company.name":""}}`, http.StatusUnprocessableEntity, `"field":"company.name"`},
		"a manager does not":      {"manager", http.MethodPatch, "/settings", `{"values":{"company.name":"X"}}`, http.StatusForbidden, "admin"},
		"nothing to change":       {"admin", http.MethodPatch, "/settings", `{"values":{}}`, http.StatusUnprocessableEntity, "values"},
		"no test mail yet":        {"admin", http.MethodGet, "/mail-test", "", http.StatusNotFound, "no test mail"},
		"a test mail":             {"admin", http.MethodPost, "/mail-test", `{"to":"dana@example.org"}`, http.StatusOK, `"accepted":true`},
		"a refusal is an answer":  {"admin", http.MethodPost, "/mail-test", `{"to":"dana@example.com"}`, http.StatusOK, `"accepted":false`},
		"a manager mails nobody":  {"manager", http.MethodPost, "/mail-test", `{"to":"dana@example.org"}`, http.StatusForbidden, "admin"},
		"nor do those of a town":  {"only-1", http.MethodPost, "/mail-test", `{"to":"dana@example.org"}`, http.StatusForbidden, "one for all communities"},
		"without such a module":   {"absent", http.MethodGet, "/settings", "", http.StatusNotImplemented, ""},
		"without a mailer to ask": {"absent", http.MethodGet, "/mail-test", "", http.StatusNotImplemented, ""},
	} {
		o := newHouse().options()
		if strings.HasPrefix(tc.who, "only-") {
			o.Access = neighbours{o.Access}
		}
		if tc.who == "absent" {
			tc.who = "admin"
		} else {
			s := &study{}
			o.Settings, o.MailTests = s, s
		}
		r := httptest.NewRequestWithContext(t.Context(), tc.method, "/api/v1"+tc.path, strings.NewReader(tc.body))
		r.Header.Set("Authorization", "Bearer "+tc.who)
		if tc.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		w := recordRequest(api.New(o), r)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}
