package voicemail

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// CheckVoicemail implements fibonacco.VoicemailChecker. Tries and limits are as they stand now, whatever
// the moment asked about.
func (s *Service) CheckVoicemail(ctx context.Context, smbID int64, at *time.Time) (*fibonacco.VoicemailPermission, error) {
	var out *fibonacco.VoicemailPermission
	err := s.db.View(ctx, func(tx *db.Tx) error {
		moment := tx.Now
		if at != nil {
			moment = at.UTC()
		}
		businesses, err := s.loadBusinesses(ctx, tx, []int64{smbID})
		if err != nil {
			return err
		}
		b := businesses[smbID]
		if b == nil || !fibonacco.InScope(ctx, b.CommunityID) {
			return fibonacco.Errorf(fibonacco.NotFound, "there is no business %d", smbID)
		}
		out = &fibonacco.VoicemailPermission{SMBID: b.ID, BusinessName: b.Name, At: moment, Allowed: true, Timezone: b.Timezone}
		if when, ok := b.party.Next(s.company, moment, s.sendAt); ok {
			when = when.UTC()
			out.Next = &when
		}
		each := func(r rule) {
			line := fibonacco.VoicemailRule{Name: r.name, Allowed: r.ok, Because: r.why(), Source: r.source}
			if !r.ok {
				line.Reason = r.reason
				if out.Allowed {
					out.Allowed, out.Reason = false, r.reason
				}
			}
			out.Rules = append(out.Rules, line)
		}
		each(s.setUpRule())
		s.standing(b, each)
		limit, err := s.limitRule(ctx, tx, b, moment)
		if err != nil {
			return err
		}
		each(limit)
		pause, err := loadPause(ctx, tx, "")
		if err != nil {
			return err
		}
		each(rule{"lane", !pause.Paused, fibonacco.HealthPause, true, true, func() string {
			if pause.Paused {
				return "voicemails are paused by " + pause.By + ": " + pause.Reason
			}
			return "voicemails leave"
		}, ""})
		s.hours(b, moment, each)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) setUpRule() rule {
	ok := s.setUp()
	return rule{
		"provider", ok, fibonacco.NotActive, true, false,
		say(ok, "voicemails are dropped by "+s.cfg.Provider, "voicemail is not set up"), "rvm.provider, rvm.key, rvm.callback_number, rvm.opt_out_number",
	}
}

// limitRule says how much of the tier's limit is used up at a moment.
func (s *Service) limitRule(ctx context.Context, tx *db.Tx, b *business, at time.Time) (rule, error) {
	in := month(at, b.zone)
	inMonth, inQuarter, err := used(ctx, tx, b.ID, in)
	if err != nil {
		return rule{}, err
	}
	most, quarterly := s.limit(b.Tier)
	n, period := inMonth, in
	if quarterly {
		n, period = inQuarter, quarter(in)
	}
	return rule{"limit of tier " + fmt.Sprint(b.Tier), n < most, fibonacco.MonthlyLimit, false, false, func() string {
		return fmt.Sprintf("%d of %d in %s", n, most, period)
	}, "rvm.monthly_limits"}, nil
}
