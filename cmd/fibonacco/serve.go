package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/config"
	"github.com/fibonacco/fibonacco/mail/bounce"
	"github.com/fibonacco/fibonacco/mail/receive"
	"github.com/fibonacco/fibonacco/web"
	"github.com/fibonacco/fibonacco/web/api"
	"github.com/fibonacco/fibonacco/web/public"
	"github.com/fibonacco/fibonacco/web/ui"
)

type serveCommand struct {
	Role   []string      `help:"What this node does: web, worker, scheduler." default:"web,worker,scheduler" enum:"web,worker,scheduler"`
	Listen string        `help:"Address to listen on; over the settings." placeholder:"HOST:PORT"`
	Drain  time.Duration `help:"How long running jobs may take to finish at the end." default:"25s"`
}

// Run serves until it is told to stop. When the settings in the database change, it finishes what it is
// doing and starts over with them: nothing keeps an old one.
func (c serveCommand) Run(e *env) error {
	base := e.settings
	if c.Listen != "" {
		var err error
		if base, err = base.WithFlag("http.listen", c.Listen, "--listen"); err != nil {
			return err
		}
	}
	if err := refuseToServe(base.Config); err != nil {
		return err
	}
	opened, err := new(net.ListenConfig).Listen(e.ctx, "tcp", base.Config.HTTP.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer func() { _ = opened.Close() }()
	ln := lastingListener{opened.(*net.TCPListener)} //nolint:forcetypeassert // of "tcp" it is one
	for lives := 0; ; lives++ {
		again, err := c.serve(e, base, ln, lives > 0)
		if err != nil || !again {
			return err
		}
		slog.Info("the settings have changed: starting over with them")
		if err := ln.reopen(); err != nil {
			return fmt.Errorf("listen again: %w", err)
		}
	}
}

// serve is one life of the server, until it is told to stop or the settings have changed. When it is not
// the first, what it needs has been there before: it waits until that is back.
func (c serveCommand) serve(e *env, base *config.Settings, ln lastingListener, patient bool) (again bool, err error) {
	w := wiring{
		works: slices.Contains(c.Role, "worker"), ticks: slices.Contains(c.Role, "scheduler"), migrate: true, serves: true, address: ln.Addr().String(),
	}
	var a *app
	begin := func() (err error) {
		if a, err = wire(e.ctx, base, w); err != nil {
			return err
		}
		if err := errors.Join(a.ensureLibrary(e), a.offerSetup(e)); err != nil {
			return errors.Join(err, a.close())
		}
		return nil
	}
	if patient {
		err = untilDone(e.ctx, retryFirst, begin)
	} else {
		err = begin()
	}
	if err != nil {
		return false, err
	}
	a.log.Info("fibonacco is up", "version", version, "listen", ln.Addr().String(), "roles", strings.Join(c.Role, ","),
		"database", a.db.Engine(), "mailer", a.cfg.Email.Mailer)
	site := healthOnly(a)
	if slices.Contains(c.Role, "web") {
		site = a.site(nil)
		a.analytics.CountOverview(e.ctx)
		a.campaign.CountFigures(e.ctx)
	}
	ctx, changed := a.untilChanged(e.ctx)
	err = a.runUntil(ctx, w, ln, site, c.Drain)
	if changed() {
		if err != nil { // what it could not finish, the next life takes up
			slog.Warn("the server ended with an error before it takes up the new settings", "error", err)
		}
		return true, nil
	}
	return false, err
}

// site is the whole web application. demo is who every visitor is, nil outside the demo.
func (a *app) site(demo *fibonacco.Principal) http.Handler {
	contracts := a.contracts()
	deps := ui.Deps{
		Contracts: contracts, Analytics: a.analytics, Clock: a.db.Clock(), Bulletin: a.cluster, Services: a.cfg.Services,
		LearningPage: public.LearningPreview(public.Deps{Company: a.cfg.Company, PublicURL: a.cfg.HTTP.PublicURL, Prints: a.learning, Log: a.log}),
		Demo:         demo, Company: a.cfg.Company, PublicURL: a.cfg.HTTP.PublicURL, Log: a.log,
		SecureCookies: strings.HasPrefix(a.cfg.HTTP.PublicURL, "https://"),
	}
	if demo == nil {
		deps.Setup = a.access
	}
	river, err := a.queue.RiverAPI(ui.RiverPrefix)
	if err != nil { // everything else works without
		a.log.Error("River's own pages are not shown", "error", err)
	}
	deps.RiverAPI = river
	if a.mailbox != nil { // a nil *Catcher in the interface would not be nil
		deps.Mailbox = a.mailbox
	}
	if a.clock != nil {
		deps.ClockControl = a.clock
	}
	return web.New(web.Options{
		Contracts: contracts, SESWebhook: a.sesWebhook(), RVMWebhook: a.rvmWebhook,
		Ready: a.parts, Limiter: a.cluster, Metrics: a.metrics(), Clock: a.db.Clock(), Log: a.log, Config: a.cfg, Version: version,
		Mounts: []func(*http.ServeMux){
			func(mux *http.ServeMux) {
				public.Mount(mux, public.Deps{
					Tracker: a.track, Unsubscriber: a.track, Resubscriber: a.track, Pages: a.learning, Prints: a.learning, Company: a.cfg.Company,
					Owners: a.approval, Approvals: a.approval, Limiter: a.cluster,
					Booking: a.booking, Reviews: a.reviews, Coupons: a.coupons,
					Chats: a.chats, Assistants: a.chats,
					Business: a.listing, Events: a.calendar, Clock: a.db.Clock(),
					PublicURL: a.cfg.HTTP.PublicURL, Log: a.log,
				})
			},
			func(mux *http.ServeMux) { ui.Mount(mux, deps) },
		},
	})
}

// contracts are what the pages and the interface speak to.
func (a *app) contracts() api.Contracts {
	return api.Contracts{
		Access: a.access, SMBs: a.smb, Directory: a.smb, Communities: a.smb, Records: a.smb, Segments: a.smb, Bulk: a.smb,
		Notes: a.smb, Suggestions: a.smb, Consents: a.consents, Privacy: a.privacy, Merges: a.merges, Importer: a.imports,
		Programme: a.campaign, Explainer: explainer{a}, Campaigns: a.campaign, Mailing: a.campaign, Sending: a.campaign,
		Editor: a.campaign, Previewer: a.campaign, Reporter: a.campaign, Libraries: libraries{a}, Holidays: a.campaign,
		Voicemail: a.voicemail, Tracking: a.track, Deliverability: &doctorOfMail{app: a},
		Settings: a.settings, MailTests: &mailTester{app: a},
		Learning: a.learning, Approvals: a.approval, Bookings: a.booking, Reviews: a.reviews, Coupons: a.coupons,
		Queues: a.queue, QueueControl: a.queue, Jobs: a.queue, Audit: audit.New(a.db), Idempotency: a.answers,
	}
}

// healthOnly serves probes on a node that has no web role.
func healthOnly(a *app) http.Handler {
	return web.New(web.Options{
		Contracts: api.Contracts{Queues: a.queue, Access: a.access},
		Ready:     a.parts, Metrics: a.metrics(), Log: a.log, Config: a.cfg, Limiter: a.cluster, Version: version,
	})
}

func (a *app) metrics() http.Handler {
	return web.NewMetrics(web.MetricsOptions{Queues: a.queue, Sends: a.campaign.CountSends, Ready: a.parts, Version: version})
}

// runUntil starts everything, serves until ctx ends, and stops in the order in which work flows:
// no new requests, jobs drained, mail on the wire finished and stored, then the rest.
func (a *app) runUntil(ctx context.Context, w wiring, ln net.Listener, handler http.Handler, drain time.Duration) error {
	a.track.Start()
	a.learning.Start()
	served := make(chan error, 2)
	stopReceiver, err := a.receive(ctx, served)
	if err != nil {
		a.track.Close()
		a.learning.Close()
		return errors.Join(err, ln.Close(), a.close())
	}
	schedule(a)
	a.campaign.Start(ctx)
	if w.works || w.ticks {
		if err := a.queue.Start(ctx); err != nil {
			return errors.Join(err, ln.Close(), a.close())
		}
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	base, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	server.BaseContext = func(net.Listener) context.Context { return base }
	go func() { served <- server.Serve(ln) }()

	var failed error
	select {
	case <-ctx.Done():
		a.log.Info("stopping: running work is finished first", "at most", drain)
	case failed = <-served:
	}
	endStreams() // live pages hang on for ever otherwise
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	errs := []error{failed, server.Shutdown(patience), stopReceiver(patience)}
	if w.works || w.ticks {
		errs = append(errs, a.queue.Stop(patience))
	}
	errs = append(errs, a.campaign.Stop())
	a.track.Close()
	a.learning.Close()
	if w.works || w.ticks {
		errs = append(errs, a.queue.Depart(context.WithoutCancel(ctx)))
	}
	return errors.Join(append(errs, a.close())...)
}

// receive starts the SMTP receiver where bounces come back to this product. ended gets its error.
func (a *app) receive(ctx context.Context, ended chan<- error) (stop func(context.Context) error, err error) {
	domain := a.cfg.Email.BounceDomain
	if domain == "" {
		return func(context.Context) error { return nil }, nil
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", a.cfg.Email.ReceiveListen)
	if err != nil {
		return nil, fmt.Errorf("listen for mail: %w", err)
	}
	signer, err := openSigner(a.cfg)
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	server := receive.New(domain, a.log, bounce.NewTaker(signer, a.track, a.log))
	go func() {
		if err := server.Serve(ln); err != nil {
			ended <- err
		}
	}()
	a.log.Info("bounces are taken", "domain", domain, "listen", ln.Addr().String())
	return server.Close, nil
}
