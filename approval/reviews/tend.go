package reviews

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// atOnce bounds one transaction of what happens by itself.
const atOnce = 100

// tooLate is how long after its time a reminder still makes sense.
const tooLate = 14 * 24 * time.Hour

// shows is true of rows of a business whose page is open.
const shows = `EXISTS (SELECT 1 FROM review_pages p JOIN smbs ON smbs.id = p.smb_id AND smbs.deleted_at IS NULL
	WHERE p.smb_id = %s.smb_id AND p.open AND p.withdrawn_at IS NULL)`

// Tend publishes what nobody has decided about, reminds those who have not answered, and forgets where
// reviews came from. It runs every hour.
func (s *Service) Tend(ctx context.Context, _ time.Time) error {
	for _, step := range []func(ctx context.Context) (int, error){s.publishDue, s.remindDue} {
		for n := atOnce; n == atOnce; {
			var err error
			if n, err = step(ctx); err != nil {
				return err
			}
		}
	}
	return s.o.DB.Update(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE reviews SET sender = NULL WHERE sender IS NOT NULL AND created_at < $1`, tx.Now.Add(-senderKept)); err != nil {
			return fmt.Errorf("forget where reviews came from: %w", err)
		}
		return nil
	})
}

// publishDue makes public what waited for seven days; n is how many.
func (s *Service) publishDue(ctx context.Context) (n int, err error) {
	err = s.o.DB.Update(ctx, func(tx *db.Tx) error {
		type published struct {
			ID    int64
			SMBID int64 `db:"smb_id"`
		}
		all, err := db.Select[published](ctx, tx, `
			UPDATE reviews SET status = 'published', published_at = $1, updated_at = $1
			WHERE status = 'waiting' AND id IN (SELECT id FROM reviews WHERE status = 'waiting' AND publish_at <= $1 AND `+fmt.Sprintf(shows, "reviews")+`
				ORDER BY publish_at LIMIT $2)
			RETURNING id, smb_id`, tx.Now, atOnce)
		if err != nil {
			return fmt.Errorf("publish reviews that waited: %w", err)
		}
		n = len(all)
		for _, r := range all {
			p, err := placeOf(ctx, tx, r.SMBID, false)
			if err != nil {
				return err
			}
			if err := s.tellWriter(ctx, tx, p, r.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// remindDue writes once more to those who were asked a week ago; n is how many it looked at. Who may be
// written to is asked again: a week is long.
func (s *Service) remindDue(ctx context.Context) (n int, err error) {
	err = s.o.DB.Update(ctx, func(tx *db.Tx) error {
		ids, err := db.Select[int64](ctx, tx, `
			SELECT id FROM review_requests WHERE remind_at <= $1 AND `+fmt.Sprintf(shows, "review_requests")+` ORDER BY remind_at LIMIT $2`, tx.Now, atOnce)
		if err != nil {
			return fmt.Errorf("look for reminders: %w", err)
		}
		n = len(ids)
		for _, id := range ids {
			if err := s.remind(ctx, tx, id); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

func (s *Service) remind(ctx context.Context, tx *db.Tx, id int64) error {
	var at time.Time
	r := fibonacco.ReviewRequest{ID: id}
	// Whoever answers or declines at this moment is either seen here, or finds the reminder gone.
	err := tx.QueryRow(ctx, `
		UPDATE review_requests SET remind_at = NULL, updated_at = $1 WHERE id = $2 AND remind_at IS NOT NULL
		RETURNING smb_id, name, email, created_at`, tx.Now, id).Scan(&r.SMBID, &r.Name, &r.Email, db.Time(&at))
	if db.IsNoRows(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("claim the reminder of review request %d: %w", id, err)
	}
	held, err := s.o.Held(ctx, tx, r.Email)
	if err != nil || held != "" || tx.Now.After(at.Add(remindAfter+tooLate)) {
		return err
	}
	p, err := placeOf(ctx, tx, r.SMBID, false)
	if err != nil {
		return err
	}
	r.Business = p.Business
	if _, err := tx.Exec(ctx, `UPDATE review_requests SET reminded_at = $1 WHERE id = $2`, tx.Now, id); err != nil {
		return fmt.Errorf("remind of review request %d: %w", id, err)
	}
	return s.mailRequest(ctx, tx, r, true)
}
