package reviews

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// OpenReviews implements fibonacco.ReviewKeeper.
func (s *Service) OpenReviews(ctx context.Context, smbID int64, open bool) error {
	return s.kept(ctx, smbID, func(tx *db.Tx, _ *place) error {
		if _, err := tx.Exec(ctx, `UPDATE review_pages SET open = $1, updated_at = $2 WHERE smb_id = $3`, open, tx.Now, smbID); err != nil {
			return fmt.Errorf("open the review page of SMB %d: %w", smbID, err)
		}
		return nil
	})
}

// PublishReview implements fibonacco.ReviewKeeper. What is public already stays so.
func (s *Service) PublishReview(ctx context.Context, smbID, id int64) error {
	return s.kept(ctx, smbID, func(tx *db.Tx, p *place) error {
		was, err := s.find(ctx, tx, smbID, id)
		if err != nil || was.Status == "published" {
			return err
		}
		if _, err := tx.Exec(ctx, `
			UPDATE reviews SET status = 'published', published_at = COALESCE(published_at, $1), held_reason = NULL, held_at = NULL, updated_at = $1
			WHERE id = $2`, tx.Now, id); err != nil {
			return fmt.Errorf("publish review %d: %w", id, err)
		}
		if err := s.tellWriter(ctx, tx, p, id); err != nil {
			return err
		}
		return s.note(ctx, tx, "review.published", was, "")
	})
}

// HoldReview implements fibonacco.ReviewKeeper. It never looks at the stars, and neither can an owner:
// one review is held at a time, for a reason that stays on record.
func (s *Service) HoldReview(ctx context.Context, smbID, id int64, reason string) error {
	refused := func(why string) error {
		return fibonacco.InvalidFields("the review stays as it is", []fibonacco.FieldError{{Field: "reason", Reason: why}})
	}
	if !fibonacco.KnownHoldReason(reason) {
		return refused("must be one of the four: a bad review is none of them")
	}
	return s.kept(ctx, smbID, func(tx *db.Tx, _ *place) error {
		was, err := s.find(ctx, tx, smbID, id)
		if err != nil {
			return err
		}
		if was.Verified && reason == "not_a_customer" {
			return refused("does not fit: you named this customer yourself")
		}
		if was.HeldReason == reason {
			return nil
		}
		if _, err := tx.Exec(ctx, `
			UPDATE reviews SET status = 'held', held_reason = $1, held_at = $2, updated_at = $2 WHERE id = $3`, reason, tx.Now, id); err != nil {
			return fmt.Errorf("hold review %d: %w", id, err)
		}
		return s.note(ctx, tx, "review.held", was, reason)
	})
}

// RespondToReview implements fibonacco.ReviewKeeper.
func (s *Service) RespondToReview(ctx context.Context, smbID, id int64, response string) error {
	response = strings.TrimSpace(strings.ReplaceAll(response, "\r", ""))
	if reason := unwritable(response, 2000); reason != "" {
		return fibonacco.InvalidFields("the answer was not saved", []fibonacco.FieldError{{Field: "response", Reason: reason}})
	}
	return s.kept(ctx, smbID, func(tx *db.Tx, _ *place) error {
		was, err := s.find(ctx, tx, smbID, id)
		if err != nil {
			return err
		}
		if was.Status != "published" {
			return fibonacco.Errorf(fibonacco.Conflict, "only a public review can be answered in public")
		}
		var at any
		if response != "" {
			at = tx.Now
		}
		if _, err := tx.Exec(ctx, `
			UPDATE reviews SET response = $1, responded_at = $2, updated_at = $3 WHERE id = $4`, db.Null(response), at, tx.Now, id); err != nil {
			return fmt.Errorf("answer review %d: %w", id, err)
		}
		return nil
	})
}

// kept runs do for a business that has reviews set up. Its lock puts changes of one business in a row.
func (s *Service) kept(ctx context.Context, smbID int64, do func(tx *db.Tx, p *place) error) error {
	return s.o.DB.Update(ctx, func(tx *db.Tx) error {
		p, err := placeOf(ctx, tx, smbID, true)
		if err != nil {
			return err
		}
		if p.Withdrawn {
			return missing()
		}
		return do(tx, p)
	})
}

// find returns NotFound for a review that is not the business's.
func (s *Service) find(ctx context.Context, tx *db.Tx, smbID, id int64) (*fibonacco.Review, error) {
	all, err := list(ctx, tx, `id = $1 AND smb_id = $2`, id, smbID)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no such review")
	}
	return &all[0], nil
}

// note keeps who decided what for staff to see: nobody but the owner, or time, decides.
func (s *Service) note(ctx context.Context, tx *db.Tx, action string, was *fibonacco.Review, reason string) error {
	community, err := db.Get[int64](ctx, tx, `SELECT community_id FROM smbs WHERE id = $1`, was.SMBID)
	if err != nil {
		return fmt.Errorf("read the community of SMB %d: %w", was.SMBID, err)
	}
	after := map[string]any{"review_id": was.ID, "stars": was.Stars, "by": "the owner"}
	if reason != "" {
		after["held_reason"] = reason
	}
	return audit.Record(ctx, tx, fibonacco.AuditEntry{
		Action: action, Entity: "smb", EntityID: strconv.FormatInt(was.SMBID, 10), CommunityID: &community,
		Before: map[string]any{"status": was.Status, "held_reason": was.HeldReason}, After: after,
	})
}
