package merge

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// UndoMerge implements fibonacco.MergeService. What the survivor got to know since stays with it,
// and so does every message that left. A no that was said while the two were one holds for both.
// Returns Conflict, for now, while a message of the survivor is on its way. Publishes SMBUpdated of
// both.
func (s *Service) UndoMerge(ctx context.Context, id string) error {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return noSuchMerge()
	}
	return s.o.DB.Update(ctx, func(tx *db.Tx) error {
		locked, err := lockMerged(ctx, tx, parsed.String())
		if err != nil {
			return err
		}
		// Read only now that both are ours: whoever undid it at the same time has committed.
		m, err := findMerge(ctx, tx, parsed.String())
		if err != nil {
			return err
		}
		survivor, other := locked[m.SurvivorID], locked[m.OtherID]
		if err := separable(ctx, tx, survivor, other); err != nil {
			return err
		}
		return s.undo(ctx, tx, m, survivor, other)
	})
}

func noSuchMerge() error { return fibonacco.Errorf(fibonacco.NotFound, "there is no such merge") }

// undoable is a merge with everything that undoing it takes.
type undoable struct {
	fibonacco.Merge
	stored
	rows moved
}

// findMerge returns NotFound for a merge that is unknown or not the caller's to see.
func findMerge(ctx context.Context, tx *db.Tx, id string) (*undoable, error) {
	m := &undoable{}
	var communityID int64
	var forgottenAt *time.Time
	var before, after, other, choose, rows string
	err := scanMerge(tx.QueryRow(ctx, `
		SELECT `+mergeColumns+`, community_id, forgotten_at, CAST(before AS text), CAST(after AS text), CAST(other AS text),
			CAST(choose AS text), CAST(moved AS text)
		FROM merges WHERE uuid = $1`, id), &m.Merge,
		&communityID, db.TimePtr(&forgottenAt), &before, &after, &other, &choose, &rows)
	if db.IsNoRows(err) || err == nil && !fibonacco.InScope(ctx, communityID) {
		return nil, noSuchMerge()
	}
	if err != nil {
		return nil, fmt.Errorf("find merge %s: %w", id, err)
	}
	switch {
	case m.UndoneAt != nil:
		return nil, fibonacco.Errorf(fibonacco.Conflict, "this merge has been undone already")
	case forgottenAt != nil:
		return nil, fibonacco.Errorf(fibonacco.Conflict, "one of the two businesses is gone for good: the merge cannot be undone")
	case tx.Now.After(m.UndoUntil):
		return nil, fibonacco.Errorf(fibonacco.Conflict, "a merge can be undone for 30 days, and this one is older")
	}
	m.stored.id = m.Merge.ID
	if err := m.decode(before, after, other, choose); err != nil {
		return nil, err
	}
	return m, decode(rows, &m.rows)
}

// lockMerged reads the two businesses of a merge as they are now, and keeps others from changing
// them. One that is gone is not among them.
func lockMerged(ctx context.Context, tx *db.Tx, id string) (map[int64]*record, error) {
	type row struct{ Survivor, Other int64 }
	m, err := db.Get[row](ctx, tx, `SELECT survivor_id AS survivor, other_id AS other FROM merges WHERE uuid = $1`, id)
	if db.IsNoRows(err) {
		return nil, noSuchMerge()
	}
	if err != nil {
		return nil, fmt.Errorf("find merge %s: %w", id, err)
	}
	found, err := read(ctx, tx, `WHERE smbs.id IN ($1...) AND smbs.erased_at IS NULL ORDER BY smbs.id FOR UPDATE OF smbs`, []int64{m.Survivor, m.Other})
	if err != nil {
		return nil, fmt.Errorf("read SMBs %d and %d: %w", m.Survivor, m.Other, err)
	}
	return found, nil
}

// separable returns a Conflict when one of the two is not there as the merge left it.
func separable(ctx context.Context, tx *db.Tx, survivor, other *record) error {
	switch {
	case survivor != nil && !fibonacco.InScope(ctx, survivor.CommunityID): // it has moved
		return noSuchMerge()
	case other == nil || other.DeletedAt == nil:
		return fibonacco.Errorf(fibonacco.Conflict, "the business that was merged away is gone for good: the merge cannot be undone")
	case survivor == nil:
		return fibonacco.Errorf(fibonacco.Conflict, "the business that remained is gone for good: the merge cannot be undone")
	case survivor.DeletedAt == nil:
		return nil
	}
	into, err := db.Count(ctx, tx, `SELECT count(*) FROM merges WHERE other_id = $1 AND undone_at IS NULL`, survivor.ID)
	if err != nil {
		return fmt.Errorf("read the merges of SMB %d: %w", survivor.ID, err)
	}
	if into > 0 {
		return fibonacco.Errorf(fibonacco.Conflict, "the business that remained has itself been merged into another since: undo that first")
	}
	return fibonacco.Errorf(fibonacco.Conflict, "the business that remained has been deleted since")
}

