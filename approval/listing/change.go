package listing

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// SaveFacts implements fibonacco.BusinessPages.
func (s *Service) SaveFacts(ctx context.Context, smbID int64, p fibonacco.BusinessProfile) error {
	if err := checkFacts(&p); err != nil {
		return err
	}
	return s.change(ctx, smbID, `name = $3, category = $4, about = $5, phone = $6, email = $7, website = $8, street = $9, city = $10,
		state = $11, zip = $12, hide_street = $13, confirmed_at = COALESCE(confirmed_at, $1)`,
		p.Name, p.Category, p.About, p.Phone, p.Email, p.Website, p.Street, p.City, p.State, p.ZIP, p.HideStreet)
}

// SaveHours implements fibonacco.BusinessPages.
func (s *Service) SaveHours(ctx context.Context, smbID int64, hours []fibonacco.OpeningHours) error {
	hours, err := checkHours(hours)
	if err != nil {
		return err
	}
	if hours == nil {
		hours = []fibonacco.OpeningHours{}
	}
	return s.change(ctx, smbID, `hours = $3`, db.JSON(hours))
}

// SaveAnswers implements fibonacco.BusinessPages.
func (s *Service) SaveAnswers(ctx context.Context, smbID int64, services []string, questions []fibonacco.Answered) error {
	services, questions, err := checkAnswers(services, questions)
	if err != nil {
		return err
	}
	return s.change(ctx, smbID, `services = $3, questions = $4`, db.JSON(services), db.JSON(questions))
}

// PublishPage implements fibonacco.BusinessPages. Doing it again changes nothing.
func (s *Service) PublishPage(ctx context.Context, smbID int64, public bool) error {
	if public {
		return s.change(ctx, smbID, `published_at = COALESCE(published_at, $1), confirmed_at = COALESCE(confirmed_at, $1)`)
	}
	return s.change(ctx, smbID, `published_at = NULL`)
}

// change sets columns of a page: $1 is now, $2 the business, and args follow.
func (s *Service) change(ctx context.Context, smbID int64, set string, args ...any) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `
			UPDATE business_profiles SET `+set+`, updated_at = $1 WHERE smb_id = $2 AND withdrawn_at IS NULL
				AND EXISTS (SELECT 1 FROM smbs WHERE smbs.id = business_profiles.smb_id AND smbs.deleted_at IS NULL)`, append([]any{tx.Now, smbID}, args...)...)
		if err != nil {
			return fmt.Errorf("change the page of SMB %d: %w", smbID, err)
		}
		if n == 0 {
			return noPage()
		}
		return nil
	})
}
