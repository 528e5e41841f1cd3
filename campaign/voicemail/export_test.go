package voicemail

import (
	"context"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/template"
	"github.com/fibonacco/fibonacco/campaign/voicemail/law"
)

// What the queue calls.
func (s *Service) SettleNode(ctx context.Context, node string) error { return s.settle(ctx, node) }

func (s *Service) ReleaseDue(ctx context.Context) error { return s.releaseDue(ctx, time.Time{}) }

func (s *Service) Sweep(ctx context.Context) error                 { return s.sweep(ctx, time.Time{}) }
func (s *Service) HandOver(ctx context.Context, ids []int64) error { return s.handOver(ctx, ids) }

// Case is a business and its history, without a database.
type Case struct {
	Zone           *time.Location
	Phone          string
	State          string // of its own address
	CommunityState string
	Tier           int
	OptedIn        bool
	Consent        bool
	Blocked        bool
	Last24h        int
	Last3d         int
	UsedMonth      int // of the month in which it would leave
	UsedQuarter    int
	Now            time.Time
}

func (c Case) business() *business {
	b := &business{
		Phone: c.Phone, State: c.State, CommunityState: c.CommunityState, Tier: c.Tier, OptedIn: c.OptedIn, Status: fibonacco.StatusActive,
		zone: c.Zone, area: law.AreaOf(c.Phone), consent: c.Consent, blocked: c.Blocked, tries: tries{Last24h: c.Last24h, Last3d: c.Last3d},
	}
	b.party = law.NewParty(b.zone, b.area, b.CommunityState, b.State)
	return b
}

// Judge is when a voicemail would be planned, or why not.
func (s *Service) Judge(c Case) (time.Time, fibonacco.SkipReason) {
	b := c.business()
	if reason, _, ok := s.refuses(b, false); !ok {
		return time.Time{}, reason
	}
	when, ok := b.party.Next(s.company, c.Now, s.sendAt)
	if !ok {
		return time.Time{}, fibonacco.OutsideHours
	}
	most, quarterly := s.limit(b.Tier)
	if quarterly && c.UsedQuarter >= most || !quarterly && c.UsedMonth >= most {
		return time.Time{}, fibonacco.MonthlyLimit
	}
	return when, ""
}

// MayLeave is the last look, at a moment.
func (s *Service) MayLeave(c Case) bool {
	d := drop{Due: c.Now, Made: c.Now, Phone: c.Phone}
	v, _ := s.decide(&d, c.business(), c.Now)
	return v == leaves
}

// Unfit is what is wrong with a finished script.
func (s *Service) Unfit(text string) string { return s.unfit(text) }

// Written is a script, personalised.
func (s *Service) Written(source, contact, name string) (string, error) {
	t, err := template.Compile(source, template.Header)
	if err != nil {
		return "", err
	}
	return s.write(t, &business{Contact: contact, Name: name})
}
