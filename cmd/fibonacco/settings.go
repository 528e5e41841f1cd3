package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/config"
	"github.com/fibonacco/fibonacco/settings"
)

// takeSettings lays what the database holds over the defaults, and what the process itself was told
// over everything.
func (a *app) takeSettings(ctx context.Context, base *config.Settings, w wiring) (err error) {
	if a.stored, err = settings.Stored(ctx, a.db); err != nil {
		return err
	}
	s, err := base.WithStored(a.stored)
	if err != nil {
		return fmt.Errorf("settings of the database: %w", err)
	}
	if s.Config.HTTP.PublicURL == "" && w.address != "" {
		s.Config.HTTP.PublicURL = config.PublicURL(w.address)
	}
	a.cfg = s.Config
	a.settings = settings.New(settings.Options{DB: a.db, Bulletin: a.cluster, Describe: func(stored map[string]string) (*fibonacco.SettingList, error) {
		s, err := base.WithStored(stored)
		if err != nil {
			return nil, err
		}
		if s.Config.HTTP.PublicURL == "" {
			s.Config.HTTP.PublicURL = a.cfg.HTTP.PublicURL
		}
		return s.Describe()
	}})
	return nil
}

// addressMissing is the one thing that may be missing when a server starts: the setup asks for it.
func addressMissing(err error) bool {
	var known *fibonacco.Error
	return errors.As(err, &known) && len(known.Fields) == 1 && known.Fields[0].Field == "company.postal_address"
}

// refuseToServe is for what no setting of the database can mend, before anything is opened.
func refuseToServe(cfg fibonacco.Config) error {
	if _, err := config.ReadyToServe(cfg); !addressMissing(err) {
		return err
	}
	return nil
}

// readyToServe refuses settings that must not serve. One thing may be missing while a new installation
// is set up, because it is asked for there: no mail leaves until then.
func (a *app) readyToServe(ctx context.Context) error {
	warnings, err := config.ReadyToServe(a.cfg)
	for _, warning := range warnings {
		a.log.Warn(warning)
	}
	if !addressMissing(err) {
		return err
	}
	state, serr := a.access.SetupState(ctx)
	if serr != nil {
		return serr
	}
	if state.Done {
		return err
	}
	a.held = true
	a.log.Warn("no mail leaves yet: every mail must show the company's postal address, which the setup asks for")
	return nil
}

// heldMailer takes no mail. What is due waits.
type heldMailer struct{ fibonacco.Mailer }

func (heldMailer) Ready() error {
	return fibonacco.Errorf(fibonacco.Unavailable, "no mail leaves before the company's postal address is set (CAN-SPAM)")
}

func (m heldMailer) Check(context.Context) error { return m.Ready() }

func (heldMailer) Run(ctx context.Context, _ <-chan *fibonacco.Mail, _ fibonacco.FlightLog, _ func(*fibonacco.Mail, fibonacco.Handover)) {
	<-ctx.Done()
}
