package listing

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/picture"
	"github.com/fibonacco/fibonacco/db"
)

func listPhotos(ctx context.Context, tx *db.Tx, profileID int64) ([]fibonacco.ProfilePhoto, error) {
	if profileID == 0 {
		return nil, nil
	}
	photos, err := db.Select[fibonacco.ProfilePhoto](ctx, tx, `SELECT id, alt, width, height FROM business_photos WHERE profile_id = $1 ORDER BY position, id`, profileID)
	if err != nil {
		return nil, fmt.Errorf("read the photos of page %d: %w", profileID, err)
	}
	return photos, nil
}

// PublicPhoto implements fibonacco.BusinessPages.
func (s *Service) PublicPhoto(ctx context.Context, slug string, id int64) (jpeg []byte, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		p, err := findPublic(ctx, tx, slug)
		if err != nil {
			return err
		}
		jpeg, err = findPhoto(ctx, tx, p, id)
		return err
	})
	return jpeg, err
}

// OwnPhoto implements fibonacco.BusinessPages.
func (s *Service) OwnPhoto(ctx context.Context, smbID, id int64) (jpeg []byte, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		p, err := findOwn(ctx, tx, smbID)
		if err != nil {
			return err
		}
		jpeg, err = findPhoto(ctx, tx, p, id)
		return err
	})
	return jpeg, err
}

func findPhoto(ctx context.Context, tx *db.Tx, p *page, id int64) (jpeg []byte, err error) {
	err = tx.QueryRow(ctx, `SELECT content FROM business_photos WHERE id = $1 AND profile_id = $2`, id, p.id).Scan(&jpeg)
	if db.IsNoRows(err) {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no photo %d", id)
	}
	if err != nil {
		return nil, fmt.Errorf("read photo %d: %w", id, err)
	}
	return jpeg, nil
}

// AddPhoto implements fibonacco.BusinessPages. Words and file are looked at together, so that one answer
// says everything that is wrong.
func (s *Service) AddPhoto(ctx context.Context, smbID int64, alt string, file []byte) error {
	if _, err := s.OwnPage(ctx, smbID); err != nil {
		return err
	}
	alt, altErr := checkAlt(alt)
	pic, err := s.remake(ctx, file)
	if err := fibonacco.JoinInvalid("the photo cannot be used", altErr, err); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		id, err := lockPage(ctx, tx, smbID)
		if err != nil {
			return err
		}
		n, err := db.Count(ctx, tx, `SELECT count(*) FROM business_photos WHERE profile_id = $1`, id)
		if err != nil {
			return fmt.Errorf("count the photos of page %d: %w", id, err)
		}
		if n >= fibonacco.MostPhotos {
			return fibonacco.Errorf(fibonacco.Conflict, "there are %d photos already: remove one first", n)
		}
		if _, err := tx.Exec(ctx, `
			INSERT INTO business_photos (profile_id, alt, width, height, content, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			id, alt, pic.Width, pic.Height, pic.JPEG, tx.Now); err != nil {
			return fmt.Errorf("store a photo of page %d: %w", id, err)
		}
		return nil
	})
}

// remake waits for its turn: unpacking a photo takes much memory for a moment.
func (s *Service) remake(ctx context.Context, file []byte) (*picture.Picture, error) {
	select {
	case s.drawing <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.drawing }()
	return picture.Remake(file)
}

// DescribePhoto implements fibonacco.BusinessPages.
func (s *Service) DescribePhoto(ctx context.Context, smbID, id int64, alt string) error {
	alt, err := checkAlt(alt)
	if err != nil {
		return err
	}
	return s.changePhoto(ctx, smbID, id, `UPDATE business_photos SET alt = $3 WHERE profile_id = $1 AND id = $2`, alt)
}

// LeadPhoto implements fibonacco.BusinessPages.
func (s *Service) LeadPhoto(ctx context.Context, smbID, id int64) error {
	return s.changePhoto(ctx, smbID, id, `
		UPDATE business_photos SET position = (SELECT MIN(all_photos.position) - 1 FROM business_photos all_photos WHERE all_photos.profile_id = $1)
		WHERE profile_id = $1 AND id = $2`)
}

// RemovePhoto implements fibonacco.BusinessPages.
func (s *Service) RemovePhoto(ctx context.Context, smbID, id int64) error {
	return s.changePhoto(ctx, smbID, id, `DELETE FROM business_photos WHERE profile_id = $1 AND id = $2`)
}

func (s *Service) changePhoto(ctx context.Context, smbID, id int64, query string, args ...any) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		pageID, err := lockPage(ctx, tx, smbID)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, query, append([]any{pageID, id}, args...)...)
		if err != nil {
			return fmt.Errorf("change photo %d: %w", id, err)
		}
		if n == 0 {
			return fibonacco.Errorf(fibonacco.NotFound, "there is no photo %d", id)
		}
		return nil
	})
}

// lockPage notes that a page changes: of several who add photos at once, each waits for the one before.
func lockPage(ctx context.Context, tx *db.Tx, smbID int64) (pageID int64, err error) {
	err = tx.QueryRow(ctx, `
		UPDATE business_profiles SET updated_at = $1 WHERE smb_id = $2 AND withdrawn_at IS NULL
			AND EXISTS (SELECT 1 FROM smbs WHERE smbs.id = business_profiles.smb_id AND smbs.deleted_at IS NULL) RETURNING id`, tx.Now, smbID).Scan(&pageID)
	if db.IsNoRows(err) {
		return 0, noPage()
	}
	if err != nil {
		return 0, fmt.Errorf("change the photos of SMB %d: %w", smbID, err)
	}
	return pageID, nil
}
