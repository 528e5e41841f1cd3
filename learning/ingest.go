package learning

import (
	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// batchMost is how many notes one transaction stores.
const batchMost = 1000

// note is one thing that a visitor did, on its way into the database.
type note struct {
	view int64
	of   int // slides of the page
	step fibonacco.ViewStep
}

// stored is what the caller who brought a note gets: nothing but perhaps an error.
type stored = db.Stored[struct{}]

// Start begins to store what visitors do. Calling it again does nothing.
func (s *Service) Start() { s.ingest.Start() }

// Close refuses further notes, stores those that wait, and returns when that is done.
func (s *Service) Close() { s.ingest.Close() }
