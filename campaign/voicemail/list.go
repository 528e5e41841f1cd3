package voicemail

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const dropColumns = `id, CAST(uuid AS text), smb_id, campaign_send_id, COALESCE(community_id, 0), COALESCE(campaign_id, ''), phone, COALESCE(script, ''),
	voice_persona, scheduled_for, sent_at, provider, COALESCE(provider_message_id, ''), status, attempts, COALESCE(last_error, ''), delivered_at,
	COALESCE(delivery_status, ''), callback_received, callback_at, callback_id, created_at, updated_at`

func scanDrop(r db.Row) (d fibonacco.RVMDrop, err error) {
	err = r.Scan(&d.ID, &d.UUID, &d.SMBID, &d.CampaignSendID, &d.CommunityID, &d.CampaignID, &d.Phone, &d.Script, &d.VoicePersona,
		db.TimePtr(&d.ScheduledFor), db.TimePtr(&d.SentAt), &d.Provider, &d.ProviderMessageID, &d.Status, &d.Attempts, &d.LastError,
		db.TimePtr(&d.DeliveredAt), &d.DeliveryStatus, &d.CallbackReceived, db.TimePtr(&d.CallbackAt), &d.CallbackID,
		db.Time(&d.CreatedAt), db.Time(&d.UpdatedAt))
	return d, err
}

// Drop is one voicemail, or NotFound.
func (s *Service) Drop(ctx context.Context, id int64) (*fibonacco.RVMDrop, error) {
	var d fibonacco.RVMDrop
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		d, err = scanDrop(tx.QueryRow(ctx, `SELECT `+dropColumns+` FROM rvm_drops WHERE id = $1`, id))
		return err
	})
	if db.IsNoRows(err) {
		return nil, noSuchDrop(id)
	}
	if err != nil {
		return nil, fmt.Errorf("read voicemail %d: %w", id, err)
	}
	return &d, nil
}

// ExplainVoicemail is what happened by voicemail to one SMB on one local day, and which unopened mails
// were decided on without one, and why (R2).
func (s *Service) ExplainVoicemail(ctx context.Context, smbID int64, date string) (lines []fibonacco.ExplanationRow, err error) {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return nil, fibonacco.InvalidFields("there is no such day", []fibonacco.FieldError{{Field: "date", Reason: "must be a date like 2026-11-23"}})
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		var name string
		if err := tx.QueryRow(ctx, `
			SELECT communities.timezone FROM smbs JOIN communities ON communities.id = smbs.community_id WHERE smbs.id = $1`, smbID).Scan(&name); err != nil {
			if db.IsNoRows(err) {
				err = fibonacco.Errorf(fibonacco.NotFound, "there is no business %d", smbID)
			}
			return err
		}
		zone, err := s.zone(name)
		if err != nil {
			return err
		}
		if lines, err = dropLines(ctx, tx, smbID, day, zone); err != nil {
			return err
		}
		type skip struct {
			CampaignID string
			Reason     fibonacco.SkipReason
		}
		skips, err := db.Select[skip](ctx, tx, `
			SELECT campaign_id, reason FROM voicemail_skips WHERE smb_id = $1 AND local_date = CAST($2 AS date) ORDER BY campaign_send_id`, smbID, date)
		for _, k := range skips {
			lines = append(lines, fibonacco.ExplanationRow{
				CampaignID: k.CampaignID, Outcome: "skipped", Reason: k.Reason,
				Sentence: fmt.Sprintf("No voicemail follows %s, which nobody opened: %s.", k.CampaignID, skipWords[k.Reason]),
			})
		}
		return wrap(err, "read why there was no voicemail")
	})
	return lines, err
}

func dropLines(ctx context.Context, tx *db.Tx, smbID int64, day time.Time, zone *time.Location) (lines []fibonacco.ExplanationRow, err error) {
	y, m, d := day.Date()
	from, to := time.Date(y, m, d, 0, 0, 0, 0, zone).UTC(), time.Date(y, m, d+1, 0, 0, 0, 0, zone).UTC()
	rows, err := tx.Query(ctx, `SELECT `+dropColumns+` FROM rvm_drops
		WHERE smb_id = $1 AND (scheduled_for >= $2 AND scheduled_for < $3 OR sent_at >= $2 AND sent_at < $3) ORDER BY id`, smbID, from, to)
	if err != nil {
		return nil, fmt.Errorf("read voicemails: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		drop, err := scanDrop(rows)
		if err != nil {
			return nil, fmt.Errorf("read voicemails: %w", err)
		}
		line := fibonacco.ExplanationRow{
			CampaignID: drop.CampaignID, Outcome: drop.Status, ScheduledFor: drop.ScheduledFor, SentAt: drop.SentAt, Sentence: sentence(drop, zone),
		}
		if drop.CampaignSendID != nil {
			line.SendID = *drop.CampaignSendID
		}
		if drop.Status == "cancelled" {
			line.Reason = fibonacco.SkipReason(drop.DeliveryStatus)
		}
		lines = append(lines, line)
	}
	return lines, wrap(rows.Err(), "read voicemails")
}

// sentence says where a voicemail stands.
func sentence(d fibonacco.RVMDrop, zone *time.Location) string {
	at := func(t *time.Time) string {
		if t == nil {
			return "an unknown time"
		}
		return t.In(zone).Format("2 January, 15:04 MST")
	}
	about := "A voicemail about " + d.CampaignID
	switch {
	case d.Status == "queued" && d.LastError != "":
		return fmt.Sprintf("%s came to nothing and is tried again on %s: %s.", about, at(d.ScheduledFor), d.LastError)
	case d.Status == "queued":
		return fmt.Sprintf("%s is planned for %s.", about, at(d.ScheduledFor))
	case d.Status == "sending":
		return about + " is being handed over right now."
	case d.Status == "sent" && d.DeliveryStatus == unanswered:
		return about + " may or may not have left: the provider did not answer. It is not sent again blindly."
	case d.Status == "sent":
		return fmt.Sprintf("%s was handed over on %s; the provider has not said what became of it.", about, at(d.SentAt))
	case d.Status == "delivered":
		return fmt.Sprintf("%s was left in the mailbox on %s.", about, at(d.DeliveredAt))
	case d.Status == "failed":
		return fmt.Sprintf("%s did not arrive: %s.", about, d.DeliveryStatus)
	}
	return fmt.Sprintf("%s was planned and did not leave: %s.", about, skipWords[fibonacco.SkipReason(d.DeliveryStatus)])
}

// skipWords say each reason within a sentence.
var skipWords = map[fibonacco.SkipReason]string{
	fibonacco.NotOptedIn:   "the business has opted out of voicemails",
	fibonacco.DoNotContact: "the business must not be contacted",
	fibonacco.Suppressed:   "the number is on a do-not-call list",
	fibonacco.NoPhone:      "there is no telephone number on file",
	fibonacco.InvalidPhone: "the number on file takes no voicemail",
	fibonacco.NoConsent:    "there is no written consent on record",
	fibonacco.Paused:       "the programme was paused",
	fibonacco.MonthlyLimit: "its tier has had its voicemails for the time being",
	fibonacco.AttemptLimit: "the number had been tried often enough",
	fibonacco.OutsideHours: "the places where the telephone may be have no permitted hours in common",
	fibonacco.UnfitScript:  "the campaign's script may not be spoken as it is",
	fibonacco.Missed:       "too much time had passed",
	fibonacco.Duplicate:    "another voicemail was on its way",
	fibonacco.Deleted:      "the business was deleted",

	fibonacco.AskedForPause: "the business had asked for a pause",
}
