// Package clientip says where a request comes from, whatever proxies are between. A header that
// anybody can send proves nothing: X-Forwarded-For is believed as far as our own proxies wrote it.
package clientip

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// Proxies are the networks that our own proxies are in. Nil is none: X-Forwarded-For is not read.
type Proxies []netip.Prefix

// Parse reads addresses and networks, "10.0.0.7" or "10.0.0.0/8".
func Parse(all []string) (Proxies, error) {
	var p Proxies
	for _, text := range all {
		if addr, err := netip.ParseAddr(text); err == nil {
			p = append(p, netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a network", text)
		}
		p = append(p, network.Masked())
	}
	return p, nil
}

func (p Proxies) trust(addr netip.Addr) bool {
	for _, network := range p {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// mostHops bounds how far back a header is read.
const mostHops = 32

// Of is the address of the client that sent a request, without port or zone; "" when it cannot be
// told. Each of our proxies adds whom it heard from at the end, so the list is read from there, and
// the first entry that is none of ours is the client: what stands before it, the client may have
// written itself.
func (p Proxies) Of(r *http.Request) string {
	at, ok := parse(r.RemoteAddr)
	if !ok {
		return ""
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && len(hops)-i <= mostHops && p.trust(at); i-- {
		before, ok := parse(hops[i])
		if !ok {
			break // a proxy that wrote nonsense leaves us with itself
		}
		at = before
	}
	return at.String()
}

// parse takes an address with or without a port.
func parse(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if with, err := netip.ParseAddrPort(text); err == nil {
		return with.Addr().Unmap().WithZone(""), true
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return addr.Unmap().WithZone(""), err == nil
}

// Note puts where each request comes from into its context, for fibonacco.VisitOf.
func (p Proxies) Note(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(fibonacco.WithVisit(r.Context(), fibonacco.Visit{
			IP: p.Of(r), UserAgent: r.UserAgent(), RequestID: edge.TraceOf(r.Context()).RequestID,
		})))
	})
}

// Of is where a request comes from, as Note has found out or, where it has not been asked, as the
// connection says.
func Of(r *http.Request) string {
	if ip := fibonacco.VisitOf(r.Context()).IP; ip != "" {
		return ip
	}
	return Proxies(nil).Of(r)
}
