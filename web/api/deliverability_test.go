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

// doctor has looked.
type doctor struct{}

func (doctor) Deliverability(context.Context) (*fibonacco.DeliverabilityReport, error) {
	return &fibonacco.DeliverabilityReport{At: noon, Domain: "shop.test", Findings: []fibonacco.DeliverabilityFinding{
		{Name: "SPF", State: "failed", Found: "shop.test has no SPF record", Advice: "Publish one"},
	}}, nil
}

func TestDeliverability(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		who    string
		absent bool
		status int
		says   string
	}{
		"an admin":        {"admin", false, http.StatusOK, `{"name":"SPF","state":"failed","found":"shop.test has no SPF record","advice":"Publish one"}`},
		"a manager":       {"manager", false, http.StatusForbidden, ""},
		"of some towns":   {"only-1", false, http.StatusForbidden, "one for all communities"},
		"without sending": {"admin", true, http.StatusNotImplemented, ""},
	} {
		o := newHouse().options()
		if strings.HasPrefix(tc.who, "only-") {
			o.Access = neighbours{o.Access}
		}
		if !tc.absent {
			o.Deliverability = doctor{}
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/deliverability", nil)
		r.Header.Set("Authorization", "Bearer "+tc.who)
		w := recordRequest(api.New(o), r)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}
