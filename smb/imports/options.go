package imports

import (
	"context"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Option connects imports with what other parts of the record do. Without one, the part is absent:
// consent columns and do-not-contact files are refused, and nothing is indexed.
type Option func(*options)

type options struct {
	consents Consents
	suppress Suppress
	index    Index
	stored   Stored
}

// Consents writes yeses and noes down in the caller's transaction, sets the opt-ins, and stops what
// is queued after a no. changed is the opt-in columns that became different, by business.
type Consents func(ctx context.Context, tx *db.Tx, consents []fibonacco.Consent) (changed map[int64][]string, err error)

// WithConsents lets files bring consents.
func WithConsents(f Consents) Option { return func(o *options) { o.consents = f } }

// Suppress adds addresses and numbers to those that get nothing more, and says how many of them
// were not there yet.
type Suppress func(ctx context.Context, tx *db.Tx, suppressions []fibonacco.Suppression) (added int, err error)

// WithSuppressions lets do-not-contact files suppress those who are not known.
func WithSuppressions(f Suppress) Option { return func(o *options) { o.suppress = f } }

// Index makes businesses findable as they are now; deleted ones are not found any more.
type Index func(ctx context.Context, tx *db.Tx, smbIDs []int64) error

// WithIndex has imports make what they stored findable before they say that they are completed.
func WithIndex(f Index) Option { return func(o *options) { o.index = f } }

// Stored is told, in its transaction, of each batch's businesses that are new, or whose e-mail
// address or telephone number is.
type Stored func(ctx context.Context, tx *db.Tx, smbIDs []int64) error

// WithStored adds a step to every batch.
func WithStored(f Stored) Option { return func(o *options) { o.stored = f } }
