package smb

import (
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// Service is Module 1. Safe for concurrent use.
type Service struct {
	db         *db.DB
	queue      *queue.Queue
	engagement fibonacco.EngagementConfig
	totalDays  int
	// requireConsent says whether telephones may be reached by machines only with consent on record.
	requireConsent bool
	heads          headcounts
	programme      fibonacco.Programme // nil: nobody is started, paused or resumed by a bulk change
}

var (
	_ fibonacco.SMBService       = (*Service)(nil)
	_ fibonacco.SMBDirectory     = (*Service)(nil)
	_ fibonacco.CommunityService = (*Service)(nil)
	_ fibonacco.SegmentService   = (*Service)(nil)
	_ fibonacco.BulkService      = (*Service)(nil)
	_ fibonacco.SMBRecords       = (*Service)(nil)

	_ fibonacco.NoteService        = (*Service)(nil)
	_ fibonacco.ContactSuggestions = (*Service)(nil)
)

// New makes the service. Of cfg it reads Engagement, ManifestDestiny.TotalDays and
// RVM.RequireConsent; a kind without a weight or a cap there counts nothing. q publishes its events.
func New(d *db.DB, q *queue.Queue, cfg fibonacco.Config) *Service {
	return &Service{db: d, queue: q, engagement: cfg.Engagement, totalDays: cfg.ManifestDestiny.TotalDays, requireConsent: cfg.RVM.RequireConsent}
}

// Moves lets bulk changes start, pause and resume SMBs. Call before Register.
func (s *Service) Moves(p fibonacco.Programme) { s.programme = p }

// localDate is the date in a community's time zone at a moment, "2026-11-23".
func localDate(at time.Time, timezone string) (string, error) {
	zone, err := fibonacco.LoadZone(timezone)
	if err != nil {
		return "", err
	}
	return at.In(zone).Format(time.DateOnly), nil
}
