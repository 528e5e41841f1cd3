package smb

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// Find implements fibonacco.SMBService.
func (s *Service) Find(ctx context.Context, id int64) (*fibonacco.SMB, error) {
	return s.findWhere(ctx, `smbs.id = $1`, id)
}

// FindByUUID implements fibonacco.SMBService.
func (s *Service) FindByUUID(ctx context.Context, id string) (*fibonacco.SMB, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return nil, noSuchSMB()
	}
	return s.findWhere(ctx, `smbs.uuid = $1`, parsed.String())
}

// FindByEmail implements fibonacco.SMBService.
func (s *Service) FindByEmail(ctx context.Context, email string) (*fibonacco.SMB, error) {
	key := normal.EmailKey(storable(email))
	if key == "" {
		return nil, noSuchSMB()
	}
	return s.findWhere(ctx, `smbs.email_key = $1`, key)
}

// FindByPhone implements fibonacco.SMBService.
func (s *Service) FindByPhone(ctx context.Context, phone string) (*fibonacco.SMB, error) {
	e164, ok := normal.Phone(phone)
	if !ok {
		return nil, noSuchSMB()
	}
	return s.findWhere(ctx, `smbs.primary_phone = $1`, e164)
}

// findWhere is the oldest SMB that a condition is true of.
func (s *Service) findWhere(ctx context.Context, where string, arg any) (found *fibonacco.SMB, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		found, err = findSMB(ctx, tx, where, "", arg)
		return err
	})
	return found, err
}

// lockSMB reads an SMB that is about to be changed: others wait until this transaction ends.
func lockSMB(ctx context.Context, tx *db.Tx, id int64) (*fibonacco.SMB, error) {
	return findSMB(ctx, tx, `smbs.id = $1`, ` FOR NO KEY UPDATE`, id)
}

// findSMB is the oldest SMB that a condition with placeholder $1 is true of, if whoever asks may
// know of it.
func findSMB(ctx context.Context, tx *db.Tx, where, lock string, arg any) (*fibonacco.SMB, error) {
	args := []any{arg}
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		where, args = where+` AND smbs.community_id IN ($2...)`, append(args, scope)
	}
	found, err := selectSMBs(ctx, tx, `WHERE `+where+` AND smbs.deleted_at IS NULL ORDER BY smbs.id LIMIT 1`+lock, args...)
	if err == nil {
		err = readTags(ctx, tx, found)
	}
	if err != nil {
		return nil, fmt.Errorf("find SMB: %w", err)
	}
	if len(found) == 0 {
		return nil, noSuchSMB()
	}
	return &found[0], nil
}

func noSuchSMB() error { return fibonacco.Errorf(fibonacco.NotFound, "there is no such business") }
