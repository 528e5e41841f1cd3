package consent

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// Reasons that whoever suppresses may give. "erased" is the product's own.
var Reasons = []string{"manual", "dnc", "unsubscribe", "bounce", "complaint", "legal"}

// Suppress implements fibonacco.ConsentService. Kind may be left out: an address has an @. A
// caller who is limited to communities puts it there in the name of the SMB's, or of the first of
// theirs when none is named. Of one that others put there they learn no more than that it is so.
func (s *Service) Suppress(ctx context.Context, in fibonacco.Suppression) (stored *fibonacco.Suppression, added bool, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		h, err := check(ctx, tx, in)
		if err != nil {
			return err
		}
		known, err := erasedAmong(ctx, tx, []target{h.target})
		if err != nil {
			return err
		}
		if id := known[h.target]; id != 0 {
			stored, err = findSuppression(ctx, tx, `suppressions.id = $1`, id)
			return err
		}
		list, err := hold(ctx, tx, []held{h})
		if err != nil {
			return err
		}
		email, phone := columnsOf(h.target)
		if stored, err = findSuppression(ctx, tx, `suppressions.email_key = $1 OR suppressions.phone = $2`, email, phone); err != nil {
			return err
		}
		if added = len(list) > 0; !added {
			return nil
		}
		return audit.Record(ctx, tx, suppressionEntry("suppression.added", stored, nil, about(stored)))
	})
	if err != nil {
		return nil, false, err
	}
	return stored, added, nil
}

// check reads what somebody wants to suppress, and names every value that cannot be.
func check(ctx context.Context, tx *db.Tx, in fibonacco.Suppression) (held, error) {
	h := held{reason: in.Reason, source: strings.TrimSpace(in.Source), smbID: in.SMBID}
	var bad []fibonacco.FieldError
	refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
	t, ok := readTarget(in.Value)
	switch {
	case strings.TrimSpace(in.Value) == "":
		refuse("value", "is required")
	case !ok:
		refuse("value", "is neither an e-mail address nor a telephone number")
	case in.Kind != "" && in.Kind != t.kind:
		refuse("kind", "is not what the value is: it may be left out")
	}
	h.target = t
	if reason := checkReason(&h.reason); reason != "" {
		refuse("reason", reason)
	}
	if reason := unstorable(h.source, 255); reason != "" {
		refuse("source", reason)
	}
	if in.SMBID != nil {
		who, err := findOwner(ctx, tx, *in.SMBID, false)
		switch {
		case fibonacco.CodeOf(err) == fibonacco.NotFound:
			refuse("smb_id", "is not a business")
		case err != nil:
			return h, err
		case in.CommunityID == nil:
			h.communityID = &who.CommunityID
		}
	}
	if in.CommunityID != nil {
		n, err := db.Count(ctx, tx, `SELECT count(*) FROM communities WHERE id = $1`, *in.CommunityID)
		if err != nil {
			return h, fmt.Errorf("look for community %d: %w", *in.CommunityID, err)
		}
		if n == 0 || !fibonacco.InScope(ctx, *in.CommunityID) {
			refuse("community_id", "is not a community")
		}
		h.communityID = in.CommunityID
	}
	if h.communityID == nil {
		h.communityID = ownCommunity(ctx)
	}
	return h, fibonacco.InvalidFields("it cannot be suppressed", bad)
}

// checkReason fills the reason in, and says why it cannot be.
func checkReason(reason *string) string {
	if *reason == "" {
		*reason = "manual"
	}
	if !slices.Contains(Reasons, *reason) {
		return "must be one of " + strings.Join(Reasons, ", ")
	}
	return ""
}

// ownCommunity is whose people ask, as far as it can be said; nil for those who see everything.
func ownCommunity(ctx context.Context) *int64 {
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		first := slices.Min(scope)
		return &first
	}
	return nil
}

// Unsuppress implements fibonacco.ConsentService. Returns NotFound, Invalid without a reason, and
// Forbidden for a caller limited to communities when others put it there: it is not theirs to lift,
// even when it holds for one of their SMBs.
func (s *Service) Unsuppress(ctx context.Context, id int64, reason string) error {
	reason = strings.TrimSpace(reason)
	return s.db.Update(ctx, func(tx *db.Tx) error {
		found, err := listed(ctx, tx, fibonacco.ListQuery{Filter: fibonacco.Filter{"id": fmt.Sprint(id)}})
		if err != nil {
			return err
		}
		if len(found.Data) == 0 {
			return fibonacco.Errorf(fibonacco.NotFound, "there is no such suppression")
		}
		if bad := unstorable(reason, 1000); bad != "" || reason == "" {
			if reason == "" {
				bad = "is required"
			}
			return fibonacco.InvalidFields("the suppression cannot be taken away", []fibonacco.FieldError{{Field: "reason", Reason: bad}})
		}
		was := &found.Data[0]
		switch {
		case was.Value == "":
			return fibonacco.Errorf(fibonacco.Conflict, "it was erased, and stays suppressed")
		case fibonacco.ScopeOf(ctx) != nil && was.CommunityID == nil && was.SMBID == nil:
			return fibonacco.Errorf(fibonacco.Forbidden, "it was put there by others, and is theirs to take away")
		}
		n, err := tx.Exec(ctx, `DELETE FROM suppressions WHERE id = $1`, id)
		if err != nil {
			return fmt.Errorf("take suppression %d away: %w", id, err)
		}
		if n == 0 {
			return fibonacco.Errorf(fibonacco.NotFound, "there is no such suppression")
		}
		return audit.Record(ctx, tx, suppressionEntry("suppression.removed", was, about(was), map[string]any{"because": reason}))
	})
}

// about is a suppression as the audit log tells of it. An erasure finds it there by its value.
func about(s *fibonacco.Suppression) map[string]any {
	return map[string]any{"kind": s.Kind, "value": s.Value, "reason": s.Reason, "source": s.Source, "smb_id": s.SMBID}
}

func suppressionEntry(action string, s *fibonacco.Suppression, before, after map[string]any) fibonacco.AuditEntry {
	return fibonacco.AuditEntry{
		Action: action, Entity: "suppression", EntityID: fmt.Sprint(s.ID), CommunityID: s.CommunityID, Before: before, After: after,
	}
}
