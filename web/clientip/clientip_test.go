package clientip_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
	"github.com/fibonacco/fibonacco/web/clientip"
)

func TestOf(t *testing.T) {
	t.Parallel()
	ours := []string{"10.0.0.0/8", "192.0.2.7", "2001:db8:1::/48"}
	for name, tc := range map[string]struct {
		trusted   []string
		peer      string
		forwarded []string
		want      string
	}{
		"nobody between":                    {nil, "203.0.113.9:4711", nil, "203.0.113.9"},
		"a header nobody asked for":         {nil, "203.0.113.9:4711", []string{"198.51.100.1"}, "203.0.113.9"},
		"a stranger's header":               {ours, "203.0.113.9:4711", []string{"198.51.100.1"}, "203.0.113.9"},
		"our proxy":                         {ours, "10.1.2.3:80", []string{"198.51.100.1"}, "198.51.100.1"},
		"our one proxy by its address":      {ours, "192.0.2.7:80", []string{"198.51.100.1"}, "198.51.100.1"},
		"its neighbour is not ours":         {ours, "192.0.2.8:80", []string{"198.51.100.1"}, "192.0.2.8"},
		"what the client wrote itself":      {ours, "10.1.2.3:80", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		"in two headers":                    {ours, "10.1.2.3:80", []string{"1.1.1.1", "198.51.100.1"}, "198.51.100.1"},
		"two proxies of ours":               {ours, "10.1.2.3:80", []string{"198.51.100.1, 10.9.9.9"}, "198.51.100.1"},
		"nothing but proxies of ours":       {ours, "10.1.2.3:80", []string{"10.5.5.5, 10.9.9.9"}, "10.5.5.5"},
		"our proxy said nothing":            {ours, "10.1.2.3:80", nil, "10.1.2.3"},
		"our proxy wrote nonsense":          {ours, "10.1.2.3:80", []string{"198.51.100.1, unknown"}, "10.1.2.3"},
		"nonsense before a proxy":           {ours, "10.1.2.3:80", []string{"<script>, 10.9.9.9"}, "10.9.9.9"},
		"with a port":                       {ours, "10.1.2.3:80", []string{"198.51.100.1:51234"}, "198.51.100.1"},
		"IPv6":                              {ours, "[2001:db8:1::5]:443", []string{"2001:db8:2::1"}, "2001:db8:2::1"},
		"IPv6 in brackets":                  {ours, "10.1.2.3:80", []string{"[2001:db8:2::1]:443"}, "2001:db8:2::1"},
		"IPv4 in IPv6 is the same network":  {ours, "[::ffff:10.1.2.3]:80", []string{"198.51.100.1"}, "198.51.100.1"},
		"a zone is nobody's business":       {nil, "[fe80::1%eth0]:80", nil, "fe80::1"},
		"a socket without an address":       {ours, "@", []string{"198.51.100.1"}, ""},
		"a list longer than anybody's path": {ours, "10.1.2.3:80", []string{"6.6.6.6" + repeat(", 10.0.0.1", 100)}, "10.0.0.1"},
	} {
		proxies, err := clientip.Parse(tc.trusted)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = tc.peer
		for _, h := range tc.forwarded {
			r.Header.Add("X-Forwarded-For", h)
		}
		if got := proxies.Of(r); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
		proxies.Note(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if got := fibonacco.VisitOf(r.Context()); got.IP != tc.want || got.RequestID != "r1" {
				t.Errorf("%s: noted %+v", name, got)
			}
			if got := clientip.Of(r); got != tc.want {
				t.Errorf("%s: later it is %q", name, got)
			}
		})).ServeHTTP(httptest.NewRecorder(), r.WithContext(edge.WithTrace(r.Context(), &edge.Trace{RequestID: "r1"})))
	}
}

func repeat(s string, n int) (out string) {
	for range n {
		out += s
	}
	return out
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "proxy.example", "10.0.0.0/33", "10.0.0", "10.0.0.1/"} {
		if p, err := clientip.Parse([]string{text}); err == nil {
			t.Errorf("%q is %v", text, p)
		}
	}
}
