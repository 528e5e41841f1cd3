package fibonacco

import (
	"context"
	"time"
)

// BusinessOwner is who holds a valid link to a business's own pages. There is no login: the link was mailed to
// the address on record, expires, and can be revoked (R6).
type BusinessOwner struct {
	SMBID    int64
	Business string
	Token    string // as it came, for the links of the page
	Expires  time.Time
}

// BusinessOwners tells who a link lets in.
type BusinessOwners interface {
	// Owner returns Forbidden, always in the same words, for a token that was altered, has expired,
	// was revoked, or is about what is not there any more.
	Owner(ctx context.Context, token string) (*BusinessOwner, error)
	// RenewOwner mails a fresh link to the address on record, also for a token that has expired or
	// was revoked. It tells nobody whether it did, and does so once an hour at most.
	RenewOwner(ctx context.Context, token string) error
}
