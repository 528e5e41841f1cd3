package consent

import (
	"context"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Sources of consents that come from no form or file.
const (
	FromStaff   = "staff"     // switched on a page
	FromAPI     = "api"       // switched by a token
	FromProduct = "fibonacco" // by the product itself, or its command line
)

// NewSMB is the opt-ins that a business has when nobody said anything: the schema's defaults.
var NewSMB = fibonacco.SMB{EmailOptedIn: true, RVMOptedIn: true}

// Switched is Add of the opt-ins in which two versions of one SMB differ, in the name of whoever
// asks, for those who change records. A new SMB is compared with NewSMB. Such a consent has no
// wording: it says who switched it, and proves no agreement. The record is stored already.
func Switched(ctx context.Context, tx *db.Tx, before, after *fibonacco.SMB) error {
	_, err := Add(ctx, tx, SwitchedConsents(ctx, tx, before, after))
	return err
}

// SwitchedConsents is what Switched adds, for those who change many records at once.
func SwitchedConsents(ctx context.Context, tx *db.Tx, before, after *fibonacco.SMB) []fibonacco.Consent {
	var list []fibonacco.Consent
	is, was := switches(after), switches(before)
	for _, channel := range fibonacco.Channels {
		if *is.of(channel) == *was.of(channel) {
			continue
		}
		c := fibonacco.Consent{
			SMBID: after.ID, Channel: channel, Granted: *is.of(channel), Source: SourceOf(ctx), RecordedBy: RecordedBy(ctx),
			Address: after.PrimaryPhone, OccurredAt: tx.Now,
		}
		if channel == fibonacco.ChannelEmail {
			c.Address = after.PrimaryEmail
		}
		list = append(list, c)
	}
	return list
}

func switches(s *fibonacco.SMB) *optIns {
	return &optIns{Email: s.EmailOptedIn, SMS: s.SMSOptedIn, RVM: s.RVMOptedIn, Phone: s.PhoneOptedIn}
}

// SourceOf is the source of a consent that whoever asks makes by changing a record.
func SourceOf(ctx context.Context) string {
	switch p := fibonacco.PrincipalOf(ctx); {
	case p == nil:
		return FromProduct
	case p.TokenID != 0:
		return FromAPI
	}
	return FromStaff
}
