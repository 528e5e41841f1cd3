package imports

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// importJob does one import, or goes on with it.
type importJob struct {
	ImportID int64 `json:"import_id"`
}

// Kind implements queue.Job.
func (importJob) Kind() string { return "imports.run" }

// Register lets this process do the imports that StartImport queues, and clear away uploads that
// were never finished. Call before the queue starts.
func (s *Service) Register() {
	queue.Handle(s.queue, s.work)
	s.queue.Every("imports.sweep", "@every 1h", "UTC", func(ctx context.Context, _ time.Time) error { return s.sweep(ctx) })
}

// request is what the imports table keeps of a request, and of how the work went.
type request struct {
	Format     string            `json:"format"`
	Mapping    map[string]string `json:"mapping"`
	Duplicates string            `json:"duplicates"`
	Source     string            `json:"source"`
	Seconds    float64           `json:"seconds"`  // real time spent so far
	Failures   int               `json:"failures"` // how often an attempt ended with an error that is not the file's
}

// partSize is how much of an upload one row of import_parts holds.
const partSize = 1 << 20

// StartImport implements fibonacco.Importer. The file is kept in parts, so that any node can do the
// work, and memory is bounded whatever its size.
func (s *Service) StartImport(ctx context.Context, req fibonacco.ImportRequest, r io.Reader, size int64) (*fibonacco.ImportJob, error) {
	req, err := s.check(ctx, req)
	if err != nil {
		return nil, err
	}
	part := make([]byte, partSize)
	n, err := io.ReadFull(r, part)
	last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !last {
		return nil, fmt.Errorf("read upload: %w", err)
	}
	if _, err := open(req, bytes.NewReader(part[:n])); err != nil {
		return nil, err
	}
	id, handle, err := s.insertImport(ctx, req)
	if err != nil {
		return nil, err
	}
	total, err := s.keep(ctx, id, r, part, n, last)
	if err == nil && size > 0 && total != size {
		err = fibonacco.Errorf(fibonacco.Malformed, "the upload ended after %d of %d bytes", total, size)
	}
	if err == nil {
		err = s.enqueue(ctx, id, total)
	}
	if err != nil {
		return nil, errors.Join(err, s.discard(context.WithoutCancel(ctx), id))
	}
	return s.ImportJob(ctx, handle)
}

func (s *Service) insertImport(ctx context.Context, req fibonacco.ImportRequest) (id int64, handle string, err error) {
	u, err := uuid.NewV7()
	if err != nil {
		return 0, "", fmt.Errorf("make a uuid: %w", err)
	}
	handle = u.String()
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, `
			INSERT INTO imports (uuid, community_id, filename, status, request, dry_run, created_at, updated_at)
			VALUES ($1, $2, $3, 'uploading', $4, $5, $6, $6) RETURNING id`,
			handle, req.CommunityID, req.Filename,
			db.JSON(request{Format: req.Format, Mapping: req.Mapping, Duplicates: req.Duplicates, Source: req.Source}),
			req.DryRun, tx.Now).Scan(&id)
	})
	if err != nil {
		return 0, "", fmt.Errorf("insert import: %w", err)
	}
	return id, handle, nil
}

// keep stores a file part by part, each in a transaction of its own: reading it may take long.
func (s *Service) keep(ctx context.Context, id int64, r io.Reader, part []byte, n int, last bool) (total int64, err error) {
	for i := 0; ; i++ {
		if n > 0 {
			if err := s.insertPart(ctx, id, i, part[:n]); err != nil {
				return total, err
			}
			total += int64(n)
		}
		if last {
			return total, nil
		}
		n, err = io.ReadFull(r, part)
		last = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return total, fmt.Errorf("read upload: %w", err)
		}
	}
}

func (s *Service) insertPart(ctx context.Context, id int64, i int, content []byte) error {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE imports SET updated_at = $1 WHERE id = $2 AND status = 'uploading'`, tx.Now, id)
		if err == nil && n == 0 {
			err = fibonacco.Errorf(fibonacco.Conflict, "the upload took too long and was cleared away")
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO import_parts (import_id, part, content) VALUES ($1, $2, $3)`, id, i, content)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep part %d of import %d: %w", i, id, err)
	}
	return nil
}

