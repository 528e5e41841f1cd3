package voicemail

import (
	"context"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

// dropTable is how RVMDropListing is stored. A drop keeps the community that it was planned in; who may
// see it goes by where the business is now.
var dropTable = query.Table{
	Listing: fibonacco.RVMDropListing, From: "rvm_drops", Key: "rvm_drops.id",
	Columns: map[string]query.Column{
		"community_id": {Where: func(c fibonacco.Condition, arg func(any) string) string {
			return dropOf(query.Condition(c, "smbs.community_id", arg))
		}},
	},
}

// dropOf is a condition on the business of a drop.
func dropOf(condition string) string {
	return `EXISTS (SELECT 1 FROM smbs WHERE smbs.id = rvm_drops.smb_id AND ` + condition + `)`
}

// QueryDrops implements fibonacco.VoicemailDirectory.
func (s *Service) QueryDrops(ctx context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.RVMDrop], err error) {
	var where []string
	var args query.Args
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		where = append(where, dropOf(`smbs.community_id IN (`+args.Add(scope)+`...)`))
	}
	err = s.db.Browse(ctx, func(tx *db.Tx) error {
		page, err = query.Select(ctx, tx, dropTable, q, dropColumns, scanDrop, where, &args)
		return err
	})
	return page, err
}

// FindDrop implements fibonacco.VoicemailDirectory.
func (s *Service) FindDrop(ctx context.Context, id int64) (*fibonacco.RVMDrop, error) {
	d, err := s.Drop(ctx, id)
	if err != nil || fibonacco.ScopeOf(ctx) == nil {
		return d, err
	}
	seen := 0
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		seen, err = db.Count(ctx, tx, `SELECT COUNT(*) FROM smbs WHERE id = $1 AND community_id IN ($2...)`, d.SMBID, fibonacco.ScopeOf(ctx))
		return err
	})
	if err == nil && seen == 0 {
		err = noSuchDrop(id)
	}
	if err != nil {
		return nil, wrap(err, "find voicemail %d", id)
	}
	return d, nil
}
