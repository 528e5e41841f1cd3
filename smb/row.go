package smb

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// smbColumns is what scanSMB reads, in its order.
const smbColumns = `
	smbs.id, CAST(smbs.uuid AS text), smbs.community_id,
	smbs.business_name, COALESCE(smbs.dba_name, ''), COALESCE(smbs.business_type, ''), COALESCE(smbs.category, ''),
	COALESCE(smbs.primary_contact_name, ''), COALESCE(smbs.primary_email, ''), COALESCE(smbs.primary_phone, ''),
	CAST(smbs.secondary_contacts AS text),
	COALESCE(smbs.address, ''), COALESCE(smbs.city, ''), COALESCE(smbs.state, ''), COALESCE(smbs.zip, ''),
	COALESCE(CAST(smbs.coordinates AS text), ''),
	smbs.engagement_tier, smbs.engagement_score,
	smbs.last_email_open, smbs.last_email_click, smbs.last_content_view, smbs.last_approval,
	smbs.total_approvals, smbs.total_meetings,
	smbs.campaign_status, COALESCE(smbs.current_campaign_id, ''), smbs.manifest_destiny_day,
	COALESCE(CAST(smbs.manifest_destiny_start_date AS text), ''), smbs.next_scheduled_send,
	smbs.paused_days, COALESCE(CAST(smbs.paused_on AS text), ''), COALESCE(smbs.pause_reason, ''),
	COALESCE(smbs.service_model, ''), smbs.subscription_tier,
	CAST(smbs.services_activated AS text), CAST(smbs.services_approved_pending AS text),
	smbs.email_opted_in, smbs.sms_opted_in, smbs.rvm_opted_in, smbs.phone_opted_in, smbs.do_not_contact,
	COALESCE(smbs.source, ''), smbs.data_quality_score, smbs.version, CAST(smbs.metadata AS text),
	smbs.created_at, smbs.updated_at, smbs.deleted_at`

func scanSMB(row db.Row, s *fibonacco.SMB) error {
	var contacts, point, activated, pending, metadata string
	err := row.Scan(
		&s.ID, &s.UUID, &s.CommunityID,
		&s.BusinessName, &s.DBAName, &s.BusinessType, &s.Category,
		&s.PrimaryContactName, &s.PrimaryEmail, &s.PrimaryPhone,
		&contacts,
		&s.Address, &s.City, &s.State, &s.ZIP,
		&point,
		&s.EngagementTier, &s.EngagementScore,
		db.TimePtr(&s.LastEmailOpen), db.TimePtr(&s.LastEmailClick), db.TimePtr(&s.LastContentView), db.TimePtr(&s.LastApproval),
		&s.TotalApprovals, &s.TotalMeetings,
		&s.CampaignStatus, &s.CurrentCampaignID, &s.ManifestDestinyDay,
		&s.ManifestDestinyStartDate, db.TimePtr(&s.NextScheduledSend),
		&s.PausedDays, &s.PausedOn, &s.PauseReason,
		&s.ServiceModel, &s.SubscriptionTier,
		&activated, &pending,
		&s.EmailOptedIn, &s.SMSOptedIn, &s.RVMOptedIn, &s.PhoneOptedIn, &s.DoNotContact,
		&s.Source, &s.DataQualityScore, &s.Version, &metadata,
		db.Time(&s.CreatedAt), db.Time(&s.UpdatedAt), db.TimePtr(&s.DeletedAt),
	)
	if err != nil {
		return err
	}
	s.Coordinates = readPoint(point)
	for _, j := range []struct {
		text string
		into any
	}{
		{contacts, &s.SecondaryContacts},
		{activated, &s.ServicesActivated},
		{pending, &s.ServicesApprovedPending},
		{metadata, &s.Metadata},
	} {
		if err := json.Unmarshal([]byte(j.text), j.into); err != nil {
			return fmt.Errorf("read a JSON column of SMB %d: %w", s.ID, err)
		}
	}
	return nil
}

// selectSMBs reads the SMBs of a query's tail: everything from WHERE on.
func selectSMBs(ctx context.Context, tx *db.Tx, tail string, args ...any) ([]fibonacco.SMB, error) {
	rows, err := tx.Query(ctx, `SELECT `+smbColumns+` FROM smbs `+tail, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var page []fibonacco.SMB
	for rows.Next() {
		var s fibonacco.SMB
		if err := scanSMB(rows, &s); err != nil {
			return nil, err
		}
		page = append(page, s)
	}
	return page, rows.Err()
}

// pointText is a point as PostgreSQL writes it: "(-73.98,40.67)". SQLite keeps that text.
func pointText(p *fibonacco.Point) any {
	if p == nil {
		return nil
	}
	return "(" + strconv.FormatFloat(p.Longitude, 'g', -1, 64) + "," + strconv.FormatFloat(p.Latitude, 'g', -1, 64) + ")"
}

// readPoint is the reverse of pointText; nil for "".
func readPoint(text string) *fibonacco.Point {
	lon, lat, ok := strings.Cut(strings.Trim(text, "()"), ",")
	if !ok {
		return nil
	}
	x, errX := strconv.ParseFloat(lon, 64)
	y, errY := strconv.ParseFloat(lat, 64)
	if errX != nil || errY != nil {
		return nil
	}
	return &fibonacco.Point{Longitude: x, Latitude: y}
}
