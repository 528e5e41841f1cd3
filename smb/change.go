package smb

import (
	"context"
	"strconv"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/consent"
	"github.com/fibonacco/fibonacco/smb/search"
)

// recordChange writes down what a person or a program made of an SMB, and lets the search know, in
// the transaction of the change. before is nil for a new one, after for one that is deleted.
func recordChange(ctx context.Context, tx *db.Tx, action string, before, after *fibonacco.SMB) error {
	s := after
	if s == nil {
		s = before
	}
	was, is := audit.Changed(changeFields(before), changeFields(after))
	if before == nil { // what is unknown says nothing
		for name, value := range is {
			if value == "" || value == nil {
				delete(is, name)
			}
		}
		was = nil
	}
	community := s.CommunityID
	if err := audit.Record(ctx, tx, fibonacco.AuditEntry{
		Action: action, Entity: "smb", EntityID: strconv.FormatInt(s.ID, 10), CommunityID: &community, Before: was, After: is,
	}); err != nil {
		return err
	}
	if err := keepConsents(ctx, tx, before, after); err != nil {
		return err
	}
	return search.Reindex(ctx, tx, []int64{s.ID})
}

// keepConsents leaves a consent for every opt-in that became different, and suppresses an address
// or number again that was erased before and came back.
func keepConsents(ctx context.Context, tx *db.Tx, before, after *fibonacco.SMB) error {
	if after == nil {
		return nil
	}
	if before == nil {
		before = &consent.NewSMB
	}
	if err := consent.Switched(ctx, tx, before, after); err != nil {
		return err
	}
	if before.PrimaryEmail == after.PrimaryEmail && before.PrimaryPhone == after.PrimaryPhone {
		return nil
	}
	return consent.Resuppress(ctx, tx, []int64{after.ID})
}

// changeFields is what the audit log tells of an SMB.
func changeFields(s *fibonacco.SMB) map[string]any {
	if s == nil {
		return nil
	}
	fields := map[string]any{}
	for _, f := range editable(s) {
		fields[f.name] = f.value
	}
	return fields
}
