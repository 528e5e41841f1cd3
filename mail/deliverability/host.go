package deliverability

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// checkHosts looks whether each address that hands mails over has a name, and the name the address:
// receivers take an address without one for somebody's home.
func checkHosts(ctx context.Context, r Resolver, s Setup) []Finding {
	var out []Finding
	for _, a := range s.Senders {
		out = append(out, checkHost(ctx, r, a))
	}
	return out
}

func checkHost(ctx context.Context, r Resolver, a netip.Addr) Finding {
	f := Finding{Name: "PTR", State: Failed}
	f.Advice = fmt.Sprintf("Whoever gave you the address %s has to set its reverse DNS (PTR) to a name of yours, such as mail.example.com, that leads back to it.", a)
	names, err := r.LookupAddr(ctx, a.String())
	if err != nil && !absent(err) {
		f.State, f.Found, f.Advice = Warning, fmt.Sprintf("the name of %s cannot be looked up: %v", a, err), "Try again later."
		return f
	}
	if len(names) == 0 {
		f.Found = a.String() + " has no name (PTR): Gmail and Outlook refuse mail from such addresses"
		return f
	}
	for _, name := range names {
		found, err := r.LookupNetIP(ctx, "ip", name)
		if err != nil && !absent(err) {
			f.State, f.Found, f.Advice = Warning, fmt.Sprintf("%s cannot be looked up: %v", name, err), "Try again later."
			return f
		}
		if slices.ContainsFunc(found, func(b netip.Addr) bool { return b.Unmap() == a }) {
			name = strings.TrimSuffix(name, ".")
			f.State, f.Found, f.Advice = OK, fmt.Sprintf("%s is %s, and %s is %s", a, name, name, a), ""
			if generic(name, a) {
				f.State = Warning
				f.Advice = "The name looks like one that a provider gives to all its addresses. Let it be set to one of your own domain."
			}
			return f
		}
	}
	f.Found = fmt.Sprintf("%s calls itself %s, which does not lead back to it", a, strings.TrimSuffix(names[0], "."))
	return f
}

// generic reports whether a name holds its own address, as the names of dial-up lines do.
func generic(name string, a netip.Addr) bool {
	if !a.Is4() {
		return false
	}
	parts := strings.Split(a.String(), ".")
	backwards := slices.Clone(parts)
	slices.Reverse(backwards)
	for _, order := range [][]string{parts, backwards} {
		for _, by := range []string{"-", ".", "_"} {
			if strings.Contains(name, strings.Join(order, by)) {
				return true
			}
		}
	}
	return false
}
