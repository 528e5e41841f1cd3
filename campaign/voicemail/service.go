// Package voicemail follows mails that nobody opened with ringless voicemails, inside the law
// (M2-12 to M2-18).
//
// Follow one voicemail: consider.go finds the unopened mail (trigger.go takes one that somebody names),
// business.go and rules.go decide whether its business may get one, script.go writes what it says,
// plan.go queues it and quota.go counts it, in one transaction. release.go finds what is due, claim.go
// looks at everything once more, handover.go gives it to the provider, and outcome.go takes what the
// provider says of it later. optout.go is the way out; answer.go is what a caller hears at the numbers
// that a voicemail names. drops.go lists them, and check.go explains all of it.
//
// The rules of states and days are in package law, as data. What a voicemail says belongs to the
// campaign; the mail that follows a delivered one is sent by package campaign.
package voicemail

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/voicemail/law"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// Options make a Service.
type Options struct {
	DB          *db.DB
	Queue       *queue.Queue
	Config      fibonacco.Config
	Signer      *fibonacco.Signer
	Voicemailer fibonacco.Voicemailer // nil in processes that hand nothing over
	Log         *slog.Logger          // nil means slog.Default()

	// Consent says which SMBs have written consent to voicemails on record: their last word on the
	// channel. nil: none has.
	Consent func(ctx context.Context, tx *db.Tx, smbIDs []int64) (map[int64]bool, error)
	// Blocked says which numbers are on a do-not-call list. nil: none is.
	Blocked func(ctx context.Context, tx *db.Tx, phones []string) (map[string]bool, error)
	// Withdraw stores that SMBs want no more voicemails, with the proof of it, and takes their opt-in
	// away. nil takes the opt-in away and keeps no proof.
	Withdraw func(ctx context.Context, tx *db.Tx, list []Withdrawal) error
}

// Withdrawal is one no to voicemails.
type Withdrawal struct {
	SMBID  int64
	Phone  string // E.164
	Source string // "voicemail opt-out line", "voicemail provider: known litigator"
}

// Service implements fibonacco.CampaignVoicemail, DropReports, VoicemailChecker, VoicemailControl and
// VoicemailLine. Safe for concurrent use.
type Service struct {
	db       *db.DB
	queue    *queue.Queue
	cfg      fibonacco.RVMConfig
	name     string // of the company
	base     string // public URL
	signer   *fibonacco.Signer
	provider fibonacco.Voicemailer
	log      *slog.Logger
	consent  func(ctx context.Context, tx *db.Tx, smbIDs []int64) (map[int64]bool, error)
	blocked  func(ctx context.Context, tx *db.Tx, phones []string) (map[string]bool, error)
	withdraw func(ctx context.Context, tx *db.Tx, list []Withdrawal) error

	company law.Company
	sendAt  int // minutes after midnight, local
	scripts scriptCache
	zones   sync.Map // name → *time.Location
}

var (
	_ fibonacco.CampaignVoicemail  = (*Service)(nil)
	_ fibonacco.DropReports        = (*Service)(nil)
	_ fibonacco.VoicemailChecker   = (*Service)(nil)
	_ fibonacco.VoicemailControl   = (*Service)(nil)
	_ fibonacco.VoicemailDirectory = (*Service)(nil)
	_ fibonacco.VoicemailLine      = (*Service)(nil)
)

// New makes the service and registers its jobs with the queue. Returns Invalid for times that cannot
// be read.
func New(o Options) (*Service, error) {
	s := &Service{
		db: o.DB, queue: o.Queue, cfg: o.Config.RVM, name: o.Config.Company.Name, signer: o.Signer, provider: o.Voicemailer, log: o.Log,
		base: strings.TrimRight(o.Config.HTTP.PublicURL, "/"), consent: o.Consent, blocked: o.Blocked, withdraw: o.Withdraw,
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.consent == nil {
		s.consent = func(context.Context, *db.Tx, []int64) (map[int64]bool, error) { return nil, nil }
	}
	if s.blocked == nil {
		s.blocked = func(context.Context, *db.Tx, []string) (map[string]bool, error) { return nil, nil }
	}
	if s.withdraw == nil {
		s.withdraw = takeOptIns
	}
	var err error
	if s.company, err = companyWindow(s.cfg); err != nil {
		return nil, err
	}
	if s.sendAt, err = minuteOfDay(s.cfg.SendTimeLocal); err != nil {
		return nil, err
	}
	if s.provider != nil {
		queue.Handle(s.queue, s.dropChunk)
		s.queue.OnDead(s.settle)
	}
	return s, nil
}

// Schedule registers the periodic work: finding candidates, releasing what is due, and the sweeps.
func (s *Service) Schedule() {
	s.queue.Every("voicemail.consider", "@every 5m", "UTC", s.Consider)
	s.queue.Every("voicemail.consider_late", "@every 6h", "UTC", s.ConsiderLate)
	s.queue.Every("voicemail.release", "@every 10s", "UTC", s.releaseDue)
	s.queue.Every("voicemail.sweep", "@every 10m", "UTC", s.sweep)
}

// setUp reports whether a provider and the numbers that a voicemail must name are configured.
// Without them nothing is planned: voicemail is not in use.
func (s *Service) setUp() bool {
	return (s.cfg.Provider == "simulator" || s.cfg.Key != "") && s.cfg.CallbackNumber != "" && s.cfg.OptOutNumber != ""
}

// companyWindow is the company's own hours.
func companyWindow(cfg fibonacco.RVMConfig) (c law.Company, err error) {
	if c.Hours.From, err = minuteOfDay(cfg.WindowFromLocal); err != nil {
		return c, err
	}
	if c.Hours.Until, err = minuteOfDay(cfg.WindowUntilLocal); err != nil {
		return c, err
	}
	for _, day := range cfg.WindowDays {
		c.Days[day%7] = true
	}
	c.DaysOff = cfg.OnHolidays
	return c, nil
}

func minuteOfDay(text string) (int, error) {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, fibonacco.Errorf(fibonacco.Invalid, "%q is not a time of day like 10:00", text)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// zone is a time zone by name, kept for the next time.
func (s *Service) zone(name string) (*time.Location, error) {
	if z, ok := s.zones.Load(name); ok {
		return z.(*time.Location), nil
	}
	z, err := fibonacco.LoadZone(name)
	if err == nil {
		s.zones.Store(name, z)
	}
	return z, err
}

// callbackURL is where the provider may report the result of a drop, with our proof in it; "" when
// no provider could reach it, or ought to without encryption.
func (s *Service) callbackURL(dropID int64) string {
	u, err := url.Parse(s.base)
	if err != nil || u.Scheme != "https" && s.cfg.Provider != "simulator" {
		return ""
	}
	return s.base + "/webhooks/rvm?proof=" + s.signer.SignSend(fibonacco.VoicemailToken, fibonacco.SendClaim{SendID: dropID})
}

func refusal(reason fibonacco.SkipReason) error {
	return &fibonacco.Error{
		Code: fibonacco.Invalid, Message: "this business may not get a voicemail",
		Fields: []fibonacco.FieldError{{Field: "smb_id", Reason: string(reason)}},
	}
}

func noSuchDrop(id int64) error {
	return fibonacco.Errorf(fibonacco.NotFound, "there is no voicemail %d", id)
}

// localDate is the calendar day of a moment in a zone.
func localDate(at time.Time, zone *time.Location) string { return at.In(zone).Format(time.DateOnly) }

// cut shortens a text to what a column holds.
func cut(text string, most int) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")
	r := []rune(text)
	return string(r[:min(len(r), most)])
}

func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
