package learning

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// racesMost is how often a visit is looked at again because somebody else was changing it.
const racesMost = 10

// progress is what is stored of one visit, and what it is to become.
type progress struct {
	id       int64
	smb      int64 // 0 when not known
	slug     string
	was      string // slides_viewed as stored
	slides   []int
	percent  int
	seconds  int
	done     *time.Time
	approval bool
	download bool
	first    bool // completed just now
	changed  bool
}

// store changes the visits of a batch. Notes of a visit that there is not are answered NotFound.
func (s *Service) store(ctx context.Context, tx *db.Tx, batch []*note) (out []stored, err error) {
	known := map[int64]bool{}
	waiting := map[int64][]*note{}
	for _, n := range batch {
		waiting[n.view] = append(waiting[n.view], n)
	}
	for range racesMost {
		if waiting, err = s.storeOnce(ctx, tx, waiting, known); err != nil {
			return nil, err
		}
		if len(waiting) == 0 {
			out = make([]stored, len(batch))
			for i, n := range batch {
				if !known[n.view] {
					out[i].Err = unknownView()
				}
			}
			return out, nil
		}
	}
	return nil, fmt.Errorf("store %d visits: somebody else changes them all the time", len(waiting))
}

// storeOnce returns the notes whose visit was changed by somebody else in between.
func (s *Service) storeOnce(ctx context.Context, tx *db.Tx, waiting map[int64][]*note, known map[int64]bool) (left map[int64][]*note, err error) {
	ids := make([]int64, 0, len(waiting))
	for id := range waiting {
		ids = append(ids, id)
	}
	slices.Sort(ids) // in one order everywhere, so that two nodes do not hold each other up
	views, err := findProgress(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	rows := db.NewBatch("id bigint", "was text", "slides jsonb", "percent integer", "seconds integer", "done timestamptz", "approval boolean", "download boolean", "open boolean")
	left = map[int64][]*note{}
	for _, p := range views {
		known[p.id] = true
		open := p.done == nil
		for _, n := range waiting[p.id] {
			p.add(n, tx.Now)
		}
		if !p.changed {
			continue
		}
		left[p.id] = waiting[p.id]
		rows.Add(p.id, p.was, db.JSON(p.slides), p.percent, p.seconds, p.done, p.approval, p.download, open)
	}
	// The slides that were there, and the end that was not, are the lock: whoever comes second looks again.
	// The rest only ever grows.
	changed := map[int64]bool{}
	err = tx.QueryBatch(ctx, rows, `
		UPDATE content_views SET slides_viewed = rows.slides,
			completion_percentage = CASE WHEN rows.percent > completion_percentage THEN rows.percent ELSE completion_percentage END,
			time_on_page_seconds = CASE WHEN rows.seconds > COALESCE(time_on_page_seconds, 0) THEN rows.seconds ELSE time_on_page_seconds END,
			completed_at = COALESCE(completed_at, rows.done),
			approval_clicked = approval_clicked OR rows.approval, downloaded_pdf = downloaded_pdf OR rows.download, updated_at = $1
		FROM rows
		WHERE content_views.id = rows.id AND CAST(content_views.slides_viewed AS text) = rows.was AND (content_views.completed_at IS NULL) = rows.open
		RETURNING content_views.id`, func(r db.Row) error {
		var id int64
		err := r.Scan(&id)
		changed[id] = true
		return err
	}, tx.Now)
	if err != nil {
		return nil, fmt.Errorf("change %d visits: %w", rows.Len(), err)
	}
	var events []fibonacco.Event
	for _, p := range views {
		if !changed[p.id] {
			continue
		}
		delete(left, p.id)
		if p.first && p.smb != 0 {
			events = append(events, fibonacco.ContentCompleted{ViewID: p.id, SMBID: p.smb, ContentSlug: p.slug})
		}
	}
	return left, s.queue.Publish(ctx, tx, events...)
}

// add takes one note in.
func (p *progress) add(n *note, now time.Time) {
	switch n.step.Kind {
	case fibonacco.SlideSeen:
		if i, seen := slices.BinarySearch(p.slides, n.step.Slide); !seen {
			p.slides, p.changed = slices.Insert(p.slides, i, n.step.Slide), true
			p.percent = max(p.percent, 100*len(p.slides)/max(n.of, len(p.slides)))
		}
	case fibonacco.ViewCompleted:
		if p.done == nil {
			p.done, p.first, p.percent, p.changed = &now, true, 100, true
		}
	case fibonacco.ApprovalClicked:
		p.changed = p.changed || !p.approval
		p.approval = true
	case fibonacco.PDFDownloaded:
		p.changed = p.changed || !p.download
		p.download = true
	}
	if n.step.Seconds > p.seconds {
		p.seconds, p.changed = n.step.Seconds, true
	}
}

func findProgress(ctx context.Context, tx *db.Tx, ids []int64) ([]*progress, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, COALESCE(smb_id, 0), content_slug, CAST(slides_viewed AS text), completion_percentage, COALESCE(time_on_page_seconds, 0),
			completed_at, approval_clicked, downloaded_pdf
		FROM content_views WHERE id IN ($1...)`, ids)
	if err != nil {
		return nil, fmt.Errorf("read %d visits: %w", len(ids), err)
	}
	defer func() { _ = rows.Close() }()
	var all []*progress
	for rows.Next() {
		p := &progress{}
		if err := rows.Scan(&p.id, &p.smb, &p.slug, &p.was, &p.percent, &p.seconds, db.TimePtr(&p.done), &p.approval, &p.download); err != nil {
			return nil, fmt.Errorf("read visits: %w", err)
		}
		if err := json.Unmarshal([]byte(p.was), &p.slides); err != nil {
			return nil, fmt.Errorf("read the slides of visit %d: %w", p.id, err)
		}
		slices.Sort(p.slides)
		all = append(all, p)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read visits: %w", err)
	}
	return all, nil
}
