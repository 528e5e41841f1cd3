package merge

import (
	"context"
	"fmt"
	"slices"

	"github.com/fibonacco/fibonacco/db"
)

// owned is a column that says whose a row is.
type owned struct {
	table  string
	column string
	key    string // what tells the rows of one business apart
	own    string // true of a row of $2 that stays with it, because $1 has its own; "" is never
	stays  string // true of a row of $2 that stays with it for another reason; "" is never
}

// id reports whether the key is a number of the table's own.
func (o owned) id() bool { return o.key == "id" }

func (o owned) name() string { return o.table + "." + o.column }

// live is true of an approval that is under way or done. A business has one of each service.
const live = `approvals.status IN ('pending', 'provisioning', 'provisioned')`

// tables is every table that holds rows of a business. A test compares it with the live schema:
// who adds a column that names a business, adds it here or to exceptions.
var tables = []owned{
	{
		table: "campaign_sends", column: "smb_id", key: "id",
		own: `EXISTS (SELECT 1 FROM campaign_sends own WHERE own.smb_id = $1
			AND own.campaign_id = campaign_sends.campaign_id AND own.occurrence = campaign_sends.occurrence)`,
		// What never left would stand in the way of the survivor's own step.
		stays: `campaign_sends.status NOT IN ('sent', 'unknown', 'bounced', 'complained')`,
	},
	{table: "rvm_drops", column: "smb_id", key: "id", stays: `rvm_drops.status IN ('queued', 'cancelled')`},
	{table: "voicemail_skips", column: "smb_id", key: "campaign_send_id"},
	{
		table: "approvals", column: "smb_id", key: "id",
		own: live + ` AND EXISTS (SELECT 1 FROM approvals own WHERE own.smb_id = $1
			AND own.service_type = approvals.service_type AND own.status IN ('pending', 'provisioning', 'provisioned'))`,
	},
	{
		table: "provisioning_tasks", column: "smb_id", key: "id",
		own: `EXISTS (SELECT 1 FROM approvals JOIN approvals own ON own.smb_id = $1 AND own.id <> approvals.id
			AND own.service_type = approvals.service_type AND own.status IN ('pending', 'provisioning', 'provisioned')
			WHERE approvals.id = provisioning_tasks.approval_id AND ` + live + `)`,
	},
	{table: "content_views", column: "smb_id", key: "id"},
	{table: "notices", column: "smb_id", key: "id"},
	{ // where both have a page, the survivor's remains, and lists what was booked on either
		table: "booking_pages", column: "smb_id", key: "id",
		own: `EXISTS (SELECT 1 FROM booking_pages own WHERE own.smb_id = $1)`,
	},
	{table: "bookings", column: "smb_id", key: "id"},
	{table: "review_requests", column: "smb_id", key: "id"},
	{table: "reviews", column: "smb_id", key: "id"},
	{
		table: "review_pages", column: "smb_id", key: "id",
		own: `EXISTS (SELECT 1 FROM review_pages own WHERE own.smb_id = $1)`,
	},
	{table: "coupons", column: "smb_id", key: "id"},
	{table: "coupon_redemptions", column: "smb_id", key: "id"},
	{
		table: "coupon_pages", column: "smb_id", key: "id",
		own: `EXISTS (SELECT 1 FROM coupon_pages own WHERE own.smb_id = $1)`,
	},
	{table: "community_events", column: "smb_id", key: "id"},
	{
		table: "event_posters", column: "smb_id", key: "id",
		own: `EXISTS (SELECT 1 FROM event_posters own WHERE own.smb_id = $1)`,
	},
	{ // photos belong to it, and come along
		table: "business_profiles", column: "smb_id", key: "id",
		own: `EXISTS (SELECT 1 FROM business_profiles own WHERE own.smb_id = $1)`,
	},
	{table: "callbacks", column: "smb_id", key: "id"},
	{table: "email_conversations", column: "smb_id", key: "id"},
	{table: "chat_messages", column: "smb_id", key: "id"},
	{table: "chat_assistants", column: "smb_id", key: "id", own: `EXISTS (SELECT 1 FROM chat_assistants own WHERE own.smb_id = $1)`},
	{table: "chat_sessions", column: "smb_id", key: "id"},
	{table: "ai_tasks", column: "smb_id", key: "id"},
	{table: "consents", column: "smb_id", key: "id"},
	{table: "smb_notes", column: "smb_id", key: "id"},
	{ // what either did not want, the one that is left does not want
		table: "preferences", column: "smb_id", key: "kind",
		own: `EXISTS (SELECT 1 FROM preferences own WHERE own.smb_id = $1 AND own.kind = preferences.kind)`,
	},
	{table: "suppressions", column: "smb_id", key: "id"},
	{
		table: "skips", column: "smb_id", key: "id",
		own: `EXISTS (SELECT 1 FROM skips own WHERE own.smb_id = $1
			AND own.campaign_id = skips.campaign_id AND own.programme_day = skips.programme_day)`,
	},
	{
		table: "score_history", column: "smb_id", key: "day",
		own: `EXISTS (SELECT 1 FROM score_history own WHERE own.smb_id = $1 AND own.day = score_history.day)`,
	},
	{
		table: "smb_tags", column: "smb_id", key: "tag",
		own: `EXISTS (SELECT 1 FROM smb_tags own WHERE own.smb_id = $1 AND own.tag = smb_tags.tag)`,
	},
	{table: "duplicate_dismissals", column: "smb_id", key: "id"},
	{table: "duplicate_dismissals", column: "other_id", key: "id"},
	{table: "analytics_events", column: "smb_id", key: "id"}, // last: whoever stores something tells of it afterwards
}

