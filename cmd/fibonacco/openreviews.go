package main

import (
	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/reviews"
	"github.com/fibonacco/fibonacco/smb/consent"
)

// openReviews makes what follows a yes to review_automation.
func (a *app) openReviews(signer *fibonacco.Signer) {
	a.reviews = reviews.New(reviews.Options{
		DB: a.db, Signer: signer, Config: a.cfg, Post: a.notices.Post, Held: consent.Held,
		OwnerURL: a.approval.OwnerURL,
	})
}
