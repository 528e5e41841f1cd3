// Package campaign is Module 2: it plans each day's mails, sends each of them once, and keeps
// the truth about what became of them.
//
// Read in this order: plan.go (who gets what today), write.go (stores it), release.go (when it is
// due), claim.go and lane.go (hand over), record.go (what came of it), settle.go (what a death left
// behind), takeover.go (two businesses become one). What recipients do with a mail is in
// campaign/track; how a mail is written, in campaign/render.
package campaign

import (
	"context"
	"log/slog"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/recount"
)

// Options make a Service.
type Options struct {
	DB     *db.DB
	Queue  *queue.Queue
	Config fibonacco.Config
	Signer *fibonacco.Signer
	Mailer fibonacco.Mailer // nil in processes that only plan
	Log    *slog.Logger     // nil means slog.Default()
	// FilterSQL turns a filter into a condition on table smbs whose first placeholder is $first.
	// Module 1 owns the filter; wire.go hands it over. It sees no further than the caller of ctx.
	FilterSQL func(ctx context.Context, tx *db.Tx, f fibonacco.SMBFilter, first int) (where string, args []any, err error)
	// Record stores what became of a mail (campaign/track); for RecordEmailEvent.
	Record func(ctx context.Context, sendID int64, eventType string, data fibonacco.EmailEventData) error
}

// Service implements fibonacco.CampaignMailing, Programme, CampaignDirectory, Explainer and, for those who write campaigns,
// CampaignEditor, CampaignPreviewer, CampaignReporter and HolidayService.
type Service struct {
	db     *db.DB
	queue  *queue.Queue
	cfg    fibonacco.Config
	signer *fibonacco.Signer
	log    *slog.Logger
	filter func(ctx context.Context, tx *db.Tx, f fibonacco.SMBFilter, first int) (string, []any, error)
	record func(ctx context.Context, sendID int64, eventType string, data fibonacco.EmailEventData) error

	catalog catalog
	mails   mailCache
	figures *recount.Figures[struct{}, *figureCounts]
	turns   turns
	lane    *lane // nil without a mailer
	tagged  bool  // the mailer's provider takes tags (M2-05)
}

var (
	_ fibonacco.CampaignMailing   = (*Service)(nil)
	_ fibonacco.Programme         = (*Service)(nil)
	_ fibonacco.CampaignDirectory = (*Service)(nil)
	_ fibonacco.Explainer         = (*Service)(nil)
	_ fibonacco.CampaignEditor    = (*Service)(nil)
	_ fibonacco.CampaignPreviewer = (*Service)(nil)
	_ fibonacco.CampaignReporter  = (*Service)(nil)
	_ fibonacco.HolidayService    = (*Service)(nil)
)

// New makes the service and registers its jobs with the queue. Start begins to hand mails over.
func New(o Options) (*Service, error) {
	s := &Service{
		db: o.DB, queue: o.Queue, cfg: o.Config, signer: o.Signer, log: o.Log,
		filter: o.FilterSQL, record: o.Record, turns: newTurns(),
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.catalog.db = o.DB
	s.figures = recount.New(figuresRule, s.countFigures)
	if _, err := parseClockTime(o.Config.ManifestDestiny.SendTimeLocal); err != nil {
		return nil, err
	}
	if _, err := parseClockTime(o.Config.ManifestDestiny.PlanTimeLocal); err != nil {
		return nil, err
	}
	queue.Handle(s.queue, s.planCommunity)
	queue.Handle(s.queue, s.sendChunk)
	queue.Handle(s.queue, s.sendUrgent)
	queue.Handle(s.queue, s.sendTest)
	if o.Mailer != nil {
		l, err := newLane(s, o.Mailer)
		if err != nil {
			return nil, err
		}
		s.lane, s.tagged = l, o.Mailer.Name() == "ses"
		s.queue.OnDead(s.settle)
	}
	return s, nil
}

// Schedule registers the periodic work: planning, release of what is due, and the sweep.
func (s *Service) Schedule() {
	s.queue.Every("campaign.plan", "@every 1m", "UTC", s.PlanDue)
	s.queue.Every("campaign.release", "@every 5s", "UTC", s.releaseDue)
	s.queue.Every("campaign.health", "@every 1m", "UTC", s.GuardHealth)
	s.queue.Every("campaign.forget", "30 3 * * *", "UTC", func(ctx context.Context, _ time.Time) error {
		_, err := s.ForgetEvents(ctx)
		return err
	})
	s.queue.Every("campaign.subjects", "@every 1h", "UTC", func(ctx context.Context, _ time.Time) error { return s.JudgeSubjects(ctx) })
	s.queue.Every("campaign.sweep", "@every 5m", "UTC", s.sweep)
}

// Start begins to hand mails over, until Stop. Call before the queue starts.
func (s *Service) Start(ctx context.Context) {
	if s.lane != nil {
		s.lane.start(ctx)
	}
}

// Stop finishes what is on the wire and records it. Call after the queue has stopped.
func (s *Service) Stop() error {
	if s.lane == nil {
		return nil
	}
	return s.lane.stop()
}
