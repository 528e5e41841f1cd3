package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/config"
	"github.com/fibonacco/fibonacco/library/sample"
)

type demoCommand struct {
	Dir    string        `help:"Folder to keep the demo in; it goes on there next time. A temporary one when left out." placeholder:"DIR"`
	Fresh  bool          `help:"Start over in that folder."`
	Listen string        `help:"Address to listen on; a free port when it is taken." default:"127.0.0.1:8080"`
	Day    time.Duration `help:"How long a day of the programme takes." default:"8s"`
	From   string        `help:"Date on which the demo's time begins, at half past eight; this week's Monday when left out." placeholder:"YYYY-MM-DD"`
	Quiet  bool          `help:"No recipients that open, click and unsubscribe."`
}

// demoVisitor is who every visitor of the demo is: there is nothing that they may not see and try.
var demoVisitor = &fibonacco.Principal{Name: "Demo", Role: fibonacco.Admin}

func (c demoCommand) Run(e *env) (err error) {
	if c.Day < 500*time.Millisecond {
		return fibonacco.Errorf(fibonacco.Invalid, "--day must be at least 500ms")
	}
	dir, cleanup, err := c.folder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cleanup()) }()
	ln, err := listenNear(e.ctx, c.Listen)
	if err != nil {
		return err
	}
	start, err := demoStart(c.From, fibonacco.SystemClock{}.Now())
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	settings, err := demoSettings(dir, ln.Addr().String(), start, c.Day)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	demo := &env{ctx: e.ctx, settings: settings, out: e.out, err: e.err}
	if err := demo.holdClock(); err != nil {
		return errors.Join(err, ln.Close())
	}
	w := wiring{works: true, ticks: true, migrate: true}
	a, err := wire(e.ctx, settings, w)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	again, err := a.fillDemo(demo)
	if err != nil {
		return errors.Join(err, ln.Close(), a.close())
	}

	url := settings.Config.HTTP.PublicURL
	e.say("")
	e.say("  Fibonacco %s: some 400 real Brooklyn businesses, their 90-day programme, %s a day.", version, c.Day)
	if again {
		e.say("  It goes on where it was.")
	}
	e.say("")
	e.say("  Watch it run       %s/overview", url)
	e.say("  Read the mails     %s/mailbox", url)
	e.say("  The businesses     %s/businesses", url)
	e.say("  The API            %s/api/openapi.json", url)
	e.say("")
	e.say("  No mail and no voicemail leaves this computer. Everything is in %s", dir)
	e.say("  Ctrl-C stops it.")
	e.say("")

	background, stop := context.WithCancel(e.ctx)
	defer stop()
	if !c.Quiet {
		crowd := newCrowd(url, a.mailbox, a.clock, a.log)
		a.mailbox.OnCaught = crowd.caught
		go crowd.run(background)
	}
	go a.mindDemoClock(background, demo)
	return a.runUntil(e.ctx, w, ln, a.site(demoVisitor), 10*time.Second)
}

// folder is where the demo lives, and what to do with it in the end.
func (c demoCommand) folder() (dir string, cleanup func() error, err error) {
	if c.Dir == "" {
		dir, err = os.MkdirTemp("", "fibonacco-demo-")
		return dir, func() error { return os.RemoveAll(dir) }, err
	}
	if dir, err = filepath.Abs(c.Dir); err != nil {
		return "", nil, err
	}
	if c.Fresh {
		for _, name := range []string{"fibonacco.db", "fibonacco.db-wal", "fibonacco.db-shm", "mailbox", "flight"} {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				return "", nil, err
			}
		}
	}
	return dir, func() error { return nil }, os.MkdirAll(dir, 0o750)
}

