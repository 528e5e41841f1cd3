package voicemail

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/voicemail/law"
	"github.com/fibonacco/fibonacco/db"
)

// business is an SMB as the rules look at it.
type business struct {
	ID             int64
	CommunityID    int64
	Name           string
	Contact        string
	Category       string
	Community      string
	Phone          string
	Zip            string
	State          string // of its own address; "" when unknown
	CommunityState string
	Timezone       string
	Tier           int
	OptedIn        bool
	DNC            bool
	Deleted        bool
	Status         fibonacco.CampaignStatus
	Resting        bool // asked for a pause on its preference page

	zone    *time.Location
	area    law.Area
	party   law.Party
	consent bool // on record
	blocked bool // the number is on a do-not-call list
	tries   tries
}

// tries is how often a number has been tried lately.
type tries struct {
	Last24h int
	Last3d  int
	Open    int // under way, or without a result for less than a day
}

const businessColumns = `smbs.id, smbs.community_id, smbs.business_name AS name, COALESCE(smbs.primary_contact_name, '') AS contact,
	COALESCE(smbs.category, '') AS category, communities.name AS community, COALESCE(smbs.primary_phone, '') AS phone,
	COALESCE(smbs.zip, '') AS zip, COALESCE(smbs.state, '') AS state, COALESCE(communities.state, '') AS community_state, communities.timezone,
	smbs.engagement_tier AS tier, smbs.rvm_opted_in AS opted_in, smbs.do_not_contact AS dnc, smbs.deleted_at IS NOT NULL AS deleted,
	smbs.campaign_status AS status,
	EXISTS (SELECT 1 FROM preferences WHERE preferences.smb_id = smbs.id AND preferences.kind = 'pause' AND preferences.ends_at > $2) AS resting`

// loadBusinesses reads SMBs with everything that the rules ask about, by a fixed number of
// statements. A community whose time zone cannot be read is left out, with what it means for its
// businesses: nobody knows when to call them. own are drops that do not count as under way.
func (s *Service) loadBusinesses(ctx context.Context, tx *db.Tx, ids []int64, own ...int64) (map[int64]*business, error) {
	all := map[int64]*business{}
	if len(ids) == 0 {
		return all, nil
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	list, err := db.Select[business](ctx, tx, `
		SELECT `+businessColumns+` FROM smbs JOIN communities ON communities.id = smbs.community_id
		WHERE smbs.id IN ($1...)`, ids, tx.Now)
	if err != nil {
		return nil, fmt.Errorf("read %d businesses: %w", len(ids), err)
	}
	consent, err := s.consent(ctx, tx, ids)
	if err != nil {
		return nil, fmt.Errorf("read the consents of %d businesses: %w", len(ids), err)
	}
	var phones []string
	for i := range list {
		b := &list[i]
		if b.zone, err = s.zone(b.Timezone); err != nil {
			s.log.ErrorContext(ctx, "community has no usable time zone: no voicemail", "community", b.CommunityID)
			continue
		}
		b.area = law.AreaOf(b.Phone)
		b.party = law.NewParty(b.zone, b.area, b.CommunityState, b.State)
		b.consent = consent[b.ID]
		all[b.ID] = b
		if b.Phone != "" {
			phones = append(phones, b.Phone)
		}
	}
	slices.Sort(phones)
	phones = slices.Compact(phones)
	blocked, err := s.blocked(ctx, tx, phones)
	if err != nil {
		return nil, fmt.Errorf("read do-not-call lists: %w", err)
	}
	tried, err := loadTries(ctx, tx, phones, own)
	if err != nil {
		return nil, err
	}
	for _, b := range all {
		b.blocked, b.tries = blocked[b.Phone], tried[b.Phone]
	}
	return all, nil
}

// loadTries counts the hand-overs to each number, whoever it belongs to. What the provider never got
// is not counted. Those of own are not under way.
func loadTries(ctx context.Context, tx *db.Tx, phones []string, own []int64) (map[string]tries, error) {
	all := map[string]tries{}
	if len(phones) == 0 {
		return all, nil
	}
	const handedOver = `attempts + CASE WHEN status IN ('sending', 'sent', 'delivered') THEN 1 ELSE 0 END`
	rows, err := tx.Query(ctx, `
		SELECT phone, COALESCE(SUM(CASE WHEN sent_at > $1 OR status = 'sending' THEN `+handedOver+` ELSE 0 END), 0), COALESCE(SUM(`+handedOver+`), 0),
			COALESCE(SUM(CASE WHEN id IN ($4...) THEN 0 WHEN status = 'sending' OR status = 'sent' AND sent_at > $1 AND delivery_status IS NULL THEN 1 ELSE 0 END), 0)
		FROM rvm_drops WHERE phone IN ($3...) AND (sent_at > $2 OR status = 'sending')
		GROUP BY phone`, tx.Now.Add(-24*time.Hour), tx.Now.Add(-72*time.Hour), phones, append([]int64{}, own...))
	if err != nil {
		return nil, fmt.Errorf("count tries: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var phone string
		var t tries
		if err := rows.Scan(&phone, &t.Last24h, &t.Last3d, &t.Open); err != nil {
			return nil, fmt.Errorf("count tries: %w", err)
		}
		all[phone] = t
	}
	return all, wrap(rows.Err(), "count tries")
}
