package smb

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// The Rescore… methods are event handlers (see cmd/fibonacco/flow.go): each recomputes the scores
// of the SMBs that its events are about and moves their last_* columns on. Scores are computed
// from the rows and not from the events, so an event that comes twice, late or out of order
// changes nothing. Deleted SMBs are passed over.

// RescoreOpened handles opened mails: last_email_open.
func (s *Service) RescoreOpened(ctx context.Context, events []fibonacco.EmailOpened) error {
	return rescoreEach(ctx, s, events, func(e fibonacco.EmailOpened) (int64, seen) { return e.SMBID, seen{open: moment(e.At)} })
}

// RescoreClicked handles followed links: last_email_click, and last_email_open, since a click
// implies an open.
func (s *Service) RescoreClicked(ctx context.Context, events []fibonacco.EmailClicked) error {
	return rescoreEach(ctx, s, events, func(e fibonacco.EmailClicked) (int64, seen) {
		return e.SMBID, seen{open: moment(e.At), click: moment(e.At)}
	})
}

// RescoreVoicemail handles delivered voicemails, which have neither points nor a column of their
// own; the score is brought up to date.
func (s *Service) RescoreVoicemail(ctx context.Context, events []fibonacco.RVMDropDelivered) error {
	return rescoreEach(ctx, s, events, func(e fibonacco.RVMDropDelivered) (int64, seen) { return e.SMBID, seen{} })
}

// RescoreCalled handles calls; those of callers nobody knows are passed over.
func (s *Service) RescoreCalled(ctx context.Context, events []fibonacco.CallbackReceived) error {
	return rescoreEach(ctx, s, events, func(e fibonacco.CallbackReceived) (int64, seen) { return e.SMBID, seen{} })
}

// RescoreViewed handles opened learning pages: last_content_view.
func (s *Service) RescoreViewed(ctx context.Context, events []fibonacco.ContentViewed) error {
	return s.rescoreRows(ctx, `SELECT id, started_at FROM content_views WHERE id IN ($1...)`,
		each(events, func(e fibonacco.ContentViewed) row { return row{e.SMBID, e.ViewID} }),
		func(at *time.Time) seen { return seen{view: at} })
}

// RescoreCompleted handles learning pages that were followed to their end: last_content_view.
func (s *Service) RescoreCompleted(ctx context.Context, events []fibonacco.ContentCompleted) error {
	return s.rescoreRows(ctx, `SELECT id, completed_at FROM content_views WHERE id IN ($1...)`,
		each(events, func(e fibonacco.ContentCompleted) row { return row{e.SMBID, e.ViewID} }),
		func(at *time.Time) seen { return seen{view: at} })
}

// RescoreApproved handles approvals: last_approval.
func (s *Service) RescoreApproved(ctx context.Context, events []fibonacco.ApprovalSubmitted) error {
	return s.rescoreRows(ctx, `SELECT id, approved_at FROM approvals WHERE id IN ($1...)`,
		each(events, func(e fibonacco.ApprovalSubmitted) row { return row{e.SMBID, e.ApprovalID} }),
		func(at *time.Time) seen { return seen{approval: at} })
}

// UpdateEngagement implements fibonacco.SMBService. A click implies an open; meetings and
// callbacks have no column. Invalid for a kind that does not exist.
func (s *Service) UpdateEngagement(ctx context.Context, smbID int64, kind fibonacco.EngagementKind, at time.Time) error {
	var just seen
	switch kind {
	case fibonacco.KindOpen:
		just.open = moment(at)
	case fibonacco.KindClick:
		just.open, just.click = moment(at), moment(at)
	case fibonacco.KindView, fibonacco.KindComplete:
		just.view = moment(at)
	case fibonacco.KindApproval:
		just.approval = moment(at)
	case fibonacco.KindMeeting, fibonacco.KindCallback:
	default:
		return fibonacco.InvalidFields("the engagement cannot be recorded", []fibonacco.FieldError{{Field: "kind", Reason: "is not a kind of engagement"}})
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		done, err := s.rescore(ctx, tx, []int64{smbID}, map[int64]seen{smbID: just})
		if err == nil && len(done) == 0 {
			err = noSuchSMB()
		}
		return err
	})
}

// moment is a time as the databases keep it; nil for the zero time.
func moment(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC().Truncate(time.Microsecond)
	return &at
}

// rescoreEach rescores the SMBs of events that say themselves when what they tell was.
func rescoreEach[E fibonacco.Event](ctx context.Context, s *Service, events []E, of func(E) (smbID int64, just seen)) error {
	just := map[int64]seen{}
	for _, e := range events {
		id, one := of(e)
		just[id] = just[id].merge(one)
	}
	return s.rescoreAll(ctx, just)
}

// row is an SMB and the row that an event of it is about.
type row struct{ smbID, id int64 }

func each[E fibonacco.Event](events []E, of func(E) row) []row {
	rows := make([]row, len(events))
	for i, e := range events {
		rows[i] = of(e)
	}
	return rows
}

// rescoreRows rescores the SMBs of events whose time stands in the row that they are about.
func (s *Service) rescoreRows(ctx context.Context, timesSQL string, rows []row, of func(at *time.Time) seen) error {
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.id
	}
	at := make(map[int64]*time.Time, len(rows))
	if err := s.db.View(ctx, func(tx *db.Tx) error {
		found, err := tx.Query(ctx, timesSQL, ids)
		if err != nil {
			return err
		}
		defer func() { _ = found.Close() }()
		for found.Next() {
			var id int64
			var when *time.Time
			if err := found.Scan(&id, db.TimePtr(&when)); err != nil {
				return err
			}
			at[id] = when
		}
		return found.Err()
	}); err != nil {
		return fmt.Errorf("read when %d things happened: %w", len(rows), err)
	}
	just := map[int64]seen{}
	for _, r := range rows {
		just[r.smbID] = just[r.smbID].merge(of(at[r.id]))
	}
	return s.rescoreAll(ctx, just)
}

// rescoreAll rescores in transactions of bounded size. An SMB id of 0 is nobody.
func (s *Service) rescoreAll(ctx context.Context, just map[int64]seen) error {
	delete(just, 0)
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(just)), rescoreAtOnce) {
		if err := s.db.Update(ctx, func(tx *db.Tx) error {
			_, err := s.rescore(ctx, tx, ids, just)
			return err
		}); err != nil {
			return fmt.Errorf("rescore %d SMBs: %w", len(ids), err)
		}
	}
	return nil
}