func listenNear(ctx context.Context, address string) (net.Listener, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err == nil {
		return ln, nil
	}
	host, _, serr := net.SplitHostPort(address)
	if serr != nil {
		return nil, fibonacco.Errorf(fibonacco.Invalid, "--listen %q must be HOST:PORT", address)
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
}

// demoSettings takes nothing from the environment or from files: whatever is set on this
// machine, the demo never talks to a real provider or database.
func demoSettings(dir, listen, start string, day time.Duration) (*config.Settings, error) {
	return config.Read(config.Options{
		Environ: []string{},
		Dir:     dir,
		Set: []string{
			"data_dir=" + dir, "database.url=", "redis.url=", "email.mailer=catcher", "email.smtp_url=",
			"http.listen=" + listen, "http.public_url=" + config.PublicURL(listen),
			"company.name=Red Hook Local", "company.postal_address=200 Example Street, Brooklyn, NY 11231",
			"email.from_email=sarah@redhook-local.example", "email.reply_to=reply@redhook-local.example",
			"rvm.provider=simulator", "rvm.callback_number=+17185550100", "rvm.opt_out_number=+18005550100", "log_level=warn",
			"clock.start=" + start, fmt.Sprintf("clock.scale=%g", (24*time.Hour).Seconds()/day.Seconds()),
		},
	})
}

// demoStart is half past eight in New York on the day that is asked for, or on this week's Monday: the
// first wave goes soon.
func demoStart(day string, now time.Time) (string, error) {
	zone, err := fibonacco.LoadZone(fibonacco.DefaultTimezone)
	if err != nil {
		zone = time.UTC
	}
	local := now.In(zone)
	local = local.AddDate(0, 0, -(int(local.Weekday())+6)%7)
	if day != "" {
		if local, err = time.ParseInLocation(time.DateOnly, day, zone); err != nil {
			return "", fibonacco.Errorf(fibonacco.Invalid, "--from must be a date like 2026-03-02")
		}
	}
	return time.Date(local.Year(), local.Month(), local.Day(), 8, 30, 0, 0, zone).Format(time.RFC3339), nil
}

// holdClock lets a demo that was stopped go on from its own time.
func (e *env) holdClock() error {
	d, err := openDatabase(e.ctx, e.settings.Config)
	if err != nil {
		return err
	}
	if _, err = d.Migrate(e.ctx); err == nil {
		err = d.HoldClock(e.ctx)
	}
	return errors.Join(err, d.Close())
}

// fillDemo brings in the library and the sample businesses and starts their programme, unless
// that was done before.
func (a *app) fillDemo(e *env) (again bool, err error) {
	if err := a.ensureLibrary(e); err != nil {
		return false, err
	}
	const slug = "red-hook"
	town, err := a.smb.FindCommunityBySlug(e.ctx, slug)
	switch fibonacco.CodeOf(err) {
	case fibonacco.NotFound:
		town, err = a.smb.CreateCommunity(e.ctx, fibonacco.Community{Name: "Red Hook", Slug: slug, State: "NY", County: "Kings", Timezone: fibonacco.DefaultTimezone})
	case "":
		again = true
	}
	if err != nil {
		return again, err
	}
	// All of it is done again after a demo that was stopped in the middle; what is there stays.
	if _, err := a.imports.Run(e.ctx, fibonacco.ImportRequest{CommunityID: town.ID, Filename: "brooklyn.csv", Source: "demo"},
		bytes.NewReader(sample.CSV), int64(len(sample.CSV)), nil); err != nil {
		return again, fmt.Errorf("import the sample businesses: %w", err)
	}
	if err := a.agreeDemo(e.ctx, town.ID); err != nil {
		return again, err
	}
	_, err = a.campaign.StartProgramme(e.ctx, fibonacco.SMBFilter{
		CommunityIDs: []int64{town.ID}, CampaignStatuses: []fibonacco.CampaignStatus{fibonacco.StatusPending},
	})
	return again, err
}

// mindDemoClock remembers the time every few seconds, and stops the clock two days after the
// last campaign of the library: nothing would happen any more, and 90 days pass quickly.
func (a *app) mindDemoClock(ctx context.Context, e *env) {
	last := 0
	campaigns, err := a.campaign.ListCampaigns(ctx, "", 0)
	if err != nil {
		return
	}
	for _, c := range campaigns {
		last = max(last, c.Day)
	}
	over := false
	for (fibonacco.SystemClock{}).Sleep(ctx, time.Second) == nil {
		if err := a.clock.Remember(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("the demo's clock is not remembered", "error", err)
		}
		o, err := a.analytics.Overview(ctx)
		if err != nil || over || o.ProgrammeDay < last+2 {
			continue
		}
		over = true
		if err := a.clock.SetScale(ctx, 0); err == nil {
			e.say("  Day %d: the shipped campaigns end on day %d, so the clock is paused. The pages stay; --fresh starts over.", o.ProgrammeDay, last)
		}
	}
}
