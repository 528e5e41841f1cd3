package analytics

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// recent is how long a failure stays on the first page. An unknown send stays until it is settled.
const recent = 7 * 24 * time.Hour

// failedJobs is how many jobs gave up, in all queues.
func (s *Service) failedJobs(ctx context.Context) (int, error) {
	if s.queues == nil {
		return 0, nil
	}
	states, err := s.queues.Queues(ctx)
	if err != nil {
		return 0, fmt.Errorf("read queues: %w", err)
	}
	n := 0
	for _, q := range states {
		n += q.Failed
	}
	return n, nil
}

// ofBusiness is the community of the business that a row of a table is about.
func ofBusiness(table string) string {
	return "(SELECT smbs.community_id FROM smbs WHERE smbs.id = " + table + ".smb_id)"
}

// readAttention lists what waits for a person, the gravest first. Mails belong to where their
// business is now, as in the list of sends; that sending is paused concerns everybody.
func (c *counting) readAttention(ctx context.Context, tx *db.Tx, failedJobs int) error {
	since := tx.Now.Add(-recent)
	c.o.Attention = []fibonacco.Attention{}
	for _, a := range []struct {
		kind, query, community string
		args                   []any
	}{
		{"sending_paused", `SELECT COUNT(*), MIN(updated_at) FROM settings WHERE key = 'sending' AND REPLACE(CAST(value AS text), ' ', '') LIKE '%"paused":true%'`, "", nil},
		{"voicemail_paused", `SELECT COUNT(*), MIN(updated_at) FROM settings WHERE key = 'voicemail' AND REPLACE(CAST(value AS text), ' ', '') LIKE '%"paused":true%'`, "", nil},
		{"unknown_sends", `SELECT COUNT(*), MIN(scheduled_for) FROM campaign_sends WHERE status = 'unknown'`, ofBusiness("campaign_sends"), nil},
		{"failed_sends", `SELECT COUNT(*), MIN(scheduled_for) FROM campaign_sends WHERE status = 'failed' AND scheduled_for >= $1`, ofBusiness("campaign_sends"), []any{since}},
		{"services_to_set_up", `SELECT COUNT(*), MIN(suggested_at) FROM ai_tasks WHERE status = 'suggested' AND task_type = 'service_setup'`, ofBusiness("ai_tasks"), nil},
		{"meeting_requests", `SELECT COUNT(*), MIN(suggested_at) FROM ai_tasks WHERE status = 'suggested' AND task_type = 'meeting_request'`, ofBusiness("ai_tasks"), nil},
		{"contact_changes", `SELECT COUNT(*), MIN(suggested_at) FROM ai_tasks WHERE status = 'suggested' AND task_type = 'profile_update'`, ofBusiness("ai_tasks"), nil},
		{"failed_setups", `SELECT COUNT(*), MIN(updated_at) FROM provisioning_tasks WHERE status = 'failed'`, ofBusiness("provisioning_tasks"), nil},
		{"failed_imports", `SELECT COUNT(*), MIN(created_at) FROM imports WHERE status = 'failed' AND created_at >= $1`, "community_id", []any{since}},
	} {
		if a.community != "" {
			within, args := c.within(a.community, len(a.args)+1)
			a.query, a.args = a.query+within, append(a.args, args...)
		}
		one := fibonacco.Attention{Kind: a.kind}
		if err := tx.QueryRow(ctx, a.query, a.args...).Scan(&one.Count, db.TimePtr(&one.OldestAt)); err != nil {
			return fmt.Errorf("count %s: %w", a.kind, err)
		}
		if one.Count > 0 {
			c.o.Attention = append(c.o.Attention, one)
		}
	}
	if failedJobs > 0 {
		c.o.Attention = append(c.o.Attention, fibonacco.Attention{Kind: "failed_jobs", Count: failedJobs})
	}
	return nil
}
