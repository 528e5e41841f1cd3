package merge

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb/search"
)

// undoFor is how long a merge can be undone.
const undoFor = 30 * 24 * time.Hour

// Options is what a Service leans on. The functions work in the caller's transaction.
type Options struct {
	DB       *db.DB
	Queue    *queue.Queue                                                       // publishes SMBUpdated
	Rescore  func(ctx context.Context, tx *db.Tx, smbIDs []int64) error         // computes the score of SMBs anew
	TakeOver func(ctx context.Context, tx *db.Tx, m fibonacco.QueuedMove) error // settles what is queued
}

// Service makes and undoes merges. Safe for concurrent use.
type Service struct{ o Options }

// New makes the service.
func New(o Options) *Service { return &Service{o} }

// MergeSMBs implements fibonacco.MergeService. Returns Conflict, for now, while a message of the
// other is on its way. Publishes SMBUpdated of both, the other's naming deleted_at.
func (s *Service) MergeSMBs(ctx context.Context, survivorID, otherID int64, choose map[string]string) (made *fibonacco.Merge, err error) {
	if err := checkChoices(choose); err != nil {
		return nil, err
	}
	err = s.o.DB.Update(ctx, func(tx *db.Tx) error {
		c, err := meet(ctx, tx, survivorID, otherID, choose, ` FOR UPDATE OF smbs`)
		if err != nil {
			return err
		}
		made, err = s.merge(ctx, tx, c, choose)
		return err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// couple is two businesses on their way to become one.
type couple struct {
	survivor, other, result *record
	today                   string // the local date
}

// meet reads two businesses and works out what would become of them. lock keeps everybody else
// from changing them, and from adding rows that name them.
func meet(ctx context.Context, tx *db.Tx, survivorID, otherID int64, choose map[string]string, lock string) (*couple, error) {
	if survivorID == otherID {
		return nil, fibonacco.InvalidFields("the businesses cannot be merged", []fibonacco.FieldError{{Field: "other", Reason: "is the business itself"}})
	}
	found, err := read(ctx, tx, `WHERE smbs.id IN ($1...) AND smbs.deleted_at IS NULL AND smbs.erased_at IS NULL ORDER BY smbs.id`+lock, []int64{survivorID, otherID})
	if err != nil {
		return nil, fmt.Errorf("read SMBs %d and %d: %w", survivorID, otherID, err)
	}
	c := &couple{survivor: found[survivorID], other: found[otherID]}
	for _, r := range []*record{c.survivor, c.other} {
		if r == nil || !fibonacco.InScope(ctx, r.CommunityID) {
			return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no such business")
		}
	}
	if c.survivor.CommunityID != c.other.CommunityID {
		return nil, fibonacco.Errorf(fibonacco.Conflict, "the two are in different communities: move one of them first")
	}
	if err := readTags(ctx, tx, c.survivor, c.other); err != nil {
		return nil, err
	}
	c.result = combine(c.survivor, c.other, choose)
	c.result.Tags = joined(c.survivor.Tags, c.other.Tags)
	c.today, err = today(ctx, tx, c.survivor.CommunityID)
	return c, err
}

func readTags(ctx context.Context, tx *db.Tx, records ...*record) error {
	for _, r := range records {
		tags, err := db.Select[string](ctx, tx, `SELECT tag FROM smb_tags WHERE smb_id = $1 ORDER BY tag`, r.ID)
		if err != nil {
			return fmt.Errorf("read the tags of SMB %d: %w", r.ID, err)
		}
		r.Tags = append([]string{}, tags...)
	}
	return nil
}

// today is the date in a community.
func today(ctx context.Context, tx *db.Tx, communityID int64) (string, error) {
	timezone, err := db.Get[string](ctx, tx, `SELECT timezone FROM communities WHERE id = $1`, communityID)
	if err != nil {
		return "", fmt.Errorf("read community %d: %w", communityID, err)
	}
	zone, err := fibonacco.LoadZone(timezone)
	if err != nil {
		return "", err
	}
	return tx.Now.In(zone).Format(time.DateOnly), nil
}

func (s *Service) merge(ctx context.Context, tx *db.Tx, c *couple, choose map[string]string) (*fibonacco.Merge, error) {
	rows, _, _, err := splitAll(ctx, tx, c.survivor.ID, c.other.ID, c.today)
	if err != nil {
		return nil, err
	}
	gone := *c.other
	gone.DeletedAt, gone.NextScheduledSend = &tx.Now, nil
	if err := store(ctx, tx, c.result); err != nil {
		return nil, err
	}
	if err := s.o.TakeOver(ctx, tx, fibonacco.QueuedMove{
		From: c.other.ID, To: c.survivor.ID, Place: takesPlace(c.survivor, c.other, choose),
	}); err != nil {
		return nil, err
	}
	if err := store(ctx, tx, &gone); err != nil {
		return nil, err
	}
	if err := rows.to(ctx, tx, c.survivor.ID, c.other.ID); err != nil {
		return nil, err
	}
	made, err := insertMerge(ctx, tx, c, choose, rows)
	if err != nil {
		return nil, err
	}
	return made, s.tell(ctx, tx, "smb.merged", made, [2]*record{c.survivor, c.result}, [2]*record{c.other, &gone})
}

func insertMerge(ctx context.Context, tx *db.Tx, c *couple, choose map[string]string, rows moved) (*fibonacco.Merge, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make a uuid: %w", err)
	}
	m := &fibonacco.Merge{
		UUID: id.String(), SurvivorID: c.survivor.ID, OtherID: c.other.ID, Fields: fieldsOf(c.survivor, c.other, c.result),
		MergedAt: tx.Now, UndoUntil: tx.Now.Add(undoFor),
	}
	if p := fibonacco.PrincipalOf(ctx); p != nil && p.UserID != 0 {
		m.MergedBy = &p.UserID
	}
	if choose == nil {
		choose = map[string]string{}
	}
	err = tx.QueryRow(ctx, `
		INSERT INTO merges (uuid, community_id, survivor_id, other_id, fields, choose, before, after, other, moved, merged_by, merged_at, undo_until)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id`,
		m.UUID, c.survivor.CommunityID, m.SurvivorID, m.OtherID, db.JSON(m.Fields), db.JSON(choose),
		db.JSON(c.survivor), db.JSON(c.result), db.JSON(c.other), db.JSON(rows), m.MergedBy, m.MergedAt, m.UndoUntil).Scan(&m.ID)
	if err != nil {
		return nil, fmt.Errorf("insert the merge of SMBs %d and %d: %w", m.SurvivorID, m.OtherID, err)
	}
	return m, nil
}

// tell brings up to date what follows from two businesses that were changed, each given as it was
// and as it is, and lets everybody know.
func (s *Service) tell(ctx context.Context, tx *db.Tx, action string, m *fibonacco.Merge, both ...[2]*record) error {
	ids := []int64{min(m.SurvivorID, m.OtherID), max(m.SurvivorID, m.OtherID)}
	if err := s.o.Rescore(ctx, tx, ids); err != nil {
		return err
	}
	if err := search.Reindex(ctx, tx, ids); err != nil {
		return err
	}
	var entries []fibonacco.AuditEntry
	var events []fibonacco.Event
	for _, versions := range both {
		was, is := versions[0], versions[1]
		fields := changedFields(was, is)
		entry := fibonacco.AuditEntry{
			Action: action, Entity: "smb", EntityID: strconv.FormatInt(is.ID, 10), CommunityID: &is.CommunityID,
			Before: map[string]any{}, After: map[string]any{"merge": m.UUID, "survivor_id": m.SurvivorID, "other_id": m.OtherID},
		}
		maps.Copy(entry.Before, values(was, fields))
		maps.Copy(entry.After, values(is, fields))
		entries = append(entries, entry)
		events = append(events, fibonacco.SMBUpdated{SMBID: is.ID, CommunityID: is.CommunityID, Fields: eventFields(was, is, fields)})
	}
	if err := audit.Record(ctx, tx, entries...); err != nil {
		return err
	}
	return s.o.Queue.Publish(ctx, tx, events...)
}

// eventFields is what SMBUpdated says of a business that was deleted, came back, or changed.
func eventFields(was, is *record, fields []string) []string {
	switch {
	case is.DeletedAt != nil:
		return []string{"deleted_at"}
	case was.DeletedAt != nil:
		return []string{"restored"}
	}
	return fields
}

// values is columns of a record by name.
func values(r *record, names []string) map[string]any {
	all := map[string]any{}
	for _, c := range columns {
		for _, name := range names {
			if c.name == name {
				all[name] = c.value(r)
			}
		}
	}
	return all
}