// exceptions is the columns that name a business and are left alone, with why.
var exceptions = map[string]string{
	"smb_search.smb_id":      "is derived: both businesses are put into the index anew",
	"import_changes.smb_id":  "an import takes back what it changed of the business that it changed",
	"voicemail_quota.smb_id": "counts what each has used up of its own plan; what a number may get is counted by the number",
	"smb_addresses.smb_id":   "is printed on cards: the pages of the one that is gone lead to the survivor's",
	"business_links.smb_id":  "are about links that speak of the business that they were made for",
	"confirmations.smb_id":   "a link that is on its way speaks of the business that it was asked for",
	"merges.survivor_id":     "is what was merged, not whose it is now",
	"merges.other_id":        "likewise",
}

// keys is rows by what tells them apart: numbers, or texts.
type keys struct {
	IDs   []int64  `json:"ids,omitempty"`
	Texts []string `json:"texts,omitempty"`
}

func (k keys) len() int { return len(k.IDs) + len(k.Texts) }

// condition is a condition on the rows' keys, with its argument. A list that is empty holds of none.
func (o owned) condition(k keys, placeholder string) (string, any) {
	if o.id() {
		return o.table + `.id IN (` + placeholder + `...)`, k.IDs
	}
	return `CAST(` + o.table + `.` + o.key + ` AS text) IN (` + placeholder + `...)`, k.Texts
}

// staying is true of rows of $2 that stay with it. It always names $1, whose type is known then.
func (o owned) staying() string {
	where := "CAST($1 AS bigint) IS NULL"
	for _, c := range []string{o.own, o.stays} {
		if c != "" {
			where += " OR (" + c + ")"
		}
	}
	return where
}

// split tells which rows of from may become to's, and how many stay. today is the local day: its
// score is of the business as it is now, and is computed again.
func (o owned) split(ctx context.Context, tx *db.Tx, to, from int64, today string) (may keys, stay int, err error) {
	key := o.table + ".id"
	if !o.id() {
		key = `CAST(` + o.table + `.` + o.key + ` AS text)`
	}
	rows, err := tx.Query(ctx, `SELECT `+key+`, (`+o.staying()+`) FROM `+o.table+` WHERE `+o.table+`.`+o.column+` = $2 ORDER BY 1`, to, from)
	if err != nil {
		return may, 0, fmt.Errorf("read the rows of SMB %d in %s: %w", from, o.table, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		var text string
		var stays bool
		target := any(&text)
		if o.id() {
			target = &id
		}
		if err := rows.Scan(target, &stays); err != nil {
			return may, 0, fmt.Errorf("read the rows of SMB %d in %s: %w", from, o.table, err)
		}
		switch {
		case stays || o.key == "day" && text >= today:
			stay++
		case o.id():
			may.IDs = append(may.IDs, id)
		default:
			may.Texts = append(may.Texts, text)
		}
	}
	return may, stay, rows.Err()
}

// move gives rows of from to another business.
func (o owned) move(ctx context.Context, tx *db.Tx, to, from int64, k keys) error {
	if k.len() == 0 {
		return nil
	}
	where, arg := o.condition(k, "$3")
	if _, err := tx.Exec(ctx, `UPDATE `+o.table+` SET `+o.column+` = $1 WHERE `+o.column+` = $2 AND `+where, to, from, arg); err != nil {
		return fmt.Errorf("move %d rows of SMB %d in %s: %w", k.len(), from, o.table, err)
	}
	return nil
}

// giveBack is move for rows that came from to: those that still are there, still from's, and not in
// the way of one that to has by now.
func (o owned) giveBack(ctx context.Context, tx *db.Tx, to, from int64, k keys) error {
	if k.len() == 0 {
		return nil
	}
	where, arg := o.condition(k, "$3")
	if o.own != "" {
		where += ` AND NOT (` + o.own + `)`
	}
	if _, err := tx.Exec(ctx, `UPDATE `+o.table+` SET `+o.column+` = $1 WHERE `+o.column+` = $2 AND `+where, to, from, arg); err != nil {
		return fmt.Errorf("give %d rows of SMB %d in %s back: %w", k.len(), from, o.table, err)
	}
	return nil
}

// moved is the rows that changed hands, by table and column.
type moved map[string]keys

// splitAll is split of every table, with the counts that a preview shows.
func splitAll(ctx context.Context, tx *db.Tx, to, from int64, today string) (all moved, may, stay map[string]int, err error) {
	all, may, stay = moved{}, map[string]int{}, map[string]int{}
	for _, o := range tables {
		k, n, err := o.split(ctx, tx, to, from, today)
		if err != nil {
			return nil, nil, nil, err
		}
		if k.len() > 0 {
			all[o.name()] = k
			may[o.table] += k.len()
		}
		if n > 0 {
			stay[o.table] += n
		}
	}
	return all, may, stay, nil
}

func (m moved) to(ctx context.Context, tx *db.Tx, to, from int64) error {
	for _, o := range tables {
		if err := o.move(ctx, tx, to, from, m[o.name()]); err != nil {
			return err
		}
	}
	return nil
}

// back gives everything back, the last table first.
func (m moved) back(ctx context.Context, tx *db.Tx, to, from int64) error {
	for _, o := range slices.Backward(tables) {
		if err := o.giveBack(ctx, tx, to, from, m[o.name()]); err != nil {
			return err
		}
	}
	return nil
}
