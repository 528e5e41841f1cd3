package track

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco/db"
)

// batchMost is how many notes one transaction stores.
const batchMost = 2000

// outcome is what the caller who brought a note gets: where a click leads, or why not.
type outcome = db.Stored[string]

// Start begins to store what Open, Click, Record and TakeReports bring. Calling it again does nothing.
func (s *Service) Start() { s.ingest.Start() }

// Close refuses further notes, stores those that wait, and returns when that is done.
func (s *Service) Close() { s.ingest.Close() }

// store writes notes in one transaction and returns what each caller gets. An error means that
// nothing was stored.
func (s *Service) store(ctx context.Context, notes []*note) ([]outcome, error) {
	var out []outcome
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		var err error
		out, err = s.write(ctx, tx, notes)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store %d tracking events: %w", len(notes), err)
	}
	return out, nil
}
