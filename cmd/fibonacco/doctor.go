package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/config"
	"github.com/fibonacco/fibonacco/mail/deliverability"
	"github.com/fibonacco/fibonacco/smb/search"
)

type doctorCommand struct {
	JSON           bool     `help:"Print JSON."`
	Deliverability bool     `help:"Look only at what receiving servers see of your domain: SPF, DKIM, DMARC, MX, PTR, TLS, your account, your mails."`
	SenderIP       []string `name:"sender-ip" placeholder:"IP" help:"With --deliverability: an address that your mails leave from; is it allowed, and has it a name?"`
}

// finding is one line of the doctor's.
type finding struct {
	Name   string `json:"name"`
	State  string `json:"state"` // ok, warning, failed
	Detail string `json:"detail"`
}

// Run fails only for what keeps the product from working; what merely weakens it is a warning.
func (c doctorCommand) Run(e *env) error {
	if c.Deliverability {
		return c.runDeliverability(e)
	}
	ctx, cancel := context.WithTimeout(e.ctx, 30*time.Second)
	defer cancel()
	findings := e.examine(ctx)
	failed := 0
	for _, f := range findings {
		if f.State == "failed" {
			failed++
		}
	}
	if c.JSON {
		if err := e.printJSON(findings); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			e.say("%-8s %-14s %s", f.State, f.Name, f.Detail)
		}
	}
	if failed > 0 {
		return fibonacco.Errorf(fibonacco.Unavailable, "%d things keep this from working", failed)
	}
	return nil
}

func (e *env) examine(ctx context.Context) []finding {
	var out []finding
	add := func(name, state, format string, args ...any) {
		out = append(out, finding{name, state, fmt.Sprintf(format, args...)})
	}
	cfg := e.settings.Config
	warnings, err := config.ReadyToServe(cfg)
	if err != nil {
		var known *fibonacco.Error
		if errors.As(err, &known) && len(known.Fields) > 0 {
			for _, f := range known.Fields {
				add("settings", "warning", "serve would not start: %s %s", f.Field, f.Reason)
			}
		} else {
			add("settings", "warning", "serve would not start: %v", err)
		}
	}
	for _, w := range warnings {
		add("settings", "warning", "%s", w)
	}
	if len(out) == 0 {
		add("settings", "ok", "complete")
	}
	if path, err := writable(cfg.DataDir); err != nil {
		add("data folder", "failed", "%v", err)
	} else {
		add("data folder", "ok", "%s", path)
	}

	a, err := wire(ctx, e.settings, wiring{})
	if err != nil {
		add("database", "failed", "%v", err)
		return out
	}
	defer func() { _ = a.close() }()
	if cfg.Email.Mailer != "catcher" {
		if err := a.openMailer(e.ctx); err != nil {
			add("mailer", "failed", "%v", err)
		} else if err := a.mailer.Check(ctx); err != nil {
			add("mailer", "warning", "%v", err)
		} else {
			add("mailer", "ok", "%s takes mail", a.mailer.Name())
		}
		a.mailer = nil
		seen, err := a.deliverabilityFindings(ctx, nil)
		if err != nil {
			add("deliverability", "warning", "%v", err)
		}
		for _, f := range seen {
			state := f.State
			if state == deliverability.Failed { // mail leaves all the same
				state = "warning"
			}
			add(f.Name, state, "%s. %s", f.Found, f.Advice)
		}
	} else {
		add("mailer", "ok", "catcher: mail is kept at /mailbox, nothing leaves")
	}
	out = append(out, a.voicemailFinding(ctx), a.searchFinding(ctx))
	for _, p := range a.parts(ctx) {
		state := "ok"
		switch {
		case !p.OK && p.Fatal:
			state = "failed"
		case !p.OK:
			state = "warning"
		}
		add(p.Name, state, "%s (%s)", p.Detail, p.Latency.Round(time.Microsecond))
	}
	campaigns, err := a.campaign.ListCampaigns(ctx, "", 0)
	switch {
	case err != nil:
		add("library", "failed", "%v", err)
	case len(campaigns) == 0:
		add("library", "warning", "no campaigns yet: fibonacco campaigns import")
	default:
		add("library", "ok", "%d campaigns", len(campaigns))
	}
	return out
}

// searchFinding tells whether a search reads an index or every business.
func (a *app) searchFinding(ctx context.Context) finding {
	has, err := search.HasIndex(ctx, a.db)
	switch {
	case err != nil:
		return finding{"search", "failed", err.Error()}
	case !has:
		return finding{"search", "warning", "reads every business: let a superuser run CREATE EXTENSION pg_trgm in this database; the index follows by itself at night"}
	}
	return finding{"search", "ok", "by its index"}
}

func writable(dir string) (string, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(path, 0o750); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(path, ".doctor-")
	if err != nil {
		return "", err
	}
	return path, errors.Join(f.Close(), os.Remove(f.Name()))
}
