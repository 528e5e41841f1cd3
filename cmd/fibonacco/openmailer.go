package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/catcher"
	"github.com/fibonacco/fibonacco/mail/dkim"
	"github.com/fibonacco/fibonacco/mail/domains"
	"github.com/fibonacco/fibonacco/mail/ses"
	"github.com/fibonacco/fibonacco/mail/smtp"
)

// openMailer makes the mailer that the settings name.
func (a *app) openMailer(ctx context.Context) error {
	switch a.cfg.Email.Mailer {
	case "catcher":
		c, err := catcher.Open(filepath.Join(a.cfg.DataDir, "mailbox"), a.db.Clock())
		if err != nil {
			return fmt.Errorf("open the mail catcher: %w", err)
		}
		a.closers = append(a.closers, c.Close)
		a.mailer, a.mailbox = c, c
		return nil
	case "smtp":
		opts := smtp.Options{
			URL: a.cfg.Email.SMTPURL, Limiter: a.cluster, LimitKey: "smtp", PerSecond: a.cfg.Email.MaxPerSecond, Logger: a.log,
			PerDomain: true,
		}
		if a.cfg.Email.DKIMKeyFile != "" {
			pem, err := os.ReadFile(a.cfg.Email.DKIMKeyFile)
			if err != nil {
				return fmt.Errorf("DKIM key: %w", err)
			}
			if opts.Signer, err = dkim.New(dkim.Key{Domain: a.cfg.Email.DKIMDomain, Selector: a.cfg.Email.DKIMSelector, PEM: pem}); err != nil {
				return fmt.Errorf("DKIM key: %w", err)
			}
		}
		m, err := smtp.New(opts)
		if err != nil {
			return err
		}
		return a.keepDomains(m)
	case "ses":
		m, err := ses.New(ctx, a.sesOptions())
		if err != nil {
			return err
		}
		return a.keepDomains(m)
	default:
		return fibonacco.Errorf(fibonacco.Invalid, "MAIL_MAILER=%s is not a mailer: there is catcher, smtp and ses", a.cfg.Email.Mailer)
	}
}

func (a *app) sesOptions() ses.Options {
	return ses.Options{
		Region: a.cfg.Email.SESRegion, Endpoint: a.cfg.Email.SESEndpoint, ConfigurationSet: a.cfg.Email.SESConfigurationSet,
		Simple: a.cfg.Email.SESSimple, Limiter: a.cluster, PerSecond: a.cfg.Email.MaxPerSecond, Logger: a.log,
	}
}

// keepDomains keeps a mailer to what the recipients' domains take.
func (a *app) keepDomains(m fibonacco.Mailer) error {
	limits, err := fibonacco.ParseDomainLimits(a.cfg.Email.Domains)
	if err != nil {
		return err
	}
	a.mailer = domains.New(m, domains.Options{Limits: limits, Limiter: a.cluster, Logger: a.log})
	return nil
}
