// Package calendar makes the service event_posting real: events of businesses, in the calendar of their
// community. It owns the tables event_posters and community_events.
//
// Read in this order: provision.go (a business may post), draft.go (what it fills in), change.go (it is
// listed, changed, cancelled), read.go (who sees what), file.go (the same for calendar programs).
package calendar

import (
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Service keeps the events. Safe for concurrent use.
type Service struct {
	db   *db.DB
	base string // public URL without a slash at its end
}

var _ fibonacco.CommunityEvents = (*Service)(nil)

// New makes a Service.
func New(d *db.DB, cfg fibonacco.Config) *Service {
	return &Service{db: d, base: strings.TrimRight(cfg.HTTP.PublicURL, "/")}
}

func noEvent() error { return fibonacco.Errorf(fibonacco.NotFound, "there is no such event") }
