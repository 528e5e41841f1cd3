package track

import "github.com/fibonacco/fibonacco/db"

// batchMost is how many notes one transaction stores.
const batchMost = 2000

// outcome is what the caller who brought a note gets: where a click leads, or why not.
type outcome = db.Stored[string]

// Start begins to store what Open, Click, Record and TakeReports bring. Calling it again does nothing.
func (s *Service) Start() { s.ingest.Start() }

// Close refuses further notes, stores those that wait, and returns when that is done.
func (s *Service) Close() { s.ingest.Close() }
