package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco/db"
)

// A busy house is in the middle of its programme: every tenth business has had twenty mails, some of
// which were opened, clicked, refused, or wait; some businesses heard a voicemail, read a learning page,
// said yes, wrote, or were noted something of.

// busyStep stores rows that belong to one business, or to one of its mails.
type busyStep struct {
	columns []string
	insert  string
	add     func(b *db.Batch, r *rand.Rand, i int)
}

func (h *house) fillBusy(ctx context.Context, n int) error {
	var campaigns []string
	var owners []int64
	if err := h.db.View(ctx, func(tx *db.Tx) (err error) {
		if campaigns, err = db.Select[string](ctx, tx, `SELECT id FROM campaigns ORDER BY id`); err != nil {
			return err
		}
		owners, err = db.Select[int64](ctx, tx, `SELECT id FROM smbs WHERE id % 10 = 1 ORDER BY id`)
		return err
	}); err != nil {
		return err
	}
	if err := h.fillMails(ctx, owners, campaigns); err != nil {
		return err
	}
	for _, s := range busySteps(owners, campaigns, h.db.Clock().Now()) {
		if err := h.store(ctx, s.step, s.rows(n)); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return h.settleStatistics(ctx)
}

// store adds rows in parts.
func (h *house) store(ctx context.Context, s busyStep, rows int) error {
	r := rand.New(rand.NewPCG(5, 6))
	for done := 0; done < rows; {
		part := min(rows-done, 20_000)
		b := db.NewBatch(s.columns...)
		for i := range part {
			s.add(b, r, done+i)
		}
		if err := h.db.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.ExecBatch(ctx, b, s.insert)
			return err
		}); err != nil {
			return err
		}
		done += part
	}
	return nil
}

const mailsEach = 20 // mails of a business in the programme

