package deliverability

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// ParseTags reads "v=DMARC1; p=none" as DMARC and DKIM have it: names in lower case. The error names
// the part that is no tag, or comes twice.
func ParseTags(record string) (map[string]string, error) {
	tags := map[string]string{}
	for part := range strings.SplitSeq(record, ";") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if !ok || name == "" {
			return nil, fmt.Errorf("%q is no tag", part)
		}
		if _, twice := tags[name]; twice {
			return nil, fmt.Errorf("the tag %q comes twice", name)
		}
		tags[name] = strings.TrimSpace(value)
	}
	return tags, nil
}

// ParseDMARC reads a DMARC record and returns its tags; p is one of none, quarantine, reject.
func ParseDMARC(record string) (map[string]string, error) {
	first, _, _ := strings.Cut(record, ";")
	if name, value, _ := strings.Cut(first, "="); strings.TrimSpace(name) != "v" || strings.TrimSpace(value) != "DMARC1" {
		return nil, fmt.Errorf("it does not begin with v=DMARC1")
	}
	tags, err := ParseTags(record)
	if err != nil {
		return nil, err
	}
	tags["p"] = strings.ToLower(tags["p"])
	if !slices.Contains([]string{"none", "quarantine", "reject"}, tags["p"]) {
		return nil, fmt.Errorf("its policy p is %q, and not none, quarantine or reject", tags["p"])
	}
	return tags, nil
}

// organisation is the domain that somebody has registered.
func organisation(domain string) string {
	if d, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(domain)); err == nil {
		return d
	}
	return strings.ToLower(domain)
}

// aligned reports whether one domain counts as the other under DMARC: the same, or, unless strict, of
// the same organisation.
func aligned(a, b string, strict bool) bool {
	if strict {
		return strings.EqualFold(a, b)
	}
	return organisation(a) == organisation(b)
}

func checkDMARC(ctx context.Context, r Resolver, s Setup) []Finding {
	f := Finding{Name: "DMARC", State: Warning}
	publish := `Publish: _dmarc.` + s.FromDomain + ` TXT "` + dmarcRecord(s.FromDomain) + `"`
	var record string
	for _, domain := range slices.Compact([]string{s.FromDomain, organisation(s.FromDomain)}) {
		texts, err := r.LookupTXT(ctx, "_dmarc."+domain)
		if err != nil && !absent(err) {
			f.Found, f.Advice = "_dmarc."+domain+" cannot be looked up: "+err.Error(), "Try again later."
			return []Finding{f}
		}
		for _, text := range texts {
			if record == "" && strings.HasPrefix(text, "v=DMARC1") {
				record, f.Found = text, "_dmarc."+domain+": "+text
			}
		}
		if record != "" {
			break
		}
	}
	if record == "" {
		f.State, f.Found, f.Advice = Failed, "_dmarc."+s.FromDomain+" has no DMARC record; Gmail and Yahoo want one from bulk senders", publish
		return []Finding{f}
	}
	tags, err := ParseDMARC(record)
	if err != nil {
		f.State, f.Found, f.Advice = Failed, f.Found+": "+err.Error(), publish
		return []Finding{f}
	}
	by := ""
	for _, k := range s.Keys {
		if aligned(k.Domain, s.FromDomain, tags["adkim"] == "s") {
			by = "the DKIM signature of " + k.Domain
		}
	}
	if by == "" && s.BounceDomain != "" && aligned(s.BounceDomain, s.FromDomain, tags["aspf"] == "s") {
		by = "SPF of the return path at " + s.BounceDomain
	}
	if by == "" && s.BounceDomain == "" && s.Include == "" {
		by = "SPF of the return path at " + s.FromDomain
	}
	if by == "" {
		f.Found += "; nothing of what is configured here is aligned with it"
		f.Advice = "Sign with a DKIM key of " + s.FromDomain + ". With Amazon SES, turn on Easy DKIM for this domain; its keys are not seen from here."
		return []Finding{f}
	}
	f.State = OK
	f.Found += "; aligned by " + by
	return []Finding{f}
}
