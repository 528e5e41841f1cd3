package calendar

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// mostToCome is how many events of one business may be to come.
const mostToCome = 50

// SaveEvent implements fibonacco.CommunityEvents. Conflict when there are too many already.
func (s *Service) SaveEvent(ctx context.Context, smbID, id int64, draft fibonacco.EventDraft) (saved int64, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		zone, err := posterZone(ctx, tx, smbID)
		if err != nil {
			return err
		}
		e, err := read(draft, zone, tx.Now)
		if err != nil {
			return err
		}
		if id == 0 {
			saved, err = insertEvent(ctx, tx, smbID, e)
			return err
		}
		saved = id
		n, err := tx.Exec(ctx, `
			UPDATE community_events SET title = $1, about = $2, place = $3, audience = $4, link = $5, starts_at = $6, ends_at = $7, over_at = $8,
				sequence = sequence + CASE WHEN state = 'draft' THEN 0 ELSE 1 END, updated_at = $9
			WHERE id = $10 AND smb_id = $11`,
			e.Title, e.About, e.Place, e.Audience, e.Link, e.starts, e.ends, e.over, tx.Now, id, smbID)
		if err != nil {
			return fmt.Errorf("change event %d: %w", id, err)
		}
		if n == 0 {
			return noEvent()
		}
		return nil
	})
	return saved, err
}

func insertEvent(ctx context.Context, tx *db.Tx, smbID int64, e event) (id int64, err error) {
	n, err := db.Count(ctx, tx, `SELECT count(*) FROM community_events WHERE smb_id = $1 AND over_at > $2`, smbID, tx.Now)
	if err != nil {
		return 0, fmt.Errorf("count the events of SMB %d: %w", smbID, err)
	}
	if n >= mostToCome {
		return 0, fibonacco.Errorf(fibonacco.Conflict, "there are %d events to come already", n)
	}
	err = tx.QueryRow(ctx, `
		INSERT INTO community_events (uuid, smb_id, title, about, place, audience, link, starts_at, ends_at, over_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) RETURNING id`,
		uuid.NewString(), smbID, e.Title, e.About, e.Place, e.Audience, e.Link, e.starts, e.ends, e.over, tx.Now).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("store an event of SMB %d: %w", smbID, err)
	}
	return id, nil
}

// PublishEvent implements fibonacco.CommunityEvents. Doing it again changes nothing.
func (s *Service) PublishEvent(ctx context.Context, smbID, id int64) error {
	return s.advance(ctx, smbID, id, "it is over", `
		UPDATE community_events SET sequence = sequence + CASE state WHEN 'cancelled' THEN 1 ELSE 0 END, state = 'public', published_at = COALESCE(published_at, $1), updated_at = $1
		WHERE id = $2 AND smb_id = $3 AND state IN ('draft', 'cancelled') AND over_at > $1`, fibonacco.EventPublic)
}

// CancelEvent implements fibonacco.CommunityEvents. Doing it again changes nothing.
func (s *Service) CancelEvent(ctx context.Context, smbID, id int64) error {
	return s.advance(ctx, smbID, id, "only what is public and to come can be cancelled", `
		UPDATE community_events SET sequence = sequence + 1, state = 'cancelled', updated_at = $1
		WHERE id = $2 AND smb_id = $3 AND state = 'public' AND over_at > $1`, fibonacco.EventCancelled)
}

// RemoveEvent implements fibonacco.CommunityEvents.
func (s *Service) RemoveEvent(ctx context.Context, smbID, id int64) error {
	return s.advance(ctx, smbID, id, "it was public: cancel it instead", `DELETE FROM community_events WHERE id = $2 AND smb_id = $3 AND state = 'draft' AND created_at <= $1`, "")
}

// advance runs a compare-and-set on one event. Where it changed nothing, the event is in the state
// already, or cannot get there, or is not the business's.
func (s *Service) advance(ctx context.Context, smbID, id int64, because, query string, to fibonacco.EventState) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := posterZone(ctx, tx, smbID); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, query, tx.Now, id, smbID)
		if err != nil {
			return fmt.Errorf("change event %d: %w", id, err)
		}
		if n == 1 {
			return nil
		}
		state, err := db.Get[string](ctx, tx, `SELECT state FROM community_events WHERE id = $1 AND smb_id = $2`, id, smbID)
		switch {
		case db.IsNoRows(err):
			return noEvent()
		case err != nil:
			return fmt.Errorf("read event %d: %w", id, err)
		case fibonacco.EventState(state) == to:
			return nil
		}
		return fibonacco.Errorf(fibonacco.Conflict, "%s", because)
	})
}
