package smb

import (
	"context"
	"fmt"
	"slices"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/consent"
	"github.com/fibonacco/fibonacco/smb/search"
)

// changePart does to some SMBs what a bulk change asks for, exactly as Update and DeleteSMB do it to
// one, in a bounded number of statements.
func (s *Service) changePart(ctx context.Context, tx *db.Tx, r bulkRequest, ids []int64) (partResult, error) {
	found, err := lockSMBs(ctx, tx, ids)
	if err != nil {
		return partResult{}, err
	}
	var changed []changedSMB
	result := partResult{ids: ids, found: idsOf(found), why: map[int64]fibonacco.BulkReason{}}
	switch r.Action {
	case fibonacco.BulkTag, fibonacco.BulkUntag:
		changed, err = changeTags(ctx, tx, r, found, result.why)
	case fibonacco.BulkDelete:
		changed, err = deleteSMBs(ctx, tx, found)
	default:
		changed, err = setColumns(ctx, tx, r.Change, found)
	}
	if err != nil || len(changed) == 0 {
		return result, err
	}
	result.changed = make([]int64, len(changed))
	events := make([]fibonacco.Event, len(changed))
	for i, c := range changed {
		result.changed[i] = c.after.ID
		events[i] = fibonacco.SMBUpdated{SMBID: c.after.ID, CommunityID: c.after.CommunityID, Fields: c.fields}
	}
	if err := search.Reindex(ctx, tx, result.changed); err != nil {
		return result, err
	}
	return result, s.queue.Publish(ctx, tx, events...)
}

func idsOf(smbs []fibonacco.SMB) []int64 {
	ids := make([]int64, len(smbs))
	for i, s := range smbs {
		ids[i] = s.ID
	}
	return ids
}

// changedSMB is an SMB that a bulk change makes different.
type changedSMB struct {
	before, after fibonacco.SMB
	fields        []string
}

// lockSMBs reads those of some SMBs that whoever asks sees, in the order in which everybody locks them.
func lockSMBs(ctx context.Context, tx *db.Tx, ids []int64) ([]fibonacco.SMB, error) {
	where, args := `WHERE smbs.id IN ($1...) AND smbs.deleted_at IS NULL`, []any{ids}
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		where, args = where+` AND smbs.community_id IN ($2...)`, append(args, scope)
	}
	found, err := selectSMBs(ctx, tx, where+` ORDER BY smbs.id FOR NO KEY UPDATE`, args...)
	if err != nil {
		return nil, fmt.Errorf("lock %d SMBs: %w", len(ids), err)
	}
	return found, nil
}

// setColumns lays a change over each SMB. An opt-in that differs is on record as a consent, and an
// opt-out cancels what is queued.
func setColumns(ctx context.Context, tx *db.Tx, change fibonacco.SMBChange, found []fibonacco.SMB) ([]changedSMB, error) {
	var changed []changedSMB
	var consents []fibonacco.Consent
	rows := db.NewBatch("smb_id bigint", "town bigint", "type text", "category text", "city text", "state text", "model text", "tier text", "source text",
		"email boolean", "sms boolean", "rvm boolean", "phone boolean", "dnc boolean", "quality integer")
	for _, before := range found {
		c := changedSMB{before: before, after: before}
		apply(&c.after, change)
		if c.fields = differences(&c.before, &c.after); len(c.fields) == 0 {
			continue
		}
		changed = append(changed, c)
		a := &c.after
		rows.Add(a.ID, a.CommunityID, db.Null(a.BusinessType), db.Null(a.Category), db.Null(a.City), db.Null(a.State), db.Null(a.ServiceModel),
			a.SubscriptionTier, db.Null(a.Source), a.EmailOptedIn, a.SMSOptedIn, a.RVMOptedIn, a.PhoneOptedIn, a.DoNotContact, a.DataQualityScore)
		consents = append(consents, consent.SwitchedConsents(ctx, tx, &c.before, &c.after)...)
	}
	if _, err := tx.ExecBatch(ctx, rows, `
		UPDATE smbs SET community_id = rows.town, business_type = rows.type, category = rows.category, city = rows.city, state = rows.state,
			service_model = rows.model, subscription_tier = rows.tier, source = rows.source, email_opted_in = rows.email,
			sms_opted_in = rows.sms, rvm_opted_in = rows.rvm, phone_opted_in = rows.phone, do_not_contact = rows.dnc,
			data_quality_score = rows.quality, version = version + 1, updated_at = $1
		FROM rows WHERE smbs.id = rows.smb_id`, tx.Now); err != nil {
		return nil, fmt.Errorf("set columns of %d SMBs: %w", rows.Len(), err)
	}
	_, err := consent.Add(ctx, tx, consents)
	return changed, err
}

// changeTags puts tags on SMBs or takes them off. One that would have more than it may stays as it is.
func changeTags(ctx context.Context, tx *db.Tx, r bulkRequest, found []fibonacco.SMB, why map[int64]fibonacco.BulkReason) ([]changedSMB, error) {
	if err := readTags(ctx, tx, found); err != nil {
		return nil, err
	}
	var changed []changedSMB
	var ids []int64
	rows := db.NewBatch("smb_id bigint", "tag text")
	for _, before := range found {
		c := changedSMB{before: before, after: before, fields: []string{"tags"}}
		c.after.Tags = retagged(before.Tags, r)
		if slices.Equal(before.Tags, c.after.Tags) {
			continue
		}
		if len(c.after.Tags) > mostTags {
			why[before.ID] = fibonacco.LeftFull
			continue
		}
		changed, ids = append(changed, c), append(ids, before.ID)
		for _, tag := range r.Tags {
			rows.Add(before.ID, tag)
		}
	}
	if len(changed) == 0 {
		return nil, nil
	}
	statement := `INSERT INTO smb_tags (smb_id, tag) SELECT smb_id, tag FROM rows WHERE TRUE ON CONFLICT (smb_id, tag) DO NOTHING`
	if r.Action == fibonacco.BulkUntag {
		statement = `DELETE FROM smb_tags WHERE (smb_id, tag) IN (SELECT smb_id, tag FROM rows)`
	}
	if _, err := tx.ExecBatch(ctx, rows, statement); err != nil {
		return nil, fmt.Errorf("change the tags of %d SMBs: %w", len(ids), err)
	}
	_, err := tx.Exec(ctx, `UPDATE smbs SET version = version + 1, updated_at = $1 WHERE id IN ($2...)`, tx.Now, ids)
	return changed, err
}

func retagged(tags []string, r bulkRequest) []string {
	after := slices.Clone(tags)
	if r.Action == fibonacco.BulkUntag {
		return slices.DeleteFunc(after, func(tag string) bool { return slices.Contains(r.Tags, tag) })
	}
	after = append(after, r.Tags...)
	slices.Sort(after)
	return slices.Compact(after)
}

// deleteSMBs marks SMBs deleted and cancels what is queued for them.
func deleteSMBs(ctx context.Context, tx *db.Tx, found []fibonacco.SMB) ([]changedSMB, error) {
	changed := make([]changedSMB, len(found))
	ids := make([]int64, len(found))
	for i, b := range found {
		changed[i] = changedSMB{before: b, after: b, fields: []string{"deleted_at"}}
		ids[i] = b.ID
	}
	return changed, markDeleted(ctx, tx, ids)
}
