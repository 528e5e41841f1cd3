package merge

import (
	"reflect"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
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
