package consent

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/search"
)

// Column is where smbs says whether a channel is opted in: "email_opted_in". SMBUpdated names it.
func Column(c fibonacco.Channel) string { return string(c) + "_opted_in" }

// Add stores consents of any number of SMBs in the caller's transaction and lets the last one of
// each channel, by OccurredAt, set the opt-in: one that was given before the one in force is kept
// as proof and changes nothing, whatever the opt-in is. After a withdrawal what is queued on the
// channel is cancelled.
//
// The zero OccurredAt is now; one that lies ahead is a clock that runs fast, and is now too: it
// would outlive every word that follows. Values must fit their columns (see Check). changed is the
// opt-in columns that became different, by SMB; publishing SMBUpdated is the caller's business.
// SMBs must exist. Nothing here asks what the caller may see.
func Add(ctx context.Context, tx *db.Tx, list []fibonacco.Consent) (changed map[int64][]string, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	ids := make([]int64, 0, len(list))
	for _, c := range list {
		if !slices.Contains(fibonacco.Channels, c.Channel) {
			return nil, fmt.Errorf("a consent of SMB %d is for the channel %q", c.SMBID, c.Channel)
		}
		ids = append(ids, c.SMBID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	before, err := lockOptIns(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	fresh, err := insert(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	changed, withdrawn, err := apply(ctx, tx, ids, fresh, before)
	if err != nil {
		return nil, err
	}
	return changed, cancel(ctx, tx, withdrawn)
}

type optIns struct{ Email, SMS, RVM, Phone bool }

func (o *optIns) of(c fibonacco.Channel) *bool {
	return map[fibonacco.Channel]*bool{
		fibonacco.ChannelEmail: &o.Email, fibonacco.ChannelSMS: &o.SMS, fibonacco.ChannelRVM: &o.RVM, fibonacco.ChannelPhone: &o.Phone,
	}[c]
}

// lockOptIns reads the opt-ins of SMBs and makes others who add consents to them wait, in the
// order of their ids, so that two do not wait for each other.
func lockOptIns(ctx context.Context, tx *db.Tx, ids []int64) (map[int64]*optIns, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, email_opted_in, sms_opted_in, rvm_opted_in, phone_opted_in
		FROM smbs WHERE id IN ($1...) ORDER BY id FOR NO KEY UPDATE`, ids)
	if err != nil {
		return nil, fmt.Errorf("read the opt-ins of %d SMBs: %w", len(ids), err)
	}
	defer func() { _ = rows.Close() }()
	found := make(map[int64]*optIns, len(ids))
	for rows.Next() {
		var id int64
		o := &optIns{}
		if err := rows.Scan(&id, &o.Email, &o.SMS, &o.RVM, &o.Phone); err != nil {
			return nil, fmt.Errorf("read the opt-ins of %d SMBs: %w", len(ids), err)
		}
		found[id] = o
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the opt-ins of %d SMBs: %w", len(ids), err)
	}
	return found, nil
}

const insertColumns = `smb_id, channel, granted, wording, version, source, source_url, address, ip, user_agent, occurred_at, recorded_by`

// insert returns the ids of the rows. It keeps the order of the list: of two at the same moment, the
// later one is in force.
func insert(ctx context.Context, tx *db.Tx, list []fibonacco.Consent) (fresh map[int64]bool, err error) {
	rows := db.NewBatch("place integer", "smb_id bigint", "channel text", "granted boolean", "wording text", "version text", "source text",
		"source_url text", "address text", "ip text", "user_agent text", "occurred_at timestamptz", "recorded_by text")
	for i, c := range list {
		rows.Add(i, c.SMBID, string(c.Channel), c.Granted, c.Wording, c.Version, c.Source,
			c.SourceURL, c.Address, c.IP, c.UserAgent, when(c, tx.Now), c.RecordedBy)
	}
	fresh = make(map[int64]bool, len(list))
	if err := tx.QueryBatch(ctx, rows, `
		INSERT INTO consents (`+insertColumns+`, created_at)
		SELECT `+insertColumns+`, $1 FROM rows ORDER BY place RETURNING id`, func(r db.Row) error {
		var id int64
		err := r.Scan(&id)
		fresh[id] = true
		return err
	}, tx.Now); err != nil {
		return nil, fmt.Errorf("insert %d consents: %w", len(list), err)
	}
	return fresh, nil
}

func when(c fibonacco.Consent, now time.Time) time.Time {
	if c.OccurredAt.IsZero() || c.OccurredAt.After(now) {
		return now
	}
	return c.OccurredAt.UTC()
}

// apply sets the opt-ins of the channels on which a fresh consent is in force. withdrawn is the SMBs
// whose channel that turned off.
func apply(ctx context.Context, tx *db.Tx, ids []int64, fresh map[int64]bool, before map[int64]*optIns) (changed map[int64][]string, withdrawn map[fibonacco.Channel][]int64, err error) {
	type inForce struct {
		ID      int64
		SMBID   int64 `db:"smb_id"`
		Channel fibonacco.Channel
		Granted bool
	}
	force, err := db.Select[inForce](ctx, tx, `
		SELECT id, smb_id, channel, granted FROM (
			SELECT id, smb_id, channel, granted, row_number() OVER (PARTITION BY smb_id, channel ORDER BY occurred_at DESC, id DESC) AS place
			FROM consents WHERE smb_id IN ($1...)
		) said WHERE place = 1`, ids)
	if err != nil {
		return nil, nil, fmt.Errorf("read the consents in force of %d SMBs: %w", len(ids), err)
	}
	changed, withdrawn = map[int64][]string{}, map[fibonacco.Channel][]int64{}
	for _, f := range force {
		if !fresh[f.ID] || before[f.SMBID] == nil {
			continue
		}
		if !f.Granted {
			withdrawn[f.Channel] = append(withdrawn[f.Channel], f.SMBID)
		}
		if is := before[f.SMBID].of(f.Channel); *is != f.Granted {
			*is = f.Granted
			changed[f.SMBID] = append(changed[f.SMBID], Column(f.Channel))
		}
	}
	return changed, withdrawn, store(ctx, tx, changed, before)
}

// store writes the opt-ins of the SMBs that changed. Their version goes up, so that an ETag from
// before is known to be old, and what they are found by is told.
func store(ctx context.Context, tx *db.Tx, changed map[int64][]string, to map[int64]*optIns) error {
	rows := db.NewBatch("id bigint", "email boolean", "sms boolean", "rvm boolean", "phone boolean")
	ids := slices.Sorted(maps.Keys(changed))
	for _, id := range ids {
		slices.Sort(changed[id])
		o := to[id]
		rows.Add(id, o.Email, o.SMS, o.RVM, o.Phone)
	}
	if _, err := tx.ExecBatch(ctx, rows, `
		UPDATE smbs SET email_opted_in = rows.email, sms_opted_in = rows.sms, rvm_opted_in = rows.rvm, phone_opted_in = rows.phone,
			version = version + 1, updated_at = $1
		FROM rows WHERE smbs.id = rows.id`, tx.Now); err != nil {
		return fmt.Errorf("set the opt-ins of %d SMBs: %w", rows.Len(), err)
	}
	return search.Reindex(ctx, tx, ids)
}

// cancel stops what is queued on channels that were withdrawn. What is on its way is looked at once
// more when it is claimed.
func cancel(ctx context.Context, tx *db.Tx, withdrawn map[fibonacco.Channel][]int64) error {
	for channel, query := range map[fibonacco.Channel]string{
		fibonacco.ChannelEmail: `UPDATE campaign_sends SET status = 'suppressed', skip_reason = 'not_opted_in', updated_at = $1 WHERE smb_id IN ($2...) AND status = 'queued'`,
		fibonacco.ChannelRVM:   `UPDATE rvm_drops SET status = 'cancelled', delivery_status = 'not_opted_in', updated_at = $1 WHERE smb_id IN ($2...) AND status = 'queued'`,
	} {
		ids := withdrawn[channel]
		if len(ids) == 0 {
			continue
		}
		if _, err := tx.Exec(ctx, query, tx.Now, ids); err != nil {
			return fmt.Errorf("cancel what is queued by %s for %d SMBs: %w", channel, len(ids), err)
		}
	}
	return nil
}
