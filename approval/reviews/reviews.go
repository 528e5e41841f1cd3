// Package reviews makes review_automation real: a public form for reviews, the same short question to
// each customer whom an owner names, and the page on which every review is shown that is not held back
// for one of four reasons. It owns the tables review_pages, review_requests and reviews.
//
// Nobody is asked before the owner says whom, nobody is rewarded, and being bad is no reason to hold a
// review back: what nobody decides about is public after seven days.
//
// Read in this order: provision.go (what a yes makes), ask.go (whom to ask), write.go (what customers
// say), moderate.go (what the owner may do), tend.go (what happens by itself), tell.go (the mails),
// page.go, desk.go and list.go (who sees what).
package reviews

import (
	"context"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// What is promised to customers and to owners.
const (
	publishAfter  = 7 * 24 * time.Hour  // nobody decided: it is public
	remindAfter   = 7 * 24 * time.Hour  // one reminder, then no more
	askAgainAfter = 90 * 24 * time.Hour // the same address by the same business
	requestValid  = 60 * 24 * time.Hour // to answer a request
	askedPerDay   = 50                  // by one business, in its local day
)

// Options make a Service. All are needed.
type Options struct {
	DB     *db.DB
	Signer *fibonacco.Signer
	Config fibonacco.Config
	// Post stores a mail in the transaction of what it tells of; one key is mailed once.
	Post func(ctx context.Context, tx *db.Tx, n fibonacco.Notice) error
	// Held is the reason why an address gets nothing; "" when there is none.
	Held func(ctx context.Context, tx *db.Tx, address string) (reason string, err error)
	// OwnerURL is a fresh link to a page of a business's own.
	OwnerURL func(ctx context.Context, tx *db.Tx, smbID int64, page string) (string, error)
}

// Service implements fibonacco.ReviewService, fibonacco.ReviewDirectory and what approval asks of a
// provisioner. Safe for concurrent use.
type Service struct {
	o    Options
	base string // public URL without a slash at its end
}

var (
	_ fibonacco.ReviewService   = (*Service)(nil)
	_ fibonacco.ReviewDirectory = (*Service)(nil)
)

// New makes a Service.
func New(o Options) *Service {
	return &Service{o: o, base: strings.TrimRight(o.Config.HTTP.PublicURL, "/")}
}

func (s *Service) pageURL(slug string) string { return s.base + "/reviews/" + slug }
func (s *Service) formURL(slug string) string { return s.base + "/review/" + slug }

func (s *Service) requestURL(id int64) string {
	return s.base + "/review/r/" + s.o.Signer.SignID(fibonacco.ReviewToken, id)
}

func missing() error { return fibonacco.Errorf(fibonacco.NotFound, "there are no reviews here") }
