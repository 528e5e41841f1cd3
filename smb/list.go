package smb

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

// maxPage is the most rows of one page.
const maxPage = fibonacco.MaxPage

// QuerySMBs implements fibonacco.SMBDirectory. A search that names no order has its own: see
// search.Rank.
func (s *Service) QuerySMBs(ctx context.Context, q fibonacco.SMBQuery) (page fibonacco.Page[fibonacco.SMB], err error) {
	err = s.db.Browse(ctx, func(tx *db.Tx) error {
		n, err := narrow(ctx, tx, q.Filter)
		if _, sortErr := fibonacco.SMBListing.SortKeys(q.Sort); sortErr != nil {
			err = fibonacco.JoinInvalid("the list cannot be read so", err, sortErr)
		}
		if err != nil {
			return err
		}
		l, err := n.listed(ctx, tx, cmp.Or(q.Size, fibonacco.DefaultPage), q.Sort)
		if err != nil {
			return err
		}
		l.table.Question = db.JSON([]any{q.Filter, q.Filter.Where, l.ranked})
		page, err = l.read(ctx, tx, fibonacco.ListQuery{Sort: q.Sort, Cursor: q.Cursor, Size: q.Size})
		return err
	})
	if err == nil && q.Total {
		var total int
		total, err = s.CountSMBs(ctx, q.Filter)
		page.Total = &total
	}
	return page, err
}

// ListSMBs implements fibonacco.SMBDirectory. A limit below 1 means 1,000.
func (s *Service) ListSMBs(ctx context.Context, filter fibonacco.SMBFilter, after int64, limit int) (page []fibonacco.SMB, next int64, err error) {
	if limit < 1 || limit > maxPage {
		limit = maxPage
	}
	err = s.db.Browse(ctx, func(tx *db.Tx) error {
		n, err := narrow(ctx, tx, filter)
		if err != nil {
			return err
		}
		l, err := n.listed(ctx, tx, limit, []string{"id"})
		if err != nil {
			return err
		}
		l.after = after
		found, err := l.read(ctx, tx, fibonacco.ListQuery{Size: limit})
		page, next = found.Data, 0
		if found.Next != "" {
			next = page[len(page)-1].ID
		}
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	return page, next, nil
}

// CountSMBs implements fibonacco.SMBDirectory.
func (s *Service) CountSMBs(ctx context.Context, filter fibonacco.SMBFilter) (n int, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		n, err = countSMBs(ctx, tx, filter)
		return err
	})
	return n, err
}

func countSMBs(ctx context.Context, tx *db.Tx, filter fibonacco.SMBFilter) (int, error) {
	n, err := narrow(ctx, tx, filter)
	if err != nil {
		return 0, err
	}
	args := &query.Args{}
	where, err := n.counted(ctx, tx, args.Add)
	if err != nil {
		return 0, err
	}
	count, err := db.Count(ctx, tx, `SELECT count(*) FROM smbs WHERE `+strings.Join(where, " AND "), args.Values...)
	if err != nil {
		return 0, fmt.Errorf("count SMBs: %w", err)
	}
	return count, nil
}

// ForCampaign implements fibonacco.SMBService. A limit below 1 means 1,000.
func (s *Service) ForCampaign(ctx context.Context, status fibonacco.CampaignStatus, day int, after int64, limit int) ([]fibonacco.SMB, int64, error) {
	return s.ListSMBs(ctx, fibonacco.SMBFilter{
		CampaignStatuses: []fibonacco.CampaignStatus{status},
		Where:            fibonacco.Filter{"manifest_destiny_day": fibonacco.FilterValue(fmt.Sprint(day))},
	}, after, limit)
}

// listing is how a list of SMBs is read: a table with its parts, and what holds in all of them.
type listing struct {
	table  query.Table
	where  func(arg func(any) string) []string
	ranked bool  // in the order of a search
	after  int64 // only SMBs of larger ids; 0 is all
}

// read is one page, with what belongs to each SMB.
func (l listing) read(ctx context.Context, tx *db.Tx, q fibonacco.ListQuery) (fibonacco.Page[fibonacco.SMB], error) {
	var args query.Args
	where := l.where(args.Add)
	if l.after != 0 {
		where = append(where, "smbs.id > "+args.Add(l.after))
	}
	if l.ranked {
		q.Sort = []string{"business_name"}
	}
	page, err := query.Select(ctx, tx, l.table, q, smbColumns, func(row db.Row) (b fibonacco.SMB, err error) { return b, scanSMB(row, &b) }, where, &args)
	if err != nil {
		return page, err
	}
	return page, readTags(ctx, tx, page.Data)
}
