package main

import (
	"context"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval"
	"github.com/fibonacco/fibonacco/approval/address"
	"github.com/fibonacco/fibonacco/approval/chat"
	"github.com/fibonacco/fibonacco/db"
)

// openChat makes the chat helper of businesses.
func (a *app) openChat(signer *fibonacco.Signer, profiles fibonacco.Profiles) {
	a.chats = chat.New(chat.Options{
		DB: a.db, Queue: a.queue, Signer: signer, Profiles: profiles, Config: a.cfg, Log: a.log,
		Post: a.notices.Post, OwnerURL: approval.New(a.db, a.queue, signer, a.cfg).OwnerURL,
	})
}

// factsOnFile is what is known of a business that has no profile of its own.
type factsOnFile struct{ *app }

// Profile implements fibonacco.Profiles.
func (f factsOnFile) Profile(ctx context.Context, smbID int64) (*fibonacco.BusinessProfile, error) {
	s, err := f.smb.Find(ctx, smbID)
	if err != nil {
		return nil, err
	}
	c, err := f.smb.FindCommunity(ctx, s.CommunityID)
	if err != nil {
		return nil, err
	}
	p := &fibonacco.BusinessProfile{
		SMBID: s.ID, Name: s.BusinessName, Category: s.Category, Phone: s.PrimaryPhone, Street: s.Address, City: s.City, State: s.State, ZIP: s.ZIP,
		Zone: c.Timezone, Community: c.Name, UpdatedAt: s.UpdatedAt,
	}
	err = f.db.Update(ctx, func(tx *db.Tx) (err error) {
		p.Slug, err = address.Of(ctx, tx, smbID)
		return err
	})
	return p, err
}