func (s *Service) undo(ctx context.Context, tx *db.Tx, m *undoable, survivor, other *record) error {
	later, err := readLater(ctx, tx, survivor.ID, m.Merge.ID)
	if err != nil {
		return err
	}
	without := replay(&m.stored, later, survivor)
	kept, back := without.state, *m.other
	back.CommunityID, back.Version, back.DeletedAt = other.CommunityID, other.Version, nil
	back.NextScheduledSend = nil // it was cancelled
	if without.placeBack() {
		takePlace(&back, survivor) // as far as it has come
	}
	if without.placeNow != without.placeThen {
		kept.NextScheduledSend = nil
	}
	if err := m.rows.back(ctx, tx, other.ID, survivor.ID); err != nil {
		return err
	}
	if err := keepRefusals(ctx, tx, m, without.refused, &kept, &back); err != nil {
		return err
	}
	for _, r := range []*record{&kept, &back} {
		if err := seenSince(ctx, tx, r, m.MergedAt); err != nil {
			return err
		}
		if err := store(ctx, tx, r); err != nil {
			return err
		}
	}
	if without.placeNow != without.placeThen { // what waits was planned on a place that the survivor leaves
		if err := s.o.TakeOver(ctx, tx, fibonacco.QueuedMove{From: survivor.ID, To: other.ID, Place: without.placeBack(), StepsOnly: true}); err != nil {
			return err
		}
	}
	if err := markUndone(ctx, tx, m, later); err != nil {
		return err
	}
	return s.tell(ctx, tx, "smb.merge_undone", &m.Merge, [2]*record{survivor, &kept}, [2]*record{other, &back})
}

// keepRefusals sees to it that whoever said no while the two were one is heard by both. An opt-in
// that comes back is taken away again where a withdrawal was written down since the merge: there
// was nothing to be seen of it.
func keepRefusals(ctx context.Context, tx *db.Tx, m *undoable, refused map[string]bool, kept, back *record) error {
	withdrawn, err := db.Select[string](ctx, tx, `
		SELECT DISTINCT channel FROM consents WHERE smb_id IN ($1...) AND granted = FALSE AND created_at > $2`,
		[]int64{m.SurvivorID, m.OtherID}, m.MergedAt)
	if err != nil {
		return fmt.Errorf("read the withdrawals of SMB %d: %w", m.SurvivorID, err)
	}
	for _, channel := range withdrawn {
		name := channel + "_opted_in"
		if _, later := refused[name]; !later { // a later yes is in there too
			refused[name] = true
		}
	}
	for _, c := range columns {
		if refused[c.name] {
			no := c.rule == either
			*c.at(kept).(*bool), *c.at(back).(*bool) = no, no
		}
	}
	return nil
}

// seenSQL is when a business last did something, from the rows that are its own, since $2.
var seenSQL = map[string]string{
	"last_email_open":   `SELECT MAX(opened_at) FROM campaign_sends WHERE smb_id = $1 AND opened_at >= $2`,
	"last_email_click":  `SELECT MAX(clicked_at) FROM campaign_sends WHERE smb_id = $1 AND clicked_at >= $2`,
	"last_content_view": `SELECT MAX(COALESCE(completed_at, started_at)) FROM content_views WHERE smb_id = $1 AND COALESCE(completed_at, started_at) >= $2`,
	"last_approval":     `SELECT MAX(approved_at) FROM approvals WHERE smb_id = $1 AND approved_at >= $2`,
}

// seenSince moves the last_* columns of a business on to what it did since the merge: which of the
// two did it stands in the rows, which are back where they belong.
func seenSince(ctx context.Context, tx *db.Tx, r *record, mergedAt time.Time) error {
	for _, c := range columns {
		if c.rule != newest {
			continue
		}
		var at *time.Time
		if err := tx.QueryRow(ctx, seenSQL[c.name], r.ID, mergedAt).Scan(db.TimePtr(&at)); err != nil {
			return fmt.Errorf("read %s of SMB %d: %w", c.name, r.ID, err)
		}
		last := c.at(r).(**time.Time) //nolint:forcetypeassert // a last_* column
		*last = later(*last, at)
	}
	return nil
}

// markUndone ends a merge, and leaves to the later ones what they would have found and left
// without it.
func markUndone(ctx context.Context, tx *db.Tx, m *undoable, later []*stored) error {
	var by any
	if p := fibonacco.PrincipalOf(ctx); p != nil {
		by = db.Null(p.UserID)
	}
	if _, err := tx.Exec(ctx, `UPDATE merges SET undone_at = $1, undone_by = $2 WHERE id = $3`, tx.Now, by, m.Merge.ID); err != nil {
		return fmt.Errorf("mark merge %d undone: %w", m.Merge.ID, err)
	}
	for _, l := range later {
		if _, err := tx.Exec(ctx, `UPDATE merges SET before = $1, after = $2 WHERE id = $3`, db.JSON(l.before), db.JSON(l.after), l.id); err != nil {
			return fmt.Errorf("rewrite merge %d: %w", l.id, err)
		}
	}
	return nil
}
