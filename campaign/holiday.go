package campaign

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// ListHolidays implements fibonacco.HolidayService.
func (s *Service) ListHolidays(ctx context.Context, communityID int64) (all []fibonacco.Holiday, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if err := mayKeepHolidays(ctx, tx, communityID); err != nil {
			return err
		}
		all, err = db.Select[fibonacco.Holiday](ctx, tx, `
			SELECT CAST(day AS text) AS day, name FROM community_holidays WHERE community_id = $1 ORDER BY day`, communityID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the holidays of community %d: %w", communityID, err)
	}
	return all, nil
}

// SetHoliday implements fibonacco.HolidayService.
func (s *Service) SetHoliday(ctx context.Context, communityID int64, day, name string) error {
	if at, err := time.Parse(dateLayout, day); err != nil || at.Year() < 1 {
		return fibonacco.InvalidFields("the holiday cannot be stored", []fibonacco.FieldError{{Field: "day", Reason: "must be a date like 2026-11-27"}})
	}
	if name = strings.TrimSpace(name); len(name) > columnSize {
		return fibonacco.InvalidFields("the holiday cannot be stored", []fibonacco.FieldError{{Field: "name", Reason: "is longer than 255 bytes"}})
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if err := mayKeepHolidays(ctx, tx, communityID); err != nil {
			return err
		}
		was, err := db.Select[string](ctx, tx, `SELECT name FROM community_holidays WHERE community_id = $1 AND day = $2`, communityID, day)
		switch {
		case err != nil:
			return fmt.Errorf("read the holiday %s of community %d: %w", day, communityID, err)
		case len(was) == 0 && name == "", len(was) == 1 && was[0] == name:
			return nil
		case name == "":
			_, err = tx.Exec(ctx, `DELETE FROM community_holidays WHERE community_id = $1 AND day = $2`, communityID, day)
		default:
			_, err = tx.Exec(ctx, `
				INSERT INTO community_holidays (community_id, day, name) VALUES ($1, $2, $3)
				ON CONFLICT (community_id, day) DO UPDATE SET name = excluded.name`, communityID, day, name)
		}
		if err != nil {
			return fmt.Errorf("store the holiday %s of community %d: %w", day, communityID, err)
		}
		return audit.Record(ctx, tx, holidayEntry(communityID, day, was, name))
	})
}

// mayKeepHolidays returns NotFound for a community that is unknown, or not the caller's.
func mayKeepHolidays(ctx context.Context, tx *db.Tx, communityID int64) error {
	if !fibonacco.InScope(ctx, communityID) {
		return fibonacco.Errorf(fibonacco.NotFound, "there is no community %d", communityID)
	}
	_, err := loadTown(ctx, tx, communityID)
	return err
}

// holidayEntry is a change of a day off for the audit log.
func holidayEntry(communityID int64, day string, was []string, name string) fibonacco.AuditEntry {
	e := fibonacco.AuditEntry{Action: "community.holiday_set", Entity: "community", EntityID: fmt.Sprint(communityID), CommunityID: &communityID}
	if len(was) > 0 {
		e.Before = map[string]any{day: was[0]}
	}
	if e.After = map[string]any{day: name}; name == "" {
		e.Action, e.After = "community.holiday_removed", nil
	}
	return e
}