func (s *Service) enqueue(ctx context.Context, id, size int64) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `
			UPDATE imports SET status = 'queued', bytes_total = $1, updated_at = $2
			WHERE id = $3 AND status = 'uploading'`, size, tx.Now, id)
		if err != nil || n == 0 {
			return errors.Join(err, fibonacco.Errorf(fibonacco.Conflict, "the upload took too long and was cleared away"))
		}
		return s.queue.Enqueue(ctx, tx, importJob{ImportID: id})
	})
}

// discard forgets an import of which nothing was stored.
func (s *Service) discard(ctx context.Context, id int64) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM import_parts WHERE import_id = $1`, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM imports WHERE id = $1 AND status = 'uploading'`, id)
		return err
	})
}

const uploadLimit = 24 * time.Hour // an upload that got nothing for so long is over

// sweep discards uploads that were never finished: the process was killed, or the line was cut.
func (s *Service) sweep(ctx context.Context) error {
	var stale []int64
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		stale, err = db.Select[int64](ctx, tx, `
			SELECT id FROM imports WHERE status = 'uploading' AND updated_at < $1`, tx.Now.Add(-uploadLimit))
		return err
	})
	for _, id := range stale {
		err = errors.Join(err, s.discard(ctx, id))
	}
	return err
}

// ImportJob implements fibonacco.Importer.
func (s *Service) ImportJob(ctx context.Context, handle string) (*fibonacco.ImportJob, error) {
	missing := fibonacco.Errorf(fibonacco.NotFound, "there is no such import")
	parsed, err := uuid.Parse(handle)
	if err != nil {
		return nil, missing
	}
	var row importRow
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		row, err = findImport(ctx, tx, `uuid = $1`, parsed.String())
		return err
	})
	if db.IsNoRows(err) {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	return row.job(), nil
}

// importRow is a row of imports.
type importRow struct {
	fibonacco.ImportJob
	request               request
	bytesTotal, bytesDone int64
}

func findImport(ctx context.Context, tx *db.Tx, where string, arg any) (r importRow, err error) {
	var req, errs string
	err = tx.QueryRow(ctx, `
		SELECT id, CAST(uuid AS text), community_id, filename, status, dry_run, CAST(request AS text), CAST(errors AS text),
			total, created, updated, skipped, failed, COALESCE(message, ''), bytes_total, bytes_done, created_at, finished_at
		FROM imports WHERE `+where, arg).Scan(
		&r.ID, &r.UUID, &r.CommunityID, &r.Filename, &r.Status, &r.DryRun, &req, &errs,
		&r.Total, &r.Created, &r.Updated, &r.Skipped, &r.Failed, &r.Message, &r.bytesTotal, &r.bytesDone,
		db.Time(&r.CreatedAt), db.TimePtr(&r.FinishedAt))
	if err != nil {
		return r, fmt.Errorf("find import: %w", err)
	}
	if err := errors.Join(json.Unmarshal([]byte(req), &r.request), json.Unmarshal([]byte(errs), &r.Errors)); err != nil {
		return r, fmt.Errorf("read a JSON column of import %d: %w", r.ID, err)
	}
	return r, nil
}

// job is what status pages see: an upload under way is queued to them.
func (r *importRow) job() *fibonacco.ImportJob {
	j := r.ImportJob
	if j.Status == "uploading" {
		j.Status = "queued"
	}
	if r.request.Seconds > 0 {
		j.RowsPerSecond = float64(j.Total) / r.request.Seconds
		if j.Status == "running" && r.bytesDone > 0 {
			eta := r.request.Seconds * float64(max(r.bytesTotal-r.bytesDone, 0)) / float64(r.bytesDone)
			j.ETASeconds = &eta
		}
	}
	return &j
}

func logFailure(id int64, err error) {
	slog.Error("import stopped", "import", id, "error", err)
}
