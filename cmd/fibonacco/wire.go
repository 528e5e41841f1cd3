package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/access"
	"github.com/fibonacco/fibonacco/analytics"
	"github.com/fibonacco/fibonacco/approval"
	"github.com/fibonacco/fibonacco/approval/booking"
	"github.com/fibonacco/fibonacco/approval/calendar"
	"github.com/fibonacco/fibonacco/approval/chat"
	"github.com/fibonacco/fibonacco/approval/coupons"
	"github.com/fibonacco/fibonacco/approval/listing"
	"github.com/fibonacco/fibonacco/approval/reviews"
	"github.com/fibonacco/fibonacco/campaign"
	"github.com/fibonacco/fibonacco/campaign/track"
	"github.com/fibonacco/fibonacco/campaign/voicemail"
	"github.com/fibonacco/fibonacco/cluster"
	"github.com/fibonacco/fibonacco/config"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/idempotency"
	"github.com/fibonacco/fibonacco/learning"
	"github.com/fibonacco/fibonacco/mail/catcher"
	"github.com/fibonacco/fibonacco/mail/ses"
	"github.com/fibonacco/fibonacco/mail/sns"
	"github.com/fibonacco/fibonacco/notice"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/settings"
	"github.com/fibonacco/fibonacco/smb"
	"github.com/fibonacco/fibonacco/smb/consent"
	"github.com/fibonacco/fibonacco/smb/imports"
	"github.com/fibonacco/fibonacco/smb/privacy"
	"github.com/fibonacco/fibonacco/smb/search"
	"github.com/fibonacco/fibonacco/web/static"
)

// app is the graph of everything, built once by wire.
type app struct {
	cfg   fibonacco.Config
	log   *slog.Logger
	db    *db.DB
	clock *db.VirtualClock // nil in real time
	queue *queue.Queue

	cluster   *cluster.Cluster
	mailer    fibonacco.Mailer // nil unless this process works
	mailbox   *catcher.Catcher // nil unless the mailer is the catcher
	access    *access.Service
	smb       *smb.Service
	imports   *imports.Service
	consents  *consent.Service
	privacy   *privacy.Service
	campaign  *campaign.Service
	track     *track.Service
	learning  *learning.Service
	analytics *analytics.Service
	answers   *idempotency.Service
	merges    merges
	settings  *settings.Service
	stored    map[string]string // settings of the database, as they are in force
	held      bool              // no mail leaves before the setup has asked for what it must show

	listing  *listing.Service
	calendar *calendar.Service

	notices     *notice.Service
	approval    *approval.Service
	booking     *booking.Service
	reviews     *reviews.Service
	coupons     *coupons.Service
	chats       *chat.Service
	voicemail   *voicemail.Service
	voicemailer fibonacco.Voicemailer // nil unless this process works, and a provider is set up
	rvmWebhook  fibonacco.Webhook     // nil unless a provider is set up

	closers []func() error
}

// wiring says which parts a process needs.
type wiring struct {
	works   bool // hands mails over and works on jobs
	ticks   bool // looks at the clock for periodic work
	migrate bool // brings the schema up first
	serves  bool // real businesses: refuses settings that must not

	address string // where the server listens, when settings do not say how it is reached
}

