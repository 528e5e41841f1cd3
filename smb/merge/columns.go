package merge

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// record is a business as merges see it, and as they keep it for the day that they are undone.
type record struct {
	fibonacco.SMB
	PlannedThroughDay int `json:"planned_through_day"`
}

// rule is what a merge does with a column.
type rule int

const (
	left   rule = iota // stays the survivor's: what it is known by
	fill               // the survivor's, or the other's when it has none; may be chosen
	both               // true when it is true of both: a no of either is a no
	either             // true when it is true of either
	newest             // the later of the two
	sum                // both together
	union              // what either has
	placed             // part of the place in the programme, which is one business's as a whole
)

// kind is how a column is stored.
type kind int

const (
	plain    kind = iota // a number, a boolean, a text that is never unknown
	text                 // "" is NULL
	date                 // likewise
	moment               // nil is NULL
	document             // JSON
	point                // nil is NULL
)

// column is one column of smbs.
type column struct {
	name string
	kind kind
	rule rule
	at   func(*record) any // a pointer to its value
}

// columns is every column of smbs but derived; a test holds it against the schema.
var columns = []column{
	{"id", plain, left, func(r *record) any { return &r.ID }},
	{"community_id", plain, left, func(r *record) any { return &r.CommunityID }},
	{"version", plain, left, func(r *record) any { return &r.Version }},
	{"created_at", moment, left, func(r *record) any { return &r.CreatedAt }},
	{"deleted_at", moment, left, func(r *record) any { return &r.DeletedAt }},

	{"business_name", plain, fill, func(r *record) any { return &r.BusinessName }},
	{"dba_name", text, fill, func(r *record) any { return &r.DBAName }},
	{"business_type", text, fill, func(r *record) any { return &r.BusinessType }},
	{"category", text, fill, func(r *record) any { return &r.Category }},
	{"primary_contact_name", text, fill, func(r *record) any { return &r.PrimaryContactName }},
	{"primary_email", text, fill, func(r *record) any { return &r.PrimaryEmail }},
	{"primary_phone", text, fill, func(r *record) any { return &r.PrimaryPhone }},
	{"secondary_contacts", document, union, func(r *record) any { return &r.SecondaryContacts }},
	{"address", text, fill, func(r *record) any { return &r.Address }},
	{"city", text, fill, func(r *record) any { return &r.City }},
	{"state", text, fill, func(r *record) any { return &r.State }},
	{"zip", text, fill, func(r *record) any { return &r.ZIP }},
	{"coordinates", point, fill, func(r *record) any { return &r.Coordinates }},

	{"engagement_tier", plain, left, func(r *record) any { return &r.EngagementTier }},
	{"engagement_score", plain, left, func(r *record) any { return &r.EngagementScore }},
	{"last_email_open", moment, newest, func(r *record) any { return &r.LastEmailOpen }},
	{"last_email_click", moment, newest, func(r *record) any { return &r.LastEmailClick }},
	{"last_content_view", moment, newest, func(r *record) any { return &r.LastContentView }},
	{"last_approval", moment, newest, func(r *record) any { return &r.LastApproval }},
	{"total_approvals", plain, sum, func(r *record) any { return &r.TotalApprovals }},
	{"total_meetings", plain, sum, func(r *record) any { return &r.TotalMeetings }},

	{"campaign_status", plain, placed, func(r *record) any { return &r.CampaignStatus }},
	{"current_campaign_id", text, placed, func(r *record) any { return &r.CurrentCampaignID }},
	{"manifest_destiny_day", plain, placed, func(r *record) any { return &r.ManifestDestinyDay }},
	{"manifest_destiny_start_date", date, placed, func(r *record) any { return &r.ManifestDestinyStartDate }},
	{"next_scheduled_send", moment, placed, func(r *record) any { return &r.NextScheduledSend }},
	{"paused_days", plain, placed, func(r *record) any { return &r.PausedDays }},
	{"paused_on", date, placed, func(r *record) any { return &r.PausedOn }},
	{"pause_reason", text, placed, func(r *record) any { return &r.PauseReason }},
	{"planned_through_day", plain, placed, func(r *record) any { return &r.PlannedThroughDay }},

	{"service_model", text, fill, func(r *record) any { return &r.ServiceModel }},
	{"subscription_tier", plain, fill, func(r *record) any { return &r.SubscriptionTier }},
	{"services_activated", document, union, func(r *record) any { return &r.ServicesActivated }},
	{"services_approved_pending", document, union, func(r *record) any { return &r.ServicesApprovedPending }},

	{"email_opted_in", plain, both, func(r *record) any { return &r.EmailOptedIn }},
	{"sms_opted_in", plain, both, func(r *record) any { return &r.SMSOptedIn }},
	{"rvm_opted_in", plain, both, func(r *record) any { return &r.RVMOptedIn }},
	{"phone_opted_in", plain, both, func(r *record) any { return &r.PhoneOptedIn }},
	{"do_not_contact", plain, either, func(r *record) any { return &r.DoNotContact }},

	{"source", text, fill, func(r *record) any { return &r.Source }},
	{"metadata", document, union, func(r *record) any { return &r.Metadata }},
}

