package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web"
	"github.com/fibonacco/fibonacco/web/api"
)

// porter notes where those who come to the gate come from.
type porter struct {
	gate
	visits *[]fibonacco.Visit
}

func (p porter) ByToken(ctx context.Context, s string) (*fibonacco.Principal, error) {
	*p.visits = append(*p.visits, fibonacco.VisitOf(ctx))
	return p.gate.ByToken(ctx, s)
}

// Everything learns where a request comes from, from our own proxies and nobody else.
func TestProxiesAreBelieved(t *testing.T) {
	t.Parallel()
	var visits []fibonacco.Visit
	page := ""
	o := web.Options{Contracts: api.Contracts{Access: porter{visits: &visits}}, Mounts: []func(*http.ServeMux){func(m *http.ServeMux) {
		m.HandleFunc("GET /page", func(_ http.ResponseWriter, r *http.Request) { page = fibonacco.VisitOf(r.Context()).IP })
	}}}
	o.Config.HTTP.TrustProxy = []string{"10.0.0.0/8"}
	h := web.New(o)
	for peer, want := range map[string]string{"10.1.2.3:80": "198.51.100.7", "203.0.113.9:4711": "203.0.113.9"} {
		visits = nil
		headers := []string{"From", peer, "X-Forwarded-For", "6.6.6.6, 198.51.100.7", "User-Agent", "curl/9", "X-Request-Id", "request-4711"}
		call(h, "GET", "/page", "", headers...)
		call(h, "GET", "/api/v1/queues", "", append(headers, "Authorization", "Bearer viewer")...)
		if page != want || len(visits) != 1 || visits[0] != (fibonacco.Visit{IP: want, UserAgent: "curl/9", RequestID: "request-4711"}) {
			t.Errorf("from %s: page %q, interface %+v, want %s", peer, page, visits, want)
		}
	}
}

// A token of few abilities may not read the figures.
func TestMetricsTakeAnAbility(t *testing.T) {
	t.Parallel()
	for ability, status := range map[fibonacco.Ability]int{fibonacco.ReadOperations: http.StatusOK, fibonacco.ReadSMBs: http.StatusForbidden} {
		w := call(web.New(web.Options{Contracts: api.Contracts{Access: able{ability: ability}}}), "GET", "/metrics", "", "Authorization", "Bearer x")
		if w.Code != status || status != http.StatusOK && !strings.Contains(w.Body.String(), "operations:read") {
			t.Errorf("with %s: %d", ability, w.Code)
		}
	}
}

type able struct {
	gate
	ability fibonacco.Ability
}

func (a able) ByToken(context.Context, string) (*fibonacco.Principal, error) {
	return &fibonacco.Principal{TokenID: 7, Role: fibonacco.Admin, Abilities: []fibonacco.Ability{a.ability}}, nil
}