// fillMails gives every owner twenty mails of the last ninety days, and what became of them.
func (h *house) fillMails(ctx context.Context, owners []int64, campaigns []string) error {
	now := h.db.Clock().Now()
	mails := busyStep{
		columns: []string{"uuid uuid", "smb bigint", "campaign text", "occurrence integer", "status text", "skip text", "due timestamptz", "sent timestamptz", "opened timestamptz", "clicked timestamptz"},
		insert: `INSERT INTO campaign_sends (uuid, smb_id, community_id, campaign_id, email, subject, status, skip_reason, scheduled_for, sent_at, delivered_at, opened_at, clicked_at,
				message_id, occurrence, created_at, updated_at)
			SELECT r.uuid, r.smb, s.community_id, r.campaign, s.primary_email, 'A page for ' || s.business_name, r.status, r.skip, r.due, r.sent, r.sent, r.opened, r.clicked,
				CAST(r.uuid AS text) || '@bench.example', r.occurrence, r.due, COALESCE(r.clicked, r.opened, r.sent, r.due)
			FROM rows r JOIN smbs s ON s.id = r.smb`,
		add: func(b *db.Batch, r *rand.Rand, i int) {
			owner, k := owners[i/mailsEach], i%mailsEach
			due := now.Add(-time.Duration(k*108+r.IntN(108)) * time.Hour)
			status, skip := "sent", any(nil)
			var sent, opened, clicked any
			switch p := r.IntN(1000); {
			case k == 0 && p < 500:
				status, due = "queued", now.Add(time.Duration(1+r.IntN(20))*time.Hour)
			case p < 40:
				status, skip = "suppressed", "not_opted_in"
			case p < 50:
				status = "bounced"
			case p < 52:
				status = "failed"
			case k == 1 && p == 53:
				status = "unknown"
			}
			if status == "sent" || status == "bounced" {
				sent = due.Add(time.Minute)
				if status == "sent" && r.IntN(10) < 3 {
					opened = due.Add(time.Duration(2+r.IntN(600)) * time.Minute)
					if r.IntN(6) == 0 {
						clicked = due.Add(time.Duration(3+r.IntN(600)) * time.Minute)
					}
				}
			}
			b.Add(uuid.NewString(), owner, campaigns[(i+k)%len(campaigns)], 1+k/len(campaigns), status, skip, due, sent, opened, clicked)
		},
	}
	if err := h.store(ctx, mails, len(owners)*mailsEach); err != nil {
		return fmt.Errorf("mails: %w", err)
	}
	return h.db.Update(ctx, func(tx *db.Tx) error {
		for _, s := range []string{
			`INSERT INTO email_events (campaign_send_id, event_type, verdict, event_at, created_at, updated_at)
			SELECT id, 'opened', CASE WHEN id % 4 = 0 THEN 'machine' ELSE 'human' END, opened_at, opened_at, opened_at FROM campaign_sends WHERE opened_at IS NOT NULL`,
			`INSERT INTO email_events (campaign_send_id, event_type, verdict, event_at, created_at, updated_at)
			SELECT id, 'clicked', 'human', clicked_at, clicked_at, clicked_at FROM campaign_sends WHERE clicked_at IS NOT NULL`,
			`INSERT INTO email_events (campaign_send_id, event_type, event_at, created_at, updated_at)
			SELECT id, 'delivered', delivered_at, delivered_at, delivered_at FROM campaign_sends WHERE delivered_at IS NOT NULL`,
			`INSERT INTO analytics_events (smb_id, community_id, event_type, event_category, occurred_at, created_at, updated_at)
			SELECT smb_id, community_id, 'email_opened', 'email', opened_at, opened_at, opened_at FROM campaign_sends WHERE opened_at IS NOT NULL`,
		} {
			if _, err := tx.Exec(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// busySteps are what happens besides mail; rows says how many of n businesses.
func busySteps(owners []int64, campaigns []string, now time.Time) (all []struct {
	name string
	step busyStep
	rows func(n int) int
},
) {
	one := []string{"uuid uuid", "smb bigint", "a text", "b text", "at timestamptz", "day date"}
	services := []string{"listing_claim", "appointment_booking", "review_collection", "loyalty_program", "chat_assistant"}
	add := func(name string, every int, insert string, a, b []string) {
		all = append(all, struct {
			name string
			step busyStep
			rows func(n int) int
		}{name, busyStep{columns: one, insert: insert, add: func(batch *db.Batch, r *rand.Rand, i int) {
			at := now.Add(-time.Duration(r.IntN(90*24*3600)) * time.Second)
			batch.Add(uuid.NewString(), owners[i*7919%len(owners)], a[i%len(a)], b[i/len(a)%len(b)], at, at.Format(time.DateOnly))
		}}, func(n int) int { return max(1, n/every) }})
	}
	slugs := []string{"a-page-you-control", "a-page-for-every-service", "answer-every-review"}
	add("voicemails", 10, `INSERT INTO rvm_drops (uuid, smb_id, community_id, campaign_id, phone, status, delivery_status, scheduled_for, sent_at, created_at, updated_at)
		SELECT r.uuid, r.smb, s.community_id, r.a, s.primary_phone, r.b, CASE WHEN r.b = 'cancelled' THEN 'no_consent' END, r.at, r.at, r.at, r.at
		FROM rows r JOIN smbs s ON s.id = r.smb`, campaigns, []string{"delivered", "failed", "cancelled", "delivered"})
	add("learning", 5, `INSERT INTO content_views (smb_id, content_slug, started_at, completion_percentage, source_campaign_id, time_on_page_seconds, slides_viewed, created_at, updated_at)
		SELECT smb, a, at, 40, b, 65, '[1,2,3]', at, at FROM rows`, slugs, campaigns)
	add("approvals", 50, `INSERT INTO approvals (uuid, smb_id, service_type, approver_name, approver_email, source_type, source_id, status, approved_at, processed_at, created_at, updated_at)
		SELECT uuid, smb, a, 'Maria Vega', 'maria@shop.example', 'campaign', 'HOOK-001', b, at, at, at, at FROM rows`, services, []string{"pending", "provisioned", "provisioned", "provisioning", "cancelled"})
	add("tasks", 100, `INSERT INTO ai_tasks (smb_id, task_type, status, suggested_at, created_at, updated_at)
		SELECT smb, a, b, at, at, at FROM rows`, []string{"service_setup", "meeting_request"}, []string{"pending", "completed", "completed", "completed"})
	add("notes", 20, `INSERT INTO smb_notes (smb_id, body, author, created_at) SELECT smb, 'Asked for a call in ' || a, b, at FROM rows`, []string{"May", "June"}, []string{"Otto", "Mara"})
	add("consents", 10, `INSERT INTO consents (smb_id, channel, granted, source, occurred_at, created_at)
		SELECT smb, a, b = 'yes', 'event', at, at FROM rows`, []string{"email", "rvm"}, []string{"yes", "yes", "no"})
	add("suppressions", 100, `INSERT INTO suppressions (kind, email_key, reason, smb_id, source, created_at)
		SELECT 'email', CAST(uuid AS text) || '@gone.example', a, smb, b, at FROM rows`, []string{"bounce", "complaint", "unsubscribe"}, []string{"ses", "link"})
	add("audit log", 5, `INSERT INTO audit_log (at, actor_kind, actor_name, action, entity, entity_id) SELECT at, 'user', b, a, 'smb', CAST(smb AS text) FROM rows`,
		[]string{"smb.update", "smb.pause", "smb.note"}, []string{"Otto Operator", "Mara Manager"})
	add("score history", 5, `INSERT INTO score_history (smb_id, day, score, tier) SELECT smb, day, 40, 3 FROM rows WHERE 1 = 1 ON CONFLICT DO NOTHING`, []string{"x"}, []string{"y"})
	add("programme skips", 10, `INSERT INTO skips (smb_id, community_id, campaign_id, programme_day, local_date, reason, created_at)
		SELECT r.smb, s.community_id, r.a, 30, r.day, r.b, r.at FROM rows r JOIN smbs s ON s.id = r.smb WHERE 1 = 1 ON CONFLICT DO NOTHING`, campaigns, []string{"not_opted_in", "no_address"})
	return all
}
