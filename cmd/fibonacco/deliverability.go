package main

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/deliverability"
	"github.com/fibonacco/fibonacco/mail/dkim"
	"github.com/fibonacco/fibonacco/mail/ses"
	"github.com/fibonacco/fibonacco/mail/smtp"
)

// configuredSending is how the settings say that mail is sent. senders is what no setting says: the
// addresses that hand mails to receivers.
func configuredSending(cfg fibonacco.Config, senders []string) (deliverability.Setup, error) {
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
	if cfg.Email.Mailer == "smtp" {
		servers, err := smtp.Servers(cfg.Email.SMTPURL)
		if err != nil {
			return s, err
		}
		for _, one := range servers {
			s.Servers = append(s.Servers, deliverability.Server(one))
		}
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

// deliverabilitySetup is all that receivers get to see: the sending domain, the way there, the account,
// and the mails of all active campaigns.
func (a *app) deliverabilitySetup(ctx context.Context, senders []string) (deliverability.Setup, error) {
	s, err := configuredSending(a.cfg, senders)
	if err != nil {
		return s, err
	}
	if a.cfg.Email.Mailer == "ses" {
		s.Account = a.sesAccount(ctx, s.FromDomain)
	}
	samples, err := a.campaign.SampleMails(ctx)
	for _, one := range samples {
		s.Mails = append(s.Mails, deliverability.Mail{Name: one.CampaignID, Message: one.Message})
	}
	return s, err
}

// deliverabilityFindings looks at it as they do.
func (a *app) deliverabilityFindings(ctx context.Context, senders []string) ([]deliverability.Finding, error) {
	findings, _, err := a.deliverabilityLook(ctx, senders)
	return findings, err
}

// deliverabilityLook is the findings with the records that receivers look for.
func (a *app) deliverabilityLook(ctx context.Context, senders []string) ([]deliverability.Finding, []fibonacco.DNSRecord, error) {
	s, err := a.deliverabilitySetup(ctx, senders)
	if err != nil {
		return nil, nil, err
	}
	findings := deliverability.Check(ctx, nil, s)
	return findings, deliverability.Records(s, findings), nil
}

// sesAccount asks Amazon SES about the account and the sending domain.
func (a *app) sesAccount(ctx context.Context, domain string) *deliverability.Account {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	out := &deliverability.Account{Provider: "Amazon SES"}
	m, err := ses.New(ctx, a.sesOptions())
	if err != nil {
		out.Trouble = err.Error()
		return out
	}
	q, i, err := m.Account(ctx, domain)
	if err != nil {
		out.Trouble = err.Error()
		return out
	}
	out.Enabled, out.Production, out.Health = q.Enabled, q.Production, q.Health
	out.PerDay, out.SentInDay, out.PerSecond = q.PerDay, q.SentInDay, q.PerSecond
	out.Identity = &deliverability.Identity{
		Domain: domain, Known: i.Known, Verified: i.Verified, Signs: i.Signs, DKIM: i.DKIM, KeyBits: i.KeyBits, MailFrom: i.MailFrom,
	}
	return out
}

// runDeliverability looks at nothing else, and fails when something has to be done.
func (c doctorCommand) runDeliverability(e *env) error {
	a, err := wire(e.ctx, e.settings, wiring{})
	if err != nil {
		return err
	}
	defer func() { _ = a.close() }()
	findings, err := a.deliverabilityFindings(e.ctx, c.SenderIP)
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
		e.say("%-8s %-11s %s", f.State, f.Name, f.Found)
		if f.Advice != "" {
			e.say("%-8s %-11s %s", "", "", f.Advice)
		}
	}
	if err == nil && failed > 0 {
		err = fibonacco.Errorf(fibonacco.Unavailable, "%d things keep receivers from believing your mail", failed)
	}
	return err
}

// doctorOfMail answers for the interface. A look takes seconds and asks strangers, so that it is kept
// for a minute, and those who ask at once share one.
type doctorOfMail struct {
	app  *app
	mu   sync.Mutex
	last *fibonacco.DeliverabilityReport
	at   time.Time
}

const lookKept = time.Minute

// Deliverability implements fibonacco.DeliverabilityDoctor.
func (d *doctorOfMail) Deliverability(ctx context.Context) (*fibonacco.DeliverabilityReport, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last != nil && fibonacco.RealTime().Sub(d.at) < lookKept {
		return d.last, nil
	}
	findings, records, err := d.app.deliverabilityLook(ctx, nil)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err // what was cut short is not kept
	}
	d.at = fibonacco.RealTime()
	from := d.app.cfg.Email.FromEmail
	d.last = &fibonacco.DeliverabilityReport{At: d.at.UTC(), Domain: from[strings.LastIndexByte(from, '@')+1:], Findings: findings, Records: records}
	return d.last, nil
}
