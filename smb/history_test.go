package smb_test

import (
	"testing"
	"time"

	"github.com/fibonacco/fibonacco/db"
)

// What businesses do, as the other modules store it.

func campaign(t testing.TB, d *db.DB) {
	t.Helper()
	exec(t, d, `
		INSERT INTO campaigns (id, type, week, day, title, subject, slug) VALUES ('HOOK-001', 'HOOK', 1, 1, 'Hook', 'Hook', 'hook')
		ON CONFLICT (id) DO NOTHING`)
}

// mail is a sent mail; opened is nil when nobody, or only a machine, opened it.
func mail(t testing.TB, d *db.DB, smb int64, opened *time.Time) (send int64) {
	t.Helper()
	campaign(t, d)
	return insert(t, d, `
		INSERT INTO campaign_sends (uuid, smb_id, campaign_id, occurrence, email, status, opened_at)
		VALUES ($uuid, $1, 'HOOK-001', (SELECT count(*) + 1 FROM campaign_sends WHERE smb_id = $1), 'a@example.com', 'sent', $2) RETURNING id`, smb, opened)
}

func opened(t testing.TB, d *db.DB, smb int64, at time.Time) { t.Helper(); mail(t, d, smb, &at) }

// clicked is one hit on a tracked link; verdict "" is NULL.
func clicked(t testing.TB, d *db.DB, send, link int64, verdict string, at time.Time) {
	t.Helper()
	insert(t, d, `
		INSERT INTO email_events (campaign_send_id, event_type, event_at, link_id, verdict)
		VALUES ($1, 'clicked', $2, $3, $4) RETURNING id`, send, at, db.Null(link), db.Null(verdict))
}

func viewed(t testing.TB, d *db.DB, smb int64, started time.Time, completed *time.Time) int64 {
	t.Helper()
	return insert(t, d, `
		INSERT INTO content_views (smb_id, content_slug, started_at, completed_at) VALUES ($1, 'hook', $2, $3) RETURNING id`, smb, started, completed)
}

func approved(t testing.TB, d *db.DB, smb int64, status string, at time.Time) int64 {
	t.Helper()
	return insert(t, d, `
		INSERT INTO approvals (uuid, smb_id, service_type, approver_name, approver_email, source_type, status, approved_at)
		VALUES ($uuid, $1, (SELECT CASE count(*) WHEN 0 THEN 'listing_claim' ELSE 'service_' || count(*) END FROM approvals WHERE smb_id = $1), 'Rosa', 'rosa@example.com', 'email', $2, $3) RETURNING id`, smb, status, at)
}

func met(t testing.TB, d *db.DB, smb int64, at time.Time) {
	t.Helper()
	insert(t, d, `
		INSERT INTO analytics_events (smb_id, event_type, event_category, occurred_at) VALUES ($1, 'meeting.scheduled', 'conversion', $2) RETURNING id`, smb, at)
}

func called(t testing.TB, d *db.DB, smb int64, at time.Time) int64 {
	t.Helper()
	return insert(t, d, `
		INSERT INTO callbacks (uuid, smb_id, caller_phone, called_number, started_at)
		VALUES ($uuid, $1, '+17185550142', '+17185550100', $2) RETURNING id`, smb, at)
}
