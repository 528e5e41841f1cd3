package voicemail

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const (
	reportedWithin = 3 * 24 * time.Hour // a report that knows only the number is about a voicemail of these days
	mostEventID    = 90
)

// reported is the voicemail that a report is about.
type reported struct {
	ID          int64
	UUID        string
	SMBID       int64 `db:"smb_id"`
	CommunityID int64
	Phone       string
	Status      string
	Attempts    int
	Began       bool // a hand-over had begun
	Month       string
	Timezone    string
}

// over reports whether the voicemail's fate is known already.
func (d *reported) over() bool {
	switch d.Status {
	case "sending", "sent":
		return false
	case "queued", "cancelled":
		return !d.Began // taken back, though it may have left before
	}
	return true
}

// TakeDropReport implements fibonacco.DropReports (M2-16 to M2-18). A report that finds its voicemail
// by the number alone is taken for the one that was dropped there last.
func (s *Service) TakeDropReport(ctx context.Context, r fibonacco.DropReport) (changed bool, err error) {
	if len(r.EventID) > mostEventID {
		return false, fibonacco.InvalidFields("the report cannot be taken", []fibonacco.FieldError{{Field: "event_id", Reason: "is too long"}})
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		changed = false
		if first, err := firstTime(ctx, tx, r.EventID); err != nil || !first {
			return err
		}
		d, err := findReported(ctx, tx, r)
		if err != nil {
			return err
		}
		if d == nil {
			if r.Outcome == fibonacco.DropOptedOut && r.Phone != "" && r.EventID != "" {
				changed, err = s.optOut(ctx, tx, r.Phone, source(r)) // proven, and about somebody we may have on file
			}
			return err
		}
		changed, err = s.apply(ctx, tx, d, r)
		return err
	})
	return changed, err
}

