package main

import (
	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/booking"
)

// openBooking makes the booking pages: their mails are notices, and owners come in by approval's links.
func (a *app) openBooking(signer *fibonacco.Signer) {
	a.booking = booking.New(booking.Options{
		DB: a.db, Signer: signer, Config: a.cfg, Post: a.notices.Post, Cancel: a.notices.Cancel,
		OwnerURL: a.approval.OwnerURL,
	})
}
