// Package approval is Module 4: a business says yes to a service by one signed link, and gets it. It
// owns the tables approvals, approval_upsells, provisioning_tasks and business_links.
//
// Read in this order: token.go (what a link proves), approve.go (the yes, once), process.go (what
// follows it, once), provision.go and work.go (how it becomes a service), person.go (or a person
// makes it), receipt.go and owned.go (what its owner sees of it), desk.go (what staff do).
package approval

import (
	"context"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// Options make a Service.
type Options struct {
	DB     *db.DB
	Queue  *queue.Queue
	Signer *fibonacco.Signer
	Config fibonacco.Config
	// Post stores a mail in the transaction of what it tells of.
	Post func(ctx context.Context, tx *db.Tx, n fibonacco.Notice) error
	// Announce tells another program of an approval that a person, or that program, is to make. id is
	// the same when it is told again. nil: there is none.
	Announce func(ctx context.Context, id string, body []byte) error
}

// Service takes approvals and makes services of them. Safe for concurrent use.
type Service struct {
	db        *db.DB
	queue     *queue.Queue
	signer    *fibonacco.Signer
	offerings []fibonacco.Offering
	company   string
	base      string // public URL without a slash at its end
	post      func(ctx context.Context, tx *db.Tx, n fibonacco.Notice) error
	announce  func(ctx context.Context, id string, body []byte) error

	provisioners map[string]Provisioner // by service type
}

var (
	_ fibonacco.ApprovalService = (*Service)(nil)
	_ fibonacco.ApprovalPages   = (*Service)(nil)
	_ fibonacco.ApprovalDesk    = (*Service)(nil)
	_ fibonacco.BusinessOwners  = (*Service)(nil)
)

// New makes a Service and registers its jobs with the queue.
func New(o Options) *Service {
	s := &Service{
		db: o.DB, queue: o.Queue, signer: o.Signer, offerings: o.Config.Services, company: o.Config.Company.Name,
		base: strings.TrimRight(o.Config.HTTP.PublicURL, "/"), post: o.Post, announce: o.Announce, provisioners: map[string]Provisioner{},
	}
	queue.Handle(s.queue, s.work)
	queue.Handle(s.queue, s.tell)
	return s
}

// Use registers what makes services. Call it before the queue starts, on every node alike.
func (s *Service) Use(all ...Provisioner) {
	for _, p := range all {
		s.provisioners[p.ServiceType()] = p
	}
}

// Schedule registers the periodic work.
func (s *Service) Schedule() {
	s.queue.Every("approval.sweep", "@every 1m", "UTC", s.Sweep)
}

// offering is the service of a type; false for one that is not offered, or no longer.
func (s *Service) offering(serviceType string) (fibonacco.Offering, bool) {
	i := slices.IndexFunc(s.offerings, func(o fibonacco.Offering) bool { return o.Type == serviceType })
	if i < 0 {
		return fibonacco.Offering{}, false
	}
	return s.offerings[i], true
}

// described is the service of a type as it is told to people. One that is no longer offered keeps its
// type for a title. Automatic is what this program does by itself, whatever the list of services says.
func (s *Service) described(serviceType string) fibonacco.Offering {
	o, ok := s.offering(serviceType)
	if !ok {
		o = fibonacco.Offering{Type: serviceType, Title: strings.ReplaceAll(serviceType, "_", " ")}
	}
	if o.Automatic && s.provisioners[serviceType] == nil {
		o.Automatic, o.Next = false, byPerson
	}
	return o
}

// byPerson is what happens after a yes to a service that this program was to make, and cannot.
var byPerson = []string{
	"A person reads your request.",
	"They reply with what is involved.",
	"Nothing starts before you agree.",
}
