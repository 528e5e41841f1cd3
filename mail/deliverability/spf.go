package deliverability

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// mostLookups is how many look-ups a receiver makes for one SPF record before it gives up (RFC 7208).
const mostLookups = 10

// SPFTerm is one part of an SPF record: a mechanism, or the redirect.
type SPFTerm struct {
	Qualifier byte   // + - ~ ?
	Name      string // lower case: all, include, a, mx, ptr, ip4, ip6, exists, redirect
	Value     string // behind the colon or equals sign, "" when there is none
	Prefix    string // "24" or "24//64"; of a, mx, ip4 and ip6
}

// looksUp reports whether a receiver has to ask the DNS for a term.
func (t SPFTerm) looksUp() bool {
	switch t.Name {
	case "include", "a", "mx", "ptr", "exists", "redirect":
		return true
	}
	return false
}

// IsSPF reports whether a TXT record means to be one of SPF.
func IsSPF(record string) bool {
	lower := strings.ToLower(record)
	return lower == "v=spf1" || strings.HasPrefix(lower, "v=spf1 ")
}

// ParseSPF reads an SPF record; the error says which part cannot be read. Modifiers that nobody knows
// are left out, as receivers do.
func ParseSPF(record string) ([]SPFTerm, error) {
	if !IsSPF(record) {
		return nil, fmt.Errorf("it does not begin with v=spf1")
	}
	var terms []SPFTerm
	for _, word := range strings.Fields(record)[1:] {
		t := SPFTerm{Qualifier: '+'}
		rest := word
		if strings.IndexByte("+-~?", rest[0]) >= 0 {
			t.Qualifier, rest = rest[0], rest[1:]
		}
		end := strings.IndexAny(rest, ":=/")
		if end < 0 {
			end = len(rest)
		}
		t.Name = strings.ToLower(rest[:end])
		value := rest[end:]
		if strings.HasPrefix(value, "=") {
			if t.Name != "redirect" {
				continue
			}
			t.Value = value[1:]
		} else {
			t.Value = strings.TrimPrefix(value, ":")
			if at := strings.IndexByte(t.Value, '/'); at >= 0 && t.Name != "include" && t.Name != "exists" {
				t.Value, t.Prefix = t.Value[:at], t.Value[at+1:]
			}
		}
		if err := t.check(); err != nil {
			return nil, fmt.Errorf("%q %w", word, err)
		}
		terms = append(terms, t)
	}
	return terms, nil
}

func (t SPFTerm) check() error {
	switch t.Name {
	case "all", "a", "mx", "ptr":
		return nil
	case "include", "exists", "redirect":
		if t.Value == "" {
			return fmt.Errorf("names no domain")
		}
		return nil
	case "ip4", "ip6":
		p, err := t.network()
		if err != nil || p.Addr().Is4() != (t.Name == "ip4") {
			return fmt.Errorf("is not an address of its kind")
		}
		return nil
	}
	return fmt.Errorf("is no mechanism of SPF")
}

// network is the addresses of ip4 and ip6.
func (t SPFTerm) network() (netip.Prefix, error) {
	if t.Prefix != "" {
		return netip.ParsePrefix(t.Value + "/" + t.Prefix)
	}
	a, err := netip.ParseAddr(t.Value)
	if err != nil {
		return netip.Prefix{}, err
	}
	return a.Prefix(a.BitLen())
}

// spfWalk goes through a record and all that it includes.
type spfWalk struct {
	resolver Resolver
	lookups  int
	included map[string]bool
}

// errSPF says what is wrong with a record, for people.
type errSPF string

func (e errSPF) Error() string { return string(e) }

// find is the one SPF record of a domain.
func (w *spfWalk) find(ctx context.Context, domain string) (string, error) {
	texts, err := w.resolver.LookupTXT(ctx, domain)
	if err != nil && !absent(err) {
		return "", err
	}
	record, n := "", 0
	for _, text := range texts {
		if IsSPF(text) {
			record, n = text, n+1
		}
	}
	switch n {
	case 0:
		return "", errSPF(domain + " has no SPF record")
	case 1:
		return record, nil
	}
	return "", errSPF(fmt.Sprintf("%s has %d SPF records: receivers then believe none", domain, n))
}

