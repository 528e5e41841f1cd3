package imports

import (
	"bytes"
	"context"
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

// Register lets this process do the imports that StartImport queues, take them back, and clear away
// what is kept no longer. Call before the queue starts.
func (s *Service) Register() {
	queue.Handle(s.queue, s.work)
	queue.Handle(s.queue, s.workIndex)
	queue.Handle(s.queue, s.workUndo)
	s.queue.Every("imports.sweep", "@every 1h", "UTC", func(ctx context.Context, _ time.Time) error { return s.sweep(ctx) })
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
	packed := bytes.HasPrefix(part[:n], []byte(zipMark)) // all of it is needed to look into it
	var l *layout
	if !packed {
		if l, err = s.lookInto(ctx, req, bytes.NewReader(part[:n])); err != nil {
			return nil, err
		}
	}
	id, handle, err := s.keepUpload(ctx, req, r, size, kept{part, n, last}, l)
	if err != nil {
		return nil, err
	}
	slog.Debug("import queued", "import", id)
	return s.ImportJob(ctx, handle)
}

// kept is the part of an upload that has been read.
type kept struct {
	part []byte
	n    int
	last bool
}

// keepUpload stores a file and queues its import. What l shows of it is found out here when it is
// nil. Of an upload that fails nothing is left.
func (s *Service) keepUpload(ctx context.Context, req fibonacco.ImportRequest, r io.Reader, size int64, first kept, l *layout) (id int64, handle string, err error) {
	if id, handle, err = s.insertUpload(ctx, req); err != nil {
		return 0, "", err
	}
	total, err := s.keep(ctx, id, r, first.part, first.n, first.last)
	if err == nil && size > 0 && total != size {
		err = fibonacco.Errorf(fibonacco.Malformed, "the upload ended after %d of %d bytes", total, size)
	}
	if err == nil && l == nil {
		l, err = s.lookInto(ctx, req, &partReader{ctx: ctx, db: s.db, id: id, size: total})
	}
	if err == nil {
		err = s.enqueue(ctx, id, handle, total, req, l)
	}
	if err != nil {
		return 0, "", errors.Join(err, s.discard(context.WithoutCancel(ctx), id))
	}
	return id, handle, nil
}

// lookInto opens a file as its import will, so that what is wrong with it is said at once.
func (s *Service) lookInto(ctx context.Context, req fibonacco.ImportRequest, r io.Reader) (*layout, error) {
	src, err := s.opening(ctx, req).open(r)
	if err != nil {
		return nil, err
	}
	defer src.close()
	return src.about(), nil
}

func (s *Service) insertUpload(ctx context.Context, req fibonacco.ImportRequest) (id int64, handle string, err error) {
	if handle, err = newHandle(); err != nil {
		return 0, "", err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		id, err = insertImport(ctx, tx, handle, req, "uploading", requestOf(ctx, req))
		return err
	})
	return id, handle, err
}

// newHandle is the public name of a new import.
func newHandle() (string, error) {
	u, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make a uuid: %w", err)
	}
	return u.String(), nil
}

func insertImport(ctx context.Context, tx *db.Tx, handle string, req fibonacco.ImportRequest, status string, r request) (id int64, err error) {
	err = tx.QueryRow(ctx, `
		INSERT INTO imports (uuid, community_id, filename, status, request, dry_run, direct, created_by, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) RETURNING id`,
		handle, req.CommunityID, req.Filename, status, db.JSON(r), req.DryRun, status == "running", db.Null(r.By.UserID), tx.Now).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("insert import: %w", err)
	}
	return id, nil
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
			err = fibonacco.Errorf(fibonacco.Conflict, "the upload was cancelled, or took too long and was cleared away")
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

// enqueue queues the import of a kept file, with what was found out about it, so that it is read the
// same however often it is begun again.
func (s *Service) enqueue(ctx context.Context, id int64, handle string, size int64, req fibonacco.ImportRequest, l *layout) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		r := requestOf(ctx, req)
		r.settle(l)
		n, err := tx.Exec(ctx, `
			UPDATE imports SET status = 'queued', bytes_total = $1, request = $2, updated_at = $3
			WHERE id = $4 AND status = 'uploading'`, size, db.JSON(r), tx.Now, id)
		if err == nil && n == 0 {
			err = fibonacco.Errorf(fibonacco.Conflict, "the upload was cancelled, or took too long and was cleared away")
		}
		if err != nil {
			return err
		}
		if err := recordStart(ctx, tx, id, handle, req); err != nil {
			return err
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

func logFailure(id int64, err error) {
	slog.Error("import stopped", "import", id, "error", err)
}
