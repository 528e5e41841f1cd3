package main

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/consent"
)

// demoWording is what the sample's owners are made to have agreed to.
const demoWording = "I agree that Red Hook Local may leave recorded messages about its services at the telephone number that I have given here, " +
	"by automated means. I need not agree in order to buy anything, and can stop them at any time."

// Of a hundred owners, so many have agreed to voicemails, and so many of these have thought better of it.
const (
	demoAgreed    = 55
	demoWithdrawn = 6
)

// agreeDemo puts made-up consents to voicemails on record, marked as what they are: the sample comes
// without any, and the law allows none then. Who agreed follows from the address, as everything that
// the demo's owners do. It leaves alone who has said something already.
func (a *app) agreeDemo(ctx context.Context, communityID int64) error {
	return a.db.Update(ctx, func(tx *db.Tx) error {
		type owner struct {
			ID    int64
			Email string
			Phone string
		}
		owners, err := db.Select[owner](ctx, tx, `
			SELECT id, COALESCE(primary_email, '') AS email, primary_phone AS phone FROM smbs
			WHERE community_id = $1 AND primary_phone IS NOT NULL
				AND NOT EXISTS (SELECT 1 FROM consents WHERE consents.smb_id = smbs.id AND consents.channel = $2)
			ORDER BY id`, communityID, string(fibonacco.ChannelRVM))
		if err != nil {
			return fmt.Errorf("list the sample's owners: %w", err)
		}
		var words []fibonacco.Consent
		for _, o := range owners {
			roll := die(o.Email+"agrees") % 100
			if roll >= demoAgreed {
				continue
			}
			yes := fibonacco.Consent{
				SMBID: o.ID, Channel: fibonacco.ChannelRVM, Granted: true, Wording: demoWording, Version: "demo, 1", Source: "web form (made up for the demo)",
				Address: o.Phone, OccurredAt: tx.Now.Add(-time.Duration(10+roll) * 24 * time.Hour), RecordedBy: "demo",
			}
			words = append(words, yes)
			if roll < demoWithdrawn {
				words = append(words, fibonacco.Consent{
					SMBID: o.ID, Channel: fibonacco.ChannelRVM, Source: "phone call (made up for the demo)", Address: o.Phone,
					OccurredAt: tx.Now.Add(-2 * 24 * time.Hour), RecordedBy: "demo",
				})
			}
		}
		_, err = consent.Add(ctx, tx, words)
		return err
	})
}
