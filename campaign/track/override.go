package track

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

func unknownSend() error { return fibonacco.Errorf(fibonacco.NotFound, "there is no such e-mail") }

// standing is a send as far as a person may decide about it.
type standing struct {
	CommunityID int64 `db:"community_id"`
	Override    string
}

// findSend is NotFound for a send that is unknown, of a business outside the caller's communities,
// or of one that was erased. Who may see it goes by where the business is now.
func findSend(ctx context.Context, tx *db.Tx, id int64) (standing, error) {
	query, args := `
		SELECT smbs.community_id AS community_id, COALESCE(s.verdict_override, '') AS override FROM campaign_sends s JOIN smbs ON smbs.id = s.smb_id
		WHERE s.id = $1 AND s.email <> ''`, []any{id}
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		query, args = query+` AND smbs.community_id IN ($2...)`, append(args, scope)
	}
	found, err := db.Select[standing](ctx, tx, query, args...)
	if err != nil {
		return standing{}, fmt.Errorf("find send %d: %w", id, err)
	}
	if len(found) == 0 {
		return standing{}, unknownSend()
	}
	return found[0], nil
}

const longestReason = 500

// OverrideVerdict implements fibonacco.TrackingVerdicts.
func (s *Service) OverrideVerdict(ctx context.Context, sendID int64, v fibonacco.Verdict, reason string) error {
	reason = strings.TrimSpace(reason)
	var bad []fibonacco.FieldError
	if v != "" && v != fibonacco.Human && v != fibonacco.Machine {
		bad = append(bad, fibonacco.FieldError{Field: "verdict", Reason: "must be human or machine"})
	}
	if v != "" && reason == "" || len(reason) > longestReason {
		bad = append(bad, fibonacco.FieldError{Field: "reason", Reason: fmt.Sprintf("must be of 1 to %d characters", longestReason)})
	}
	if len(bad) > 0 {
		return fibonacco.InvalidFields("the verdict cannot be given", bad)
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		found, err := findSend(ctx, tx, sendID)
		if err != nil || found.Override == string(v) {
			return err
		}
		changed, err := tx.Exec(ctx, `
			UPDATE campaign_sends SET verdict_override = $1, updated_at = $2 WHERE id = $3 AND COALESCE(verdict_override, '') = $4`,
			db.Null(string(v)), tx.Now, sendID, found.Override)
		if err != nil {
			return fmt.Errorf("store the verdict of send %d: %w", sendID, err)
		}
		if changed == 0 {
			return fibonacco.Errorf(fibonacco.Conflict, "somebody else decides about this e-mail right now")
		}
		t, err := s.think(ctx, tx, []int64{sendID}, true)
		if err != nil {
			return err
		}
		return errors.Join(s.correct(ctx, tx, t), audit.Record(ctx, tx, fibonacco.AuditEntry{
			Action: "campaign_send.verdict_given", Entity: "campaign_send", EntityID: strconv.FormatInt(sendID, 10), CommunityID: &found.CommunityID,
			Before: map[string]any{"verdict_override": found.Override},
			After:  map[string]any{"verdict_override": string(v), "reason": reason, "mails": t.report.Mails},
		}))
	})
}

const hitsShown = 500

// TrackingHits implements fibonacco.TrackingVerdicts.
func (s *Service) TrackingHits(ctx context.Context, sendID int64) ([]fibonacco.TrackingHit, error) {
	list := []fibonacco.TrackingHit{}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := findSend(ctx, tx, sendID); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			SELECT id, event_at, event_type, COALESCE(verdict, ''), COALESCE(rule, ''), COALESCE(link_clicked, ''), COALESCE(method, ''), COALESCE(prefetch, FALSE),
				COALESCE(CAST(ip_address AS text), ''), COALESCE(user_agent, ''), after_delivery_ms
			FROM email_events WHERE campaign_send_id = $1 AND event_type || '' IN ('opened', 'clicked') ORDER BY id DESC LIMIT `+strconv.Itoa(hitsShown), sendID)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var h fibonacco.TrackingHit
			var after *int64
			if err := rows.Scan(&h.ID, db.Time(&h.At), &h.Kind, &h.Verdict, &h.Rule, &h.Link, &h.Method, &h.Prefetch, &h.IP, &h.UserAgent, &after); err != nil {
				return err
			}
			h.IP, _, _ = strings.Cut(h.IP, "/")
			if after != nil {
				seconds := float64(*after) / 1000
				h.AfterDelivery = &seconds
			}
			list = append(list, h)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}
