package smb

import (
	"context"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// readReach says on which channels each SMB may be reached, and of those on which it may not, every
// reason (M1-25).
func (s *Service) readReach(ctx context.Context, tx *db.Tx, p *recordPage) error {
	blocked, err := readBlocked(ctx, tx, p.ids)
	if err != nil {
		return err
	}
	agreed, err := readAgreed(ctx, tx, p.ids)
	if err != nil {
		return err
	}
	for i, id := range p.ids {
		p.records[i].Reach = s.reach(p.records[i].SMB, blocked[id], agreed[id])
	}
	return nil
}

// block is which of an SMB's addresses are suppressed.
type block struct {
	ID           int64
	Email, Phone bool
}

func readBlocked(ctx context.Context, tx *db.Tx, ids []int64) (map[int64]block, error) {
	found, err := db.Select[block](ctx, tx, `
		SELECT smbs.id,
			EXISTS (SELECT 1 FROM suppressions WHERE suppressions.email_key = smbs.email_key) AS email,
			EXISTS (SELECT 1 FROM suppressions WHERE suppressions.phone = smbs.primary_phone) AS phone
		FROM smbs WHERE smbs.id IN ($1...)`, ids)
	if err != nil {
		return nil, err
	}
	blocked := make(map[int64]block, len(found))
	for _, b := range found {
		blocked[b.ID] = b
	}
	return blocked, nil
}

// readAgreed is the channels that each SMB has agreed to in words that are on record, and has not
// withdrawn from since. An opt-in that somebody switched on has no words, and proves nothing.
func readAgreed(ctx context.Context, tx *db.Tx, ids []int64) (map[int64]map[fibonacco.Channel]bool, error) {
	type word struct {
		SMBID   int64 `db:"smb_id"`
		Channel fibonacco.Channel
	}
	words, err := db.Select[word](ctx, tx, `
		SELECT smb_id, channel FROM (
			SELECT smb_id, channel, granted, wording, row_number() OVER (PARTITION BY smb_id, channel ORDER BY occurred_at DESC, id DESC) AS newest
			FROM consents WHERE smb_id IN ($1...)
		) AS words
		GROUP BY smb_id, channel
		HAVING MIN(CASE WHEN granted AND wording <> '' THEN newest END) < COALESCE(MIN(CASE WHEN NOT granted THEN newest END), 1000000000)`, ids)
	if err != nil {
		return nil, err
	}
	agreed := map[int64]map[fibonacco.Channel]bool{}
	for _, w := range words {
		if agreed[w.SMBID] == nil {
			agreed[w.SMBID] = map[fibonacco.Channel]bool{}
		}
		agreed[w.SMBID][w.Channel] = true
	}
	return agreed, nil
}

// written are the channels that the law asks written consent for, unless the operator says that
// this is not so where they are (rvm.require_consent): what a machine sends to a telephone.
var written = map[fibonacco.Channel]bool{fibonacco.ChannelSMS: true, fibonacco.ChannelRVM: true}

func (s *Service) reach(b *fibonacco.SMB, blocked block, agreed map[fibonacco.Channel]bool) map[fibonacco.Channel]fibonacco.Reach {
	optedIn := map[fibonacco.Channel]bool{
		fibonacco.ChannelEmail: b.EmailOptedIn, fibonacco.ChannelSMS: b.SMSOptedIn,
		fibonacco.ChannelRVM: b.RVMOptedIn, fibonacco.ChannelPhone: b.PhoneOptedIn,
	}
	all := make(map[fibonacco.Channel]fibonacco.Reach, len(fibonacco.Channels))
	for _, channel := range fibonacco.Channels {
		reasons := []fibonacco.SkipReason{}
		unless := func(ok bool, reason fibonacco.SkipReason) {
			if !ok {
				reasons = append(reasons, reason)
			}
		}
		unless(!b.DoNotContact, fibonacco.DoNotContact)
		unless(optedIn[channel], fibonacco.NotOptedIn)
		if channel == fibonacco.ChannelEmail {
			unless(b.PrimaryEmail != "", fibonacco.NoAddress)
			unless(b.PrimaryEmail == "" || fibonacco.ValidEmail(b.PrimaryEmail), fibonacco.InvalidAddress)
			unless(!blocked.Email, fibonacco.Suppressed)
		} else {
			unless(b.PrimaryPhone != "", fibonacco.NoPhone)
			unless(!blocked.Phone, fibonacco.Suppressed)
		}
		unless(agreed[channel] || !written[channel] || !s.requireConsent, fibonacco.NoConsent)
		all[channel] = fibonacco.Reach{Allowed: len(reasons) == 0, Reasons: reasons}
	}
	return all
}
