package merge

import (
	"context"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// PreviewMerge implements fibonacco.MergeService.
func (s *Service) PreviewMerge(ctx context.Context, survivorID, otherID int64, choose map[string]string) (*fibonacco.MergePreview, error) {
	if err := checkChoices(choose); err != nil {
		return nil, err
	}
	var p *fibonacco.MergePreview
	err := s.o.DB.View(ctx, func(tx *db.Tx) error {
		c, err := meet(ctx, tx, survivorID, otherID, choose, "")
		if err != nil {
			return err
		}
		p = &fibonacco.MergePreview{Survivor: &c.survivor.SMB, Other: &c.other.SMB, Fields: fieldsOf(c.survivor, c.other, c.result)}
		_, p.Rows, p.Kept, err = splitAll(ctx, tx, survivorID, otherID, c.today)
		return err
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}