// wire builds the graph: database, queue, modules, adapters. close undoes it.
func wire(ctx context.Context, base *config.Settings, w wiring) (a *app, err error) {
	a = &app{cfg: base.Config, log: slog.Default()}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()

	if a.db, err = openDatabase(ctx, a.cfg); err != nil {
		return a, err
	}
	a.closers = append(a.closers, a.db.Close)
	if w.migrate {
		if _, err := a.db.Migrate(ctx); err != nil {
			return a, err
		}
	} else if err := a.checkSchema(ctx); err != nil {
		return a, err
	}
	if a.cluster, err = cluster.New(ctx, a.cfg.Redis.URL, a.log); err != nil {
		return a, err
	}
	a.closers = append(a.closers, a.cluster.Close)
	if err := a.takeSettings(ctx, base, w); err != nil {
		return a, err
	}
	cfg := a.cfg
	if cfg.Clock.Start != "" || cfg.Clock.Scale != 1 {
		var start time.Time
		if cfg.Clock.Start != "" {
			if start, err = time.Parse(time.RFC3339, cfg.Clock.Start); err != nil {
				return a, err // config has checked it
			}
		}
		if a.clock, err = a.db.UseVirtualClock(ctx, start, cfg.Clock.Scale); err != nil {
			return a, err
		}
	}

	signer, err := openSigner(cfg)
	if err != nil {
		return a, err
	}
	node := ""
	var supervisors []queue.Supervisor
	if w.works || w.ticks {
		if node, err = a.claimNode(); err != nil {
			return a, err
		}
	}
	if w.works {
		for _, s := range base.Supervisors {
			supervisors = append(supervisors, queue.Supervisor(s))
		}
	}
	if a.queue, err = queue.New(queue.Options{DB: a.db, Supervisors: supervisors, Node: node, NoTicks: !w.ticks, WaitAlerts: waitAlerts(base.Supervisors), Notify: a.cluster.Notify, Logger: a.log}); err != nil {
		return a, err
	}
	a.access = access.New(a.db, access.WithConfig(cfg), access.WithSigner(signer))
	if w.serves {
		if err := a.readyToServe(ctx); err != nil {
			return a, err
		}
	}
	if w.works {
		if err := a.openMailer(ctx); err != nil {
			return a, err
		}
		if a.held {
			a.mailer = heldMailer{a.mailer}
		}
	}

	a.smb = smb.New(a.db, a.queue, cfg)
	a.imports = imports.New(a.db, a.queue, cfg, imports.WithConsents(consent.Add), imports.WithSuppressions(consent.SuppressAll),
		imports.WithStored(consent.Resuppress), imports.WithIndex(search.Reindex))
	a.consents = consent.New(a.db, a.queue)
	a.privacy = privacy.New(a.db, a.queue)
	a.track = track.New(a.db, a.queue, signer, cfg)
	a.track.KeepConsents(consent.Add)
	a.track.KeepAddresses(track.Addresses{Held: consent.Held, Change: a.changeAddress})
	rules, err := trackingRules(cfg)
	if err != nil {
		return a, err
	}
	a.track.UseRules(rules)
	a.learning = learning.New(a.db, a.queue, signer, cfg, rules.Machine)
	a.learning.UsePictures(func(src string) []byte { return static.File(strings.TrimPrefix(src, cfg.HTTP.PublicURL)) })
	a.analytics = analytics.New(a.db, a.queue)
	a.answers = idempotency.New(a.db, signer, fibonacco.SystemClock{})
	a.campaign, err = campaign.New(campaign.Options{
		DB: a.db, Queue: a.queue, Config: cfg, Signer: signer, Mailer: a.mailer, Log: a.log,
		FilterSQL: smb.FilterSQL, Record: a.track.Record,
	})
	if err != nil {
		return a, err
	}
	a.notices = notice.New(a.noticeOptions())
	a.openAlerts()
	a.openApproval(signer)
	a.openBooking(signer)
	a.openReviews(signer)
	a.coupons = coupons.New(a.db, signer, cfg)
	a.listing = listing.New(a.db, a.cfg)
	a.calendar = calendar.New(a.db, a.cfg)
	a.openChat(signer)
	a.approval.Use(a.booking, a.reviews, a.coupons, a.listing, a.calendar, a.chats)
	if err := a.openVoicemail(signer, w.works); err != nil {
		return a, err
	}
	a.merges = newMerges(a)
	a.smb.Moves(a.campaign)
	a.smb.Register()
	a.imports.Register()
	flow(a)
	return a, nil
}

