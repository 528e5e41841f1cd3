package deliverability

import (
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// Records are what the DNS has to say for this way of sending, each with the state of the check that
// looks for it.
func Records(s Setup, findings []Finding) []fibonacco.DNSRecord {
	domain := s.FromDomain
	if s.BounceDomain != "" {
		domain = s.BounceDomain
	}
	all := []fibonacco.DNSRecord{{
		Purpose: "SPF", Name: domain, Type: "TXT", Value: spfRecord(s), State: stateOf(findings, "SPF", domain), Note: spfNote(s),
	}}
	for _, k := range s.Keys {
		host := k.Selector + "._domainkey." + k.Domain
		all = append(all, fibonacco.DNSRecord{
			Purpose: "DKIM", Name: host, Type: "TXT", Value: k.Record, State: stateOf(findings, "DKIM", host),
			Note: "Many DNS providers part long texts by themselves; paste it in one piece.",
		})
	}
	all = append(all, fibonacco.DNSRecord{
		Purpose: "DMARC", Name: "_dmarc." + s.FromDomain, Type: "TXT", Value: dmarcRecord(s.FromDomain), State: stateOf(findings, "DMARC", ""),
		Note: "Reports go to the address in it, which must exist. With p=none nothing is refused: change it to quarantine once the reports show only your own mail.",
	})
	if s.BounceDomain != "" && s.PublicHost != "" {
		all = append(all, fibonacco.DNSRecord{
			Purpose: "MX", Name: s.BounceDomain, Type: "MX", Value: "10 " + s.PublicHost, State: stateOf(findings, "bounce MX", ""),
			Note: "Returned mail comes back this way. The server must be reachable there on port 25.",
		})
	}
	return all
}

func dmarcRecord(domain string) string {
	return fmt.Sprintf("v=DMARC1; p=none; rua=mailto:dmarc@%s", domain)
}

func spfNote(s Setup) string {
	note := "A domain has one SPF record: where there is one, add to it what stands before its “all”."
	if s.Include == "" && len(s.Senders) == 0 {
		note += " Your mail provider names what to add for its servers, such as include:spf.example.net."
	}
	return note
}

// stateOf is the state of the first finding of a name that is about a host; "" is about any.
func stateOf(findings []Finding, name, host string) string {
	for _, f := range findings {
		if f.Name == name && (host == "" || strings.Contains(f.Found+f.Advice, host)) {
			return f.State
		}
	}
	return Failed
}
