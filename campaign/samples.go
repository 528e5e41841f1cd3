package campaign

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/fibonacco/fibonacco/campaign/render"
)

// SampleMail is a campaign's mail as it would leave, to nobody.
type SampleMail struct {
	CampaignID string
	Message    []byte
}

// SampleMails writes the mail of every active campaign, by id, for those who look at mails as receivers
// do. Their links prove nothing.
func (s *Service) SampleMails(ctx context.Context) ([]SampleMail, error) {
	all, err := s.steps(ctx)
	if err != nil {
		return nil, err
	}
	var out []SampleMail
	for _, id := range slices.Sorted(maps.Keys(all.byID)) {
		step := all.byID[id]
		if !step.IsActive {
			continue
		}
		message, err := step.mail.Render(nil, render.Recipient{
			UUID: newUUID(), Email: nobody, At: s.db.Clock().Now(),
			Fields: fields("Corner Bakery", "Maria Vega", "Bakeries", "Riverside"),
		})
		if err != nil {
			return nil, fmt.Errorf("write a sample of %s: %w", id, err)
		}
		out = append(out, SampleMail{id, message})
	}
	return out, nil
}
