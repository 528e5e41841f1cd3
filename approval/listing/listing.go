// Package listing makes the service listing_claim real: a public page of a business, with the facts its
// owner has confirmed. It owns the tables business_profiles and business_photos.
//
// Read in this order: provision.go (the page is made, from the facts on file), read.go (who sees what of
// it), change.go with check.go (what its owner changes), photos.go.
package listing

import (
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Service keeps the pages. Safe for concurrent use.
type Service struct {
	db      *db.DB
	base    string        // public URL without a slash at its end
	drawing chan struct{} // a photo is unpacked by one at a time: it takes a hundred megabytes
}

var _ fibonacco.BusinessPages = (*Service)(nil)

// New makes a Service.
func New(d *db.DB, cfg fibonacco.Config) *Service {
	return &Service{db: d, base: strings.TrimRight(cfg.HTTP.PublicURL, "/"), drawing: make(chan struct{}, 1)}
}

func noPage() error { return fibonacco.Errorf(fibonacco.NotFound, "there is no such page") }