// firstTime notes a message of the provider's, and reports whether it is new. One without an id always
// is: the voicemail's own state tells repeats.
func firstTime(ctx context.Context, tx *db.Tx, eventID string) (bool, error) {
	if eventID == "" {
		return true, nil
	}
	n, err := tx.Exec(ctx, `
		INSERT INTO provider_messages (id, received_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, "rvm:"+eventID, fibonacco.RealTime())
	return n == 1, wrap(err, "note a message of the voicemail provider")
}

// findReported finds the voicemail of a report: by our proof, by the uuid that was told back, by the
// provider's own id when an earlier report brought it, or by the number. Proof and uuid must name the
// same one. nil when it is not ours.
func findReported(ctx context.Context, tx *db.Tx, r fibonacco.DropReport) (*reported, error) {
	const columns = `
		SELECT d.id, CAST(d.uuid AS text) AS uuid, d.smb_id, COALESCE(d.community_id, 0) AS community_id, d.phone, d.status, d.attempts,
			d.key_until IS NOT NULL AS began, COALESCE(d.counted_month, '') AS month, communities.timezone
		FROM rvm_drops d JOIN smbs ON smbs.id = d.smb_id JOIN communities ON communities.id = smbs.community_id WHERE `
	var d reported
	var err error
	switch {
	case r.DropID != 0:
		d, err = db.Get[reported](ctx, tx, columns+`d.id = $1`, r.DropID)
	case r.UUID != "":
		d, err = db.Get[reported](ctx, tx, columns+`d.uuid = CAST($1 AS uuid)`, r.UUID)
	case r.Phone != "":
		if r.Theirs != "" {
			if d, err = db.Get[reported](ctx, tx, columns+`d.provider_message_id = $1 LIMIT 1`, theirs(r)); !db.IsNoRows(err) {
				break
			}
		}
		d, err = db.Get[reported](ctx, tx, columns+`d.phone = $1 AND d.claimed_at > $2 AND d.key_until IS NOT NULL
			AND (d.status IN ('sending', 'sent') OR d.status IN ('queued', 'cancelled'))
			ORDER BY CASE WHEN d.status IN ('sending', 'sent') THEN 0 ELSE 1 END, d.claimed_at DESC, d.id DESC LIMIT 1`,
			r.Phone, tx.Now.Add(-reportedWithin))
	default:
		return nil, nil
	}
	if db.IsNoRows(err) || err == nil && r.UUID != "" && d.UUID != r.UUID {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the voicemail of a report: %w", err)
	}
	return &d, nil
}

// theirs is the provider's id of a voicemail as provider_message_id keeps it, once a report has brought
// it: the id that answered the hand-over never comes again.
func theirs(r fibonacco.DropReport) string { return "drop:" + r.Theirs }

// apply stores what became of a voicemail, once.
func (s *Service) apply(ctx context.Context, tx *db.Tx, d *reported, r fibonacco.DropReport) (changed bool, err error) {
	if r.Theirs != "" && !d.over() {
		if _, err := tx.Exec(ctx, `UPDATE rvm_drops SET provider_message_id = $1 WHERE id = $2`, theirs(r), d.ID); err != nil {
			return false, fmt.Errorf("keep the provider's id of voicemail %d: %w", d.ID, err)
		}
	}
	switch r.Outcome {
	case fibonacco.DropDelivered:
		return s.deliver(ctx, tx, d)
	case fibonacco.DropOptedOut:
		if changed, err = s.end(ctx, tx, d, r, "failed"); err != nil {
			return false, err
		}
		out, err := s.optOut(ctx, tx, d.Phone, source(r))
		return changed || out, err
	case fibonacco.DropFailed:
		return s.end(ctx, tx, d, r, "failed")
	case fibonacco.DropDeferred:
		if d.Attempts+1 >= mostTries {
			return s.end(ctx, tx, d, r, "failed")
		}
		return s.end(ctx, tx, d, r, "queued")
	case fibonacco.DropBlocked:
		if changed, err = s.end(ctx, tx, d, r, "queued"); err != nil || !changed {
			return changed, err
		}
		return true, s.pause(ctx, tx, cut(fmt.Sprintf("%s (%d)", r.Reason, r.Code), 500), s.cfg.Provider)
	}
	return false, fibonacco.InvalidFields("the report cannot be taken", []fibonacco.FieldError{{Field: "outcome", Reason: "is not known"}})
}

// deliver marks a voicemail as arrived. One that was cancelled after its hand-over had begun counts
// again: it is the truth.
func (s *Service) deliver(ctx context.Context, tx *db.Tx, d *reported) (changed bool, err error) {
	if d.over() {
		return false, nil
	}
	n, err := tx.Exec(ctx, `
		UPDATE rvm_drops SET status = 'delivered', delivered_at = $1, delivery_status = 'delivered', sent_at = COALESCE(sent_at, claimed_at, $1), updated_at = $1
		WHERE id = $2 AND status = $3`, tx.Now, d.ID, d.Status)
	if err != nil || n == 0 {
		return false, wrap(err, "mark voicemail %d as delivered", d.ID)
	}
	if d.Month == "" {
		zone, err := s.zone(d.Timezone)
		if err != nil {
			return false, err
		}
		c := []counted{{smbID: d.SMBID, month: month(tx.Now, zone)}}
		for _, period := range []func(counted) string{monthOf, quarterOf} {
			if _, err := add(ctx, tx, c, period, noLimit); err != nil {
				return false, err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE rvm_drops SET counted_month = $1 WHERE id = $2`, c[0].month, d.ID); err != nil {
			return false, fmt.Errorf("count voicemail %d again: %w", d.ID, err)
		}
	}
	return true, s.queue.Publish(ctx, tx, fibonacco.RVMDropDelivered{RVMDropID: d.ID, SMBID: d.SMBID, At: tx.Now})
}

// end stores that a voicemail did not arrive: it has failed, or waits for another day under another
// key, because this hand-over is known to have come to nothing.
func (s *Service) end(ctx context.Context, tx *db.Tx, d *reported, r fibonacco.DropReport, status string) (changed bool, err error) {
	if d.over() || status == "queued" && d.Status == "cancelled" {
		return false, nil
	}
	var due, why any
	if status == "queued" {
		due = tx.Now.Add(tomorrow)
	} else {
		why = cut(r.Status, 50)
	}
	n, err := tx.Exec(ctx, `
		UPDATE rvm_drops SET status = $1, delivery_status = $2, last_error = $3,
			sent_at = COALESCE(sent_at, claimed_at, $4), attempts = attempts + 1, key_until = NULL, scheduled_for = COALESCE($5, scheduled_for),
			released_at = NULL, updated_at = $4
		WHERE id = $6 AND status = $7`, status, why, db.Null(cut(r.Reason, 1000)), tx.Now, due, d.ID, d.Status)
	if err != nil || n == 0 {
		return false, wrap(err, "store what became of voicemail %d", d.ID)
	}
	return true, uncount(ctx, tx)
}

// source says where a withdrawal came from.
func source(r fibonacco.DropReport) string { return cut("voicemail provider: "+r.Status, 255) }
