package deliverability

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

func checkSPF(ctx context.Context, r Resolver, s Setup) []Finding {
	domain := s.FromDomain
	if s.BounceDomain != "" {
		domain = s.BounceDomain // receivers ask about the return path
	}
	f := Finding{Name: "SPF", State: Failed}
	publish := `Publish: ` + domain + ` TXT "` + spfRecord(s) + `"`
	w := &spfWalk{resolver: r, included: map[string]bool{}}
	allowed, err := w.allows(ctx, domain, s.Senders, 0)
	var wrong errSPF
	switch {
	case errors.As(err, &wrong):
		f.Found, f.Advice = wrong.Error(), publish
		return []Finding{f}
	case err != nil:
		f.State, f.Found, f.Advice = Warning, "SPF of "+domain+" cannot be looked up: "+err.Error(), "Try again later."
		return []Finding{f}
	}
	f.Found = fmt.Sprintf("the record of %s takes %d look-ups of %d", domain, w.lookups, mostLookups)
	if w.lookups > mostLookups {
		f.Advice = "Receivers give up and believe nothing of it. Take out what you do not send by, or name addresses (ip4, ip6) in place of hosts."
		return []Finding{f}
	}
	var missing []string
	for _, a := range s.Senders {
		if !allowed[a] {
			missing = append(missing, a.String())
		}
	}
	if s.Include != "" && !w.included[s.Include] {
		missing = append(missing, "what "+s.Include+" sends from")
	}
	if len(missing) > 0 {
		f.State = Warning
		f.Found += "; it does not allow " + strings.Join(missing, ", ")
		f.Advice = "Add to the record, before its “all”:" + strings.TrimSuffix(strings.TrimPrefix(spfRecord(s), "v=spf1"), " ~all")
		return []Finding{f}
	}
	f.State = OK
	if len(s.Senders) > 0 || s.Include != "" {
		f.Found += "; it allows this server"
	}
	return []Finding{f}
}

// spfRecord is the record that allows what is known of the senders.
func spfRecord(s Setup) string {
	record := "v=spf1"
	for _, a := range s.Senders {
		record += map[bool]string{true: " ip4:", false: " ip6:"}[a.Is4()] + a.String()
	}
	if s.Include != "" {
		record += " include:" + s.Include
	}
	if record == "v=spf1" {
		record += " a mx"
	}
	return record + " ~all"
}

func checkDKIM(ctx context.Context, r Resolver, s Setup) []Finding {
	if len(s.Keys) == 0 {
		if s.Include != "" {
			return nil // the provider signs, with keys that are not seen from here
		}
		return []Finding{{
			Name: "DKIM", State: Warning, Found: "mails are not signed",
			Advice: "Gmail wants a signature from bulk senders. Make a key (openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out dkim.pem), " +
				"set DKIM_KEY_FILE, DKIM_DOMAIN and DKIM_SELECTOR, and look again: the record to publish is then shown.",
		}}
	}
	var out []Finding
	for _, k := range s.Keys {
		out = append(out, checkKey(ctx, r, k))
	}
	return out
}

func checkKey(ctx context.Context, r Resolver, k Key) Finding {
	host := k.Selector + "._domainkey." + k.Domain
	f := Finding{Name: "DKIM", State: Failed, Advice: "Publish: " + host + ` TXT "` + k.Record + `"`}
	texts, err := r.LookupTXT(ctx, host)
	if err != nil && !absent(err) {
		f.State, f.Found, f.Advice = Warning, host+" cannot be looked up: "+err.Error(), "Try again later."
		return f
	}
	if len(texts) == 0 {
		f.Found = host + " has no key: signatures cannot be checked"
		return f
	}
	want, err := ParseTags(k.Record)
	if err != nil {
		f.Found = "the key cannot be written as a record: " + err.Error()
		return f
	}
	got, err := ParseTags(texts[0])
	switch {
	case err != nil:
		f.Found = host + " cannot be read: " + err.Error()
	case len(texts) > 1:
		f.Found = fmt.Sprintf("%s has %d records, and may have one", host, len(texts))
	case got["p"] == "":
		f.Found = host + " says that the key was revoked"
	case strings.Join(strings.Fields(got["p"]), "") != want["p"]:
		f.Found = host + " has another key than the one that signs"
	case k.Bits > 0 && k.Bits < 1024:
		f.Found, f.Advice = fmt.Sprintf("the key has %d bits, and receivers take 1024 or more", k.Bits), "Make an RSA key of 2048 bits, and publish it under a new selector."
	case k.Bits > 0 && k.Bits < 2048:
		f.State, f.Found, f.Advice = Warning, fmt.Sprintf("%s has the key that signs, of %d bits", host, k.Bits), "Make an RSA key of 2048 bits, and publish it under a new selector."
	default:
		f.State, f.Found, f.Advice = OK, host+" has the key that signs", ""
	}
	return f
}

func checkBounce(ctx context.Context, r Resolver, s Setup) []Finding {
	if s.BounceDomain == "" {
		return nil
	}
	f := Finding{Name: "bounce MX", State: Failed}
	if s.PublicHost != "" {
		f.Advice = "Publish: " + s.BounceDomain + " MX 10 " + s.PublicHost
	}
	list, err := r.LookupMX(ctx, s.BounceDomain)
	if err != nil && !absent(err) {
		f.State, f.Found, f.Advice = Warning, "MX of "+s.BounceDomain+" cannot be looked up: "+err.Error(), "Try again later."
		return []Finding{f}
	}
	if len(list) == 0 {
		f.Found = s.BounceDomain + " has no MX record: returned mail does not come back to us"
		return []Finding{f}
	}
	f.State, f.Found, f.Advice = OK, "returned mail for "+s.BounceDomain+" goes to "+strings.TrimSuffix(list[0].Host, "."), ""
	return []Finding{f}
}

// Addresses is the public ones of a host, without doubles; nil when it has none.
func Addresses(ctx context.Context, r Resolver, host string) (list []netip.Addr) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	found, err := r.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil
	}
	for _, a := range found {
		if a = a.Unmap(); a.IsGlobalUnicast() && !a.IsPrivate() {
			list = append(list, a)
		}
	}
	return list
}
