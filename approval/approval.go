// Package approval is Module 4: a business says yes to a service by one signed link. It owns the
// tables approvals, approval_upsells and provisioning_tasks.
//
// Read in this order: token.go (what a link proves), approve.go (the yes, once).
package approval

import (
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// Service takes approvals. Safe for concurrent use.
type Service struct {
	db        *db.DB
	queue     *queue.Queue
	signer    *fibonacco.Signer
	offerings []fibonacco.Offering
	base      string // public URL without a slash at its end
}

// New makes a Service.
func New(d *db.DB, q *queue.Queue, signer *fibonacco.Signer, cfg fibonacco.Config) *Service {
	return &Service{db: d, queue: q, signer: signer, offerings: cfg.Services, base: strings.TrimRight(cfg.HTTP.PublicURL, "/")}
}

// offering is the service of a type; false for one that is not offered, or no longer.
func (s *Service) offering(serviceType string) (fibonacco.Offering, bool) {
	i := slices.IndexFunc(s.offerings, func(o fibonacco.Offering) bool { return o.Type == serviceType })
	if i < 0 {
		return fibonacco.Offering{}, false
	}
	return s.offerings[i], true
}
