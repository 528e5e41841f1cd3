package main

import (
	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/chat"
)

// openChat makes the chat helper of businesses, which answers from what they say of themselves.
func (a *app) openChat(signer *fibonacco.Signer) {
	a.chats = chat.New(chat.Options{
		DB: a.db, Queue: a.queue, Signer: signer, Profiles: a.listing, Config: a.cfg, Log: a.log,
		Post: a.notices.Post, OwnerURL: a.approval.OwnerURL, Booking: a.booking.OpenURL,
	})
}
