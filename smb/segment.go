package smb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// CreateSegment implements fibonacco.SegmentService.
func (s *Service) CreateSegment(ctx context.Context, segment fibonacco.Segment) (*fibonacco.Segment, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make a uuid: %w", err)
	}
	segment.UUID = id.String()
	if p := fibonacco.PrincipalOf(ctx); p != nil && p.UserID != 0 {
		segment.CreatedBy = &p.UserID
	}
	if scope := fibonacco.ScopeOf(ctx); len(scope) == 1 && segment.CommunityID == nil {
		segment.CommunityID = &scope[0]
	}
	var created *fibonacco.Segment
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if err := checkSegment(ctx, tx, &segment); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO segments (uuid, name, name_key, description, community_id, filter, search, created_by, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`,
			segment.UUID, segment.Name, strings.ToLower(segment.Name), segment.Description, segment.CommunityID,
			db.JSON(segment.Filter), segment.Search, segment.CreatedBy, tx.Now)
		if err := storedSegment(err); err != nil {
			return err
		}
		if created, err = findSegment(ctx, tx, segment.UUID); err != nil {
			return err
		}
		return auditSegment(ctx, tx, "segment.created", nil, created)
	})
	return created, err
}

// FindSegment implements fibonacco.SegmentService.
func (s *Service) FindSegment(ctx context.Context, id string) (found *fibonacco.Segment, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if found, err = findSegment(ctx, tx, id); err != nil {
			return err
		}
		n, err := countSMBs(ctx, tx, fibonacco.SMBFilter{Segment: found.UUID})
		found.Count = &n
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// UpdateSegment implements fibonacco.SegmentService. Its community stays.
func (s *Service) UpdateSegment(ctx context.Context, id string, change fibonacco.Segment) (*fibonacco.Segment, error) {
	var updated *fibonacco.Segment
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		before, err := findSegment(ctx, tx, id)
		if err != nil {
			return err
		}
		after := *before
		after.Name, after.Description, after.Filter, after.Search = change.Name, change.Description, change.Filter, change.Search
		if err := checkSegment(ctx, tx, &after); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			UPDATE segments SET name = $2, name_key = $3, description = $4, filter = $5, search = $6, updated_at = $7 WHERE id = $1`,
			before.ID, after.Name, strings.ToLower(after.Name), after.Description, db.JSON(after.Filter), after.Search, tx.Now)
		if err := storedSegment(err); err != nil {
			return err
		}
		if updated, err = findSegment(ctx, tx, id); err != nil {
			return err
		}
		return auditSegment(ctx, tx, "segment.updated", before, updated)
	})
	return updated, err
}

// DeleteSegment implements fibonacco.SegmentService.
func (s *Service) DeleteSegment(ctx context.Context, id string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		gone, err := findSegment(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM segments WHERE id = $1`, gone.ID); err != nil {
			return fmt.Errorf("delete segment %d: %w", gone.ID, err)
		}
		return auditSegment(ctx, tx, "segment.deleted", gone, nil)
	})
}

// checkSegment brings a segment into its stored form, or returns Invalid naming each bad field.
func checkSegment(ctx context.Context, tx *db.Tx, s *fibonacco.Segment) error {
	var bad []fibonacco.FieldError
	refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
	s.Name, s.Description, s.Search = strings.TrimSpace(s.Name), strings.TrimSpace(s.Description), strings.TrimSpace(s.Search)
	if s.Name == "" {
		refuse("name", "is required")
	}
	for _, f := range []struct {
		name, value string
		most        int
	}{{"name", s.Name, 255}, {"description", s.Description, 2000}} {
		if reason := unstorable(f.value); reason != "" {
			refuse(f.name, reason)
		}
		if len([]rune(f.value)) > f.most {
			refuse(f.name, "is longer than the field holds")
		}
	}
	switch {
	case s.CommunityID == nil && fibonacco.ScopeOf(ctx) != nil:
		refuse("community_id", "is required: one of the communities you see")
	case s.CommunityID != nil:
		known, err := communityExists(ctx, tx, *s.CommunityID)
		if err != nil {
			return err
		}
		if !known {
			refuse("community_id", "is not a community")
		}
	}
	if s.Filter == nil {
		s.Filter = fibonacco.Filter{}
	}
	if _, nested := s.Filter[segmentField]; nested {
		refuse("filter["+segmentField+"]", "cannot be a part of a segment")
	}
	if reason := unstorable(s.Search); reason != "" {
		refuse("search", reason)
	}
	_, err := narrow(ctx, tx, fibonacco.SMBFilter{Where: without(s.Filter, segmentField), Search: s.Search})
	return fibonacco.JoinInvalid("the segment cannot be saved", fibonacco.InvalidFields("the segment", bad), err)
}

func without(f fibonacco.Filter, name string) fibonacco.Filter {
	rest := fibonacco.Filter{}
	for field, text := range f {
		if field != name {
			rest[field] = text
		}
	}
	return rest
}

func storedSegment(err error) error {
	if db.IsUnique(err) {
		return fibonacco.Errorf(fibonacco.Conflict, "there is a segment of this name already")
	}
	if err != nil {
		return fmt.Errorf("store segment: %w", err)
	}
	return nil
}

// auditSegment writes what became of a segment; before is nil for a new one, after for one that is gone.
func auditSegment(ctx context.Context, tx *db.Tx, action string, before, after *fibonacco.Segment) error {
	s := after
	if s == nil {
		s = before
	}
	was, is := audit.Changed(segmentFields(before), segmentFields(after))
	if action == "segment.updated" && len(is) == 0 {
		return nil
	}
	return audit.Record(ctx, tx, fibonacco.AuditEntry{
		Action: action, Entity: "segment", EntityID: s.UUID, CommunityID: s.CommunityID, Before: was, After: is,
	})
}

func segmentFields(s *fibonacco.Segment) map[string]any {
	if s == nil {
		return nil
	}
	return map[string]any{"name": s.Name, "description": s.Description, "filter": s.Filter, "search": s.Search}
}

// sees reports whether whoever asks may know of a segment: of one of all communities only those
// who see all.
func sees(ctx context.Context, s *fibonacco.Segment) bool {
	scope := fibonacco.ScopeOf(ctx)
	return scope == nil || s.CommunityID != nil && slices.Contains(scope, *s.CommunityID)
}
