package smb

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

// bulkJob does a bulk change, or goes on with it.
type bulkJob struct {
	JobID int64 `json:"job_id"`
}

// Kind implements queue.Job.
func (bulkJob) Kind() string { return "smb.bulk" }

// bulkPart is how many SMBs are changed in one transaction.
const bulkPart = 500

// previewed is how many SMBs a preview shows.
const previewed = 5

// PreviewBulk implements fibonacco.BulkService.
func (s *Service) PreviewBulk(ctx context.Context, r fibonacco.BulkRequest) (*fibonacco.BulkPreview, error) {
	clean, err := checkBulk(r)
	if err != nil {
		return nil, err
	}
	page, err := s.QuerySMBs(ctx, fibonacco.SMBQuery{Filter: r.Filter, Size: previewed})
	if err != nil {
		return nil, err
	}
	preview := &fibonacco.BulkPreview{Sample: page.Data}
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		if err := checkBulkTown(ctx, tx, clean); err != nil {
			return err
		}
		preview.Changes, preview.Left, err = judge(ctx, tx, clean)
		return err
	})
	if err != nil {
		return nil, err
	}
	preview.Matched = preview.Changes
	for _, n := range preview.Left {
		preview.Matched += n
	}
	return preview, nil
}

// StartBulk implements fibonacco.BulkService. Which SMBs are changed is settled now: what the
// filter matches later is not, and what it no longer matches is. One that is deleted meanwhile, or
// moved out of the caller's communities, is passed over.
func (s *Service) StartBulk(ctx context.Context, r fibonacco.BulkRequest) (*fibonacco.BulkJob, error) {
	clean, err := checkBulk(r)
	if err != nil {
		return nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make a uuid: %w", err)
	}
	var ids []int64
	if err := s.db.View(ctx, func(tx *db.Tx) error {
		if err := checkBulkTown(ctx, tx, clean); err != nil {
			return err
		}
		ids, err = matching(ctx, tx, r.Filter)
		return err
	}); err != nil {
		return nil, err
	}
	var job *fibonacco.BulkJob
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		job, err = s.beginBulk(ctx, tx, id.String(), clean, ids, "")
		return err
	})
	if err != nil {
		return nil, err
	}
	return job, nil
}

// beginBulk stores a change of some SMBs and queues the work. undoOf is the uuid of the change that it
// takes back, "" for any other.
func (s *Service) beginBulk(ctx context.Context, tx *db.Tx, id string, r bulkRequest, ids []int64, undoOf string) (*fibonacco.BulkJob, error) {
	jobID, err := insertBulk(ctx, tx, id, r, ids, undoOf)
	if db.IsUnique(err) {
		return nil, fibonacco.Errorf(fibonacco.Conflict, "this change was taken back before")
	}
	if err != nil {
		return nil, fmt.Errorf("store a bulk change of %d SMBs: %w", len(ids), err)
	}
	if err := recordBulk(ctx, tx, "smbs.bulk_started", id, r.told(len(ids))); err != nil {
		return nil, err
	}
	if err := s.queue.Enqueue(ctx, tx, bulkJob{jobID}); err != nil {
		return nil, err
	}
	row, err := findBulk(ctx, tx, `bulk_jobs.id = $1`, jobID)
	return &row.BulkJob, err
}

// FindBulk implements fibonacco.BulkService. Whoever is limited to communities sees the changes of
// those who are limited to no others.
func (s *Service) FindBulk(ctx context.Context, id string) (job *fibonacco.BulkJob, err error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return nil, noSuchBulk()
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		row, err := findBulk(ctx, tx, `bulk_jobs.uuid = $1`, parsed.String())
		if db.IsNoRows(err) || err == nil && !seesBulk(ctx, row.asker) {
			return noSuchBulk()
		}
		job = &row.BulkJob
		return err
	})
	if err != nil {
		return nil, err
	}
	return job, nil
}

func noSuchBulk() error { return fibonacco.Errorf(fibonacco.NotFound, "there is no such bulk change") }

func seesBulk(ctx context.Context, asker *fibonacco.Principal) bool {
	scope := fibonacco.ScopeOf(ctx)
	if scope == nil {
		return true
	}
	return asker != nil && len(asker.Communities) > 0 &&
		!slices.ContainsFunc(asker.Communities, func(id int64) bool { return !slices.Contains(scope, id) })
}

