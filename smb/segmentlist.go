package smb

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

var segmentTable = query.Table{
	Listing: fibonacco.SegmentListing, From: "segments", Key: "segments.id",
	Columns: map[string]query.Column{"name": {Order: "segments.name_key", OrderKind: fibonacco.TextField}},
}

const segmentColumns = `segments.id, CAST(segments.uuid AS text), segments.name, segments.description, segments.community_id,
	CAST(segments.filter AS text), segments.search, segments.created_by, segments.created_at, segments.updated_at`

// ListSegments implements fibonacco.SegmentService. Search finds a part of the name.
func (s *Service) ListSegments(ctx context.Context, q fibonacco.ListQuery, counts bool) (page fibonacco.Page[fibonacco.Segment], err error) {
	var args query.Args
	var where []string
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		where = append(where, `segments.community_id IN (`+args.Add(scope)+`...)`)
	}
	if words := strings.ToLower(strings.TrimSpace(storable(q.Search))); words != "" {
		where = append(where, `segments.name_key LIKE `+args.Add(likePattern(words))+` ESCAPE '\'`)
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if page, err = query.Select(ctx, tx, segmentTable, q, segmentColumns, scanSegment, where, &args); err != nil || !counts {
			return err
		}
		for i := range page.Data {
			n, err := countSMBs(ctx, tx, fibonacco.SMBFilter{Segment: page.Data[i].UUID})
			if err != nil {
				return err
			}
			page.Data[i].Count = &n
		}
		return nil
	})
	return page, err
}

// findSegment is the segment of a uuid, if whoever asks may know of it; otherwise NotFound.
func findSegment(ctx context.Context, tx *db.Tx, id string) (*fibonacco.Segment, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return nil, noSuchSegment()
	}
	s, err := scanSegment(tx.QueryRow(ctx, `SELECT `+segmentColumns+` FROM segments WHERE segments.uuid = $1`, parsed.String()))
	if db.IsNoRows(err) || err == nil && !sees(ctx, &s) {
		return nil, noSuchSegment()
	}
	if err != nil {
		return nil, fmt.Errorf("find segment: %w", err)
	}
	return &s, nil
}

func noSuchSegment() error { return fibonacco.Errorf(fibonacco.NotFound, "there is no such segment") }

func isNotFound(err error) bool { return fibonacco.CodeOf(err) == fibonacco.NotFound }

func scanSegment(row db.Row) (s fibonacco.Segment, err error) {
	var filter string
	if err := row.Scan(&s.ID, &s.UUID, &s.Name, &s.Description, &s.CommunityID, &filter, &s.Search, &s.CreatedBy,
		db.Time(&s.CreatedAt), db.Time(&s.UpdatedAt)); err != nil {
		return s, err
	}
	return s, json.Unmarshal([]byte(filter), &s.Filter)
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func likePattern(part string) string { return "%" + likeEscaper.Replace(part) + "%" }
