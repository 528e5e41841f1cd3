package main

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/deliverability"
	"github.com/fibonacco/fibonacco/mail/dkim"
)

// deliverabilitySetup is how the settings say that mail is sent. senders is what no setting says: the
// addresses that hand mails to receivers.
func deliverabilitySetup(cfg fibonacco.Config, senders []string) (deliverability.Setup, error) {
	s := deliverability.Setup{
		FromDomain:   cfg.Email.FromEmail[strings.LastIndexByte(cfg.Email.FromEmail, '@')+1:],
		BounceDomain: cfg.Email.BounceDomain,
	}
	if u, err := url.Parse(cfg.HTTP.PublicURL); err == nil {
		s.PublicHost = u.Hostname()
	}
	if cfg.Email.Mailer == "ses" {
		s.BounceDomain, s.Include = "", "amazonses.com" // SES keeps the return path to itself
	}
	for _, text := range senders {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return s, fibonacco.Errorf(fibonacco.Invalid, "%q is not an IP address", text)
		}
		s.Senders = append(s.Senders, a.Unmap())
	}
	if cfg.Email.DKIMKeyFile == "" || cfg.Email.Mailer == "ses" {
		return s, nil
	}
	pem, err := os.ReadFile(cfg.Email.DKIMKeyFile)
	if err != nil {
		return s, fmt.Errorf("DKIM key: %w", err)
	}
	record, bits, err := dkim.Key{Domain: cfg.Email.DKIMDomain, Selector: cfg.Email.DKIMSelector, PEM: pem}.Record()
	s.Keys = append(s.Keys, deliverability.Key{Domain: cfg.Email.DKIMDomain, Selector: cfg.Email.DKIMSelector, Record: record, Bits: bits})
	return s, err
}

// deliverabilityFindings is what receivers see of the sending domain.
func deliverabilityFindings(ctx context.Context, cfg fibonacco.Config, senders []string) ([]deliverability.Finding, error) {
	s, err := deliverabilitySetup(cfg, senders)
	if err != nil {
		return nil, err
	}
	return deliverability.Check(ctx, nil, s), nil
}

// runDeliverability looks at nothing else, and fails when something has to be done.
func (c doctorCommand) runDeliverability(e *env) error {
	findings, err := deliverabilityFindings(e.ctx, e.settings.Config, c.SenderIP)
	if err != nil {
		return err
	}
	if c.JSON {
		err = e.printJSON(findings)
	}
	failed := 0
	for _, f := range findings {
		if f.State == deliverability.Failed {
			failed++
		}
		if c.JSON {
			continue
		}
		e.say("%-8s %-10s %s", f.State, f.Name, f.Found)
		if f.Advice != "" {
			e.say("%-8s %-10s %s", "", "", f.Advice)
		}
	}
	if err == nil && failed > 0 {
		err = fibonacco.Errorf(fibonacco.Unavailable, "%d things keep receivers from believing your mail", failed)
	}
	return err
}