// matching is the ids of all that a filter matches.
func matching(ctx context.Context, tx *db.Tx, filter fibonacco.SMBFilter) ([]int64, error) {
	n, err := narrow(ctx, tx, filter)
	if err != nil {
		return nil, err
	}
	args := &query.Args{}
	where, err := n.counted(ctx, tx, args.Add)
	if err != nil {
		return nil, err
	}
	ids, err := db.Select[int64](ctx, tx, `SELECT smbs.id FROM smbs WHERE `+strings.Join(where, " AND ")+` ORDER BY smbs.id`, args.Values...)
	if err != nil {
		return nil, fmt.Errorf("find the SMBs of a filter: %w", err)
	}
	return ids, nil
}

func insertBulk(ctx context.Context, tx *db.Tx, id string, r bulkRequest, smbs []int64, undoOf string) (jobID int64, err error) {
	var by any
	asker := fibonacco.PrincipalOf(ctx)
	if asker != nil && asker.UserID != 0 {
		by = asker.UserID
	}
	if err := tx.QueryRow(ctx, `
		INSERT INTO bulk_jobs (uuid, action, request, asker, matched, created_by, created_at, updated_at, undo_of)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8) RETURNING id`,
		id, string(r.Action), db.JSON(r), db.JSON(asker), len(smbs), by, tx.Now, db.Null(undoOf)).Scan(&jobID); err != nil {
		return 0, err
	}
	parts := db.NewBatch("part integer", "ids text")
	for part := range slices.Chunk(smbs, bulkPart) {
		parts.Add(parts.Len(), db.JSON(part))
	}
	_, err = tx.ExecBatch(ctx, parts, `INSERT INTO bulk_parts (job_id, part, smb_ids) SELECT $1, part, ids FROM rows`, jobID)
	return jobID, err
}

// bulkRow is a bulk change as it is stored.
type bulkRow struct {
	fibonacco.BulkJob
	request bulkRequest
	asker   *fibonacco.Principal // nil: the product itself

	takenBack bool // by another change
}

func findBulk(ctx context.Context, tx *db.Tx, where string, arg any) (row bulkRow, err error) {
	var request, asker, left string
	j := &row.BulkJob
	if err := tx.QueryRow(ctx, `
		SELECT id, CAST(uuid AS text), action, status, matched, done, changed, message, created_by, created_at, finished_at,
			CAST(request AS text), CAST(asker AS text), CAST(left_alone AS text), CAST(undo_of AS text),
			EXISTS (SELECT 1 FROM bulk_jobs AS back WHERE back.undo_of = bulk_jobs.uuid)
		FROM bulk_jobs WHERE `+where, arg).Scan(&j.ID, &j.UUID, &j.Action, &j.Status, &j.Matched, &j.Done, &j.Changed, &j.Message, &j.CreatedBy,
		db.Time(&j.CreatedAt), db.TimePtr(&j.FinishedAt), &request, &asker, &left, &j.UndoOf, &row.takenBack); err != nil {
		return row, err
	}
	if err := json.Unmarshal([]byte(request), &row.request); err != nil {
		return row, fmt.Errorf("read bulk change %d: %w", j.ID, err)
	}
	if err := json.Unmarshal([]byte(asker), &row.asker); err != nil {
		return row, fmt.Errorf("read who asked for bulk change %d: %w", j.ID, err)
	}
	if err := json.Unmarshal([]byte(left), &j.Left); err != nil {
		return row, fmt.Errorf("read what bulk change %d left alone: %w", j.ID, err)
	}
	j.Undoable = row.undoable(tx.Now)
	return row, nil
}

// recordBulk writes to the audit log what a bulk change is, did to a part, or came to.
func recordBulk(ctx context.Context, tx *db.Tx, action, id string, after map[string]any) error {
	e := fibonacco.AuditEntry{Action: action, Entity: "bulk", EntityID: id, After: after}
	if scope := fibonacco.ScopeOf(ctx); len(scope) == 1 {
		e.CommunityID = &scope[0]
	}
	return audit.Record(ctx, tx, e)
}