// noticeOptions let notices go out by the way of the programme's mails.
func (a *app) noticeOptions() notice.Options {
	o := notice.Options{DB: a.db, Queue: a.queue, Config: a.cfg, Log: a.log}
	if a.mailer != nil {
		o.Deliver, o.Ready = a.campaign.Deliver, a.mailer.Ready
	}
	return o
}

// close gives everything back, last first.
func (a *app) close() error {
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i]())
	}
	a.closers = nil
	return errors.Join(errs...)
}

// databaseURL is the database in force: SQLite in the data folder unless one is named.
func databaseURL(cfg fibonacco.Config) string {
	if cfg.Database.URL != "" {
		return cfg.Database.URL
	}
	return "sqlite://" + filepath.Join(cfg.DataDir, "fibonacco.db")
}

func openDatabase(ctx context.Context, cfg fibonacco.Config) (*db.DB, error) {
	return db.Open(ctx, databaseURL(cfg), fibonacco.SystemClock{}, cfg.Database.MaxConnections)
}

// checkSchema refuses a database that this binary's migrations have not been run on.
func (a *app) checkSchema(ctx context.Context) error {
	if a.db.Engine() == db.SQLite {
		// The file is this machine's own: bringing it up to date needs nobody's permission.
		_, err := a.db.Migrate(ctx)
		return err
	}
	all, err := a.db.Migrations(ctx)
	if err != nil {
		return err
	}
	for _, m := range all {
		if !m.Applied {
			return fibonacco.Errorf(fibonacco.Conflict, "the database lacks %s: run fibonacco migrate up", m.Name)
		}
	}
	return nil
}

// openSigner uses the secret key of the settings. An embedded database has one made at first
// use, in the data folder; nodes that share a database must be given the same.
func openSigner(cfg fibonacco.Config) (*fibonacco.Signer, error) {
	if cfg.SecretKey != "" {
		return fibonacco.NewSigner(cfg.SecretKey)
	}
	if !strings.HasPrefix(databaseURL(cfg), "sqlite://") {
		return nil, fibonacco.Errorf(fibonacco.Invalid, "FIBONACCO_SECRET_KEY is required with PostgreSQL, for example the output of: openssl rand -hex 32")
	}
	text, err := keptFile(filepath.Join(cfg.DataDir, "secret.key"), 32)
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	return fibonacco.NewSigner(text)
}

// claimNode takes the data folder for this process and returns the node's lasting name.
func (a *app) claimNode() (string, error) {
	if err := os.MkdirAll(a.cfg.DataDir, 0o750); err != nil {
		return "", fmt.Errorf("make the data folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(a.cfg.DataDir, "node.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", fmt.Errorf("open the data folder's lock: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return "", errors.Join(fibonacco.Errorf(fibonacco.Conflict,
			"another fibonacco works with the data folder %s: give this one its own FIBONACCO_DATA_DIR", a.cfg.DataDir), lock.Close())
	}
	a.closers = append(a.closers, lock.Close)
	return keptFile(filepath.Join(a.cfg.DataDir, "node.id"), 6)
}

// keptFile is the text of a file, or, where there is none yet, fresh random bytes in hex that
// are kept in it.
func keptFile(path string, size int) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	raw := make([]byte, size)
	_, _ = rand.Read(raw) // never fails
	fresh := hex.EncodeToString(raw)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return "", err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return keptFile(path, size) // another process was faster
	}
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(fresh + "\n")
	return fresh, errors.Join(err, f.Sync(), f.Close())
}

// sesWebhook takes what SES publishes; nil unless topics are configured.
func (a *app) sesWebhook() fibonacco.Webhook {
	if len(a.cfg.Email.SESTopics) == 0 {
		return nil
	}
	return ses.NewWebhook(sns.New(sns.Options{Topics: a.cfg.Email.SESTopics}), sns.Confirmer{}.Confirm, a.track, a.log)
}
