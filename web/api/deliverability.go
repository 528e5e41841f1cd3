package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) deliverability() {
	register(a, operation{
		method: http.MethodGet, path: "/deliverability", id: "get-deliverability", tag: tagOperations,
		summary: "Will receivers believe our mail?",
		description: "SPF, DKIM, DMARC and MX in the public DNS, TLS of the configured servers, what Amazon SES says of the account, and the mails of all active campaigns as they would leave. " +
			"Takes up to five seconds; the answer is kept for a minute.",
		response: fibonacco.DeliverabilityReport{At: exampleTime, Domain: "example.com", Findings: []fibonacco.DeliverabilityFinding{{
			Name: "DKIM", State: "failed", Found: "s1._domainkey.example.com has no key: signatures cannot be checked",
			Advice: `Publish: s1._domainkey.example.com TXT "v=DKIM1; k=rsa; p=MIIB…"`,
		}}},
	}, a.getDeliverability)
}

func (a *API) getDeliverability(ctx context.Context, _ *none) (*body[fibonacco.DeliverabilityReport], error) {
	if a.o.Deliverability == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	if fibonacco.ScopeOf(ctx) != nil {
		return nil, fibonacco.Errorf(fibonacco.Forbidden, "sending is one for all communities, and you are limited to some")
	}
	r, err := a.o.Deliverability.Deliverability(ctx)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.DeliverabilityReport]{*r}, nil
}