// allows says which of the addresses a domain's record lets send, and counts the look-ups of all of it.
func (w *spfWalk) allows(ctx context.Context, domain string, from []netip.Addr, depth int) (map[netip.Addr]bool, error) {
	if depth > mostLookups {
		return nil, errSPF(domain + " is included too deep, or includes itself")
	}
	record, err := w.find(ctx, domain)
	if err != nil {
		return nil, err
	}
	terms, err := ParseSPF(record)
	if err != nil {
		return nil, errSPF(fmt.Sprintf("the SPF record of %s cannot be read: %v", domain, err))
	}
	decided, allowed := map[netip.Addr]bool{}, map[netip.Addr]bool{}
	for _, t := range terms {
		if t.looksUp() {
			w.lookups++
			if w.lookups > 3*mostLookups {
				return nil, errSPF(fmt.Sprintf("it takes more than %d look-ups", 3*mostLookups))
			}
		}
		if t.Name == "redirect" {
			continue // asked last, and only when nothing else decides
		}
		hit, err := w.matches(ctx, t, domain, from, depth)
		if err != nil {
			return nil, err
		}
		for _, a := range from {
			if hit(a) && !decided[a] {
				decided[a], allowed[a] = true, t.Qualifier == '+'
			}
		}
	}
	for _, t := range terms {
		if t.Name != "redirect" || strings.Contains(t.Value, "%") {
			continue
		}
		more, err := w.allows(ctx, t.Value, from, depth+1)
		if err != nil {
			return nil, err
		}
		for _, a := range from {
			if !decided[a] {
				allowed[a] = more[a]
			}
		}
	}
	return allowed, nil
}

// matches says of which addresses a term is true. What depends on the single mail (macros) or on the
// reverse DNS (ptr) is true of none.
func (w *spfWalk) matches(ctx context.Context, t SPFTerm, domain string, from []netip.Addr, depth int) (func(netip.Addr) bool, error) {
	none := func(netip.Addr) bool { return false }
	host := t.Value
	if host == "" {
		host = domain
	}
	if strings.Contains(host, "%") {
		return none, nil
	}
	switch t.Name {
	case "all":
		return func(netip.Addr) bool { return true }, nil
	case "ip4", "ip6":
		p, err := t.network()
		return func(a netip.Addr) bool { return p.Masked().Contains(a) }, err
	case "include":
		w.included[strings.ToLower(host)] = true
		more, err := w.allows(ctx, host, from, depth+1)
		return func(a netip.Addr) bool { return more[a] }, err
	case "a":
		return w.hosts(ctx, t, []string{host})
	case "mx":
		list, err := w.resolver.LookupMX(ctx, host)
		if err != nil && !absent(err) {
			return none, err
		}
		var names []string
		for _, mx := range list {
			names = append(names, mx.Host)
		}
		return w.hosts(ctx, t, names)
	}
	return none, nil
}

func (w *spfWalk) hosts(ctx context.Context, t SPFTerm, names []string) (func(netip.Addr) bool, error) {
	four, six, _ := strings.Cut(t.Prefix, "//")
	var nets []netip.Prefix
	for _, name := range names {
		found, err := w.resolver.LookupNetIP(ctx, "ip", name)
		if err != nil && !absent(err) {
			return nil, err
		}
		for _, a := range found {
			a = a.Unmap()
			bits, err := strconv.Atoi(map[bool]string{true: four, false: six}[a.Is4()])
			if err != nil {
				bits = a.BitLen()
			}
			if p, err := a.Prefix(bits); err == nil {
				nets = append(nets, p)
			}
		}
	}
	return func(a netip.Addr) bool {
		for _, p := range nets {
			if p.Contains(a) {
				return true
			}
		}
		return false
	}, nil
}