// derived is the columns that follow from others, with why a merge does not look at them.
var derived = map[string]string{
	"uuid":               "never changes",
	"updated_at":         "is when it was stored",
	"data_quality_score": "is computed when a business is stored",
	"email_key":          "likewise",
	"name_key":           "likewise",
	"erased_at":          "what was erased is not merged",
}

// choosable reports whether somebody may say whose value of a field remains. Of the opt-ins it
// makes no difference.
func (c column) choosable() bool { return c.rule == fill || c.rule == both || c.rule == either }

// same reports whether two records agree in a column.
func (c column) same(a, b *record) bool { return db.JSON(c.at(a)) == db.JSON(c.at(b)) }

// take gives to the value that from has.
func (c column) take(to, from *record) {
	reflect.ValueOf(c.at(to)).Elem().Set(reflect.ValueOf(c.at(from)).Elem())
}

// value is what a record has in a column, as an answer shows it.
func (c column) value(r *record) any { return reflect.ValueOf(c.at(r)).Elem().Interface() }

// unknown reports whether a record has nothing in a column; the free subscription is none.
func (c column) unknown(r *record) bool {
	return reflect.ValueOf(c.at(r)).Elem().IsZero() || c.name == "subscription_tier" && r.SubscriptionTier == "free"
}

func (c column) selected() string {
	switch c.kind {
	case text:
		return `COALESCE(smbs.` + c.name + `, '')`
	case date, point:
		return `COALESCE(CAST(smbs.` + c.name + ` AS text), '')`
	case document:
		return `CAST(smbs.` + c.name + ` AS text)`
	}
	return `smbs.` + c.name
}

// read reads records by a condition on table smbs, by id. The deleted are among them.
func read(ctx context.Context, tx *db.Tx, tail string, args ...any) (map[int64]*record, error) {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.selected()
	}
	rows, err := tx.Query(ctx, `SELECT CAST(smbs.uuid AS text), smbs.data_quality_score, smbs.updated_at, `+strings.Join(list, ", ")+` FROM smbs `+tail, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	found := map[int64]*record{}
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		found[r.ID] = r
	}
	return found, rows.Err()
}

func scan(row db.Row) (*record, error) {
	r := &record{}
	targets := []any{&r.UUID, &r.DataQualityScore, db.Time(&r.UpdatedAt)}
	texts := map[string]*string{}
	for _, c := range columns {
		switch at := c.at(r).(type) {
		case **time.Time:
			targets = append(targets, db.TimePtr(at))
		case *time.Time:
			targets = append(targets, db.Time(at))
		default:
			if c.kind == document || c.kind == point {
				texts[c.name] = new(string)
				targets = append(targets, texts[c.name])
			} else {
				targets = append(targets, at)
			}
		}
	}
	if err := row.Scan(targets...); err != nil {
		return nil, err
	}
	for _, c := range columns {
		switch c.kind {
		case document:
			if err := decode(*texts[c.name], c.at(r)); err != nil {
				return nil, fmt.Errorf("read %s of SMB %d: %w", c.name, r.ID, err)
			}
		case point:
			r.Coordinates = readPoint(*texts[c.name])
		}
	}
	return r, nil
}

// decode reads JSON and keeps its numbers as they are written, however long.
func decode(text string, into any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}

// store writes every column that a merge may change.
func store(ctx context.Context, tx *db.Tx, r *record) error {
	r.DataQualityScore, r.UpdatedAt = normal.DataQuality(&r.SMB), tx.Now
	args := []any{r.ID, tx.Now, r.DataQualityScore, db.Null(normal.EmailKey(r.PrimaryEmail)), db.Null(normal.NameKey(r.BusinessName))}
	sets := []string{"version = version + 1", "updated_at = $2", "data_quality_score = $3", "email_key = $4", "name_key = $5"}
	for _, c := range columns {
		if c.rule == left && c.name != "deleted_at" {
			continue
		}
		args = append(args, c.argument(r))
		at := "$" + strconv.Itoa(len(args))
		switch c.kind {
		case date:
			at = "CAST(" + at + " AS date)"
		case point:
			at = "CAST(" + at + " AS point)"
		}
		sets = append(sets, c.name+" = "+at)
	}
	if _, err := tx.Exec(ctx, `UPDATE smbs SET `+strings.Join(sets, ", ")+` WHERE id = $1`, args...); err != nil {
		return fmt.Errorf("store SMB %d: %w", r.ID, err)
	}
	r.Version++
	return nil
}

func (c column) argument(r *record) any {
	value := c.value(r)
	switch c.kind {
	case text, date:
		return db.Null(value.(string)) //nolint:forcetypeassert // columns says that it is one
	case document:
		return db.JSON(value)
	case point:
		if r.Coordinates == nil {
			return nil
		}
		return fmt.Sprintf("(%v,%v)", r.Coordinates.Longitude, r.Coordinates.Latitude)
	case plain:
		if status, ok := value.(fibonacco.CampaignStatus); ok {
			return string(status)
		}
	}
	return value
}

func readPoint(text string) *fibonacco.Point {
	var p fibonacco.Point
	if n, err := fmt.Sscanf(text, "(%g,%g)", &p.Longitude, &p.Latitude); n != 2 || err != nil {
		return nil
	}
	return &p
}
