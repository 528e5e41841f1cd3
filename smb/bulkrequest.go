package smb

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// bulkRequest is a bulk change, read and found to be sound, as it is stored.
type bulkRequest struct {
	Action fibonacco.BulkAction `json:"action"`
	Change fibonacco.SMBChange  `json:"change"` // of everything that sets columns
	Tags   []string             `json:"tags"`
	Reason string               `json:"reason"`
	Filter fibonacco.SMBFilter  `json:"filter"` // for people: which SMBs is in bulk_parts
	Where  fibonacco.Filter     `json:"where"`
}

// mostReason is how many characters a reason has.
const mostReason = 500

// checkBulk reads a request, or returns Invalid naming each bad field. The filter is read when it is used.
func checkBulk(r fibonacco.BulkRequest) (bulkRequest, error) {
	var bad []fibonacco.FieldError
	refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
	b := bulkRequest{Action: r.Action, Reason: strings.TrimSpace(r.Reason), Filter: r.Filter, Where: r.Filter.Where}
	no, yes := false, true
	switch r.Action {
	case fibonacco.BulkSet:
		b.Change = r.Change
		bad = append(bad, checkSet(&b.Change)...)
	case fibonacco.BulkOptOut:
		b.Change = fibonacco.SMBChange{EmailOptedIn: &no, SMSOptedIn: &no, RVMOptedIn: &no, PhoneOptedIn: &no}
	case fibonacco.BulkBlock:
		b.Change = fibonacco.SMBChange{DoNotContact: &yes}
	case fibonacco.BulkTag, fibonacco.BulkUntag:
		if b.Tags = normalTags(r.Tags, refuse); len(b.Tags) == 0 && len(bad) == 0 {
			refuse("tags", "are required")
		}
	case fibonacco.BulkDelete:
		if everything(r.Filter) {
			refuse("filter", "narrows nothing: not everything can be deleted at once")
		}
	case fibonacco.BulkStart, fibonacco.BulkPause, fibonacco.BulkResume:
		if len(b.Reason) > mostPauseReason {
			refuse("reason", "is longer than 255 bytes")
		}
	default:
		names := make([]string, len(fibonacco.BulkActions))
		for i, a := range fibonacco.BulkActions {
			names[i] = string(a)
		}
		refuse("action", "must be one of "+strings.Join(names, ", "))
	}
	if r.Action != fibonacco.BulkSet && len(namedFields(r.Change)) > 0 {
		refuse("change", "belongs to the action set")
	}
	if r.Action != fibonacco.BulkTag && r.Action != fibonacco.BulkUntag && len(r.Tags) > 0 {
		refuse("tags", "belong to the actions add_tags and remove_tags")
	}
	if reason := unstorable(b.Reason); reason != "" {
		refuse("reason", reason)
	}
	if utf8.RuneCountInString(b.Reason) > mostReason {
		refuse("reason", "is longer than 500 characters")
	}
	return b, fibonacco.InvalidFields("the bulk change cannot be made", bad)
}

// mostPauseReason is how many bytes the reason of a pause has.
const mostPauseReason = 255

// leaves is the status from which each action moves an SMB.
var leaves = map[fibonacco.BulkAction]fibonacco.CampaignStatus{
	fibonacco.BulkStart: fibonacco.StatusPending, fibonacco.BulkPause: fibonacco.StatusActive, fibonacco.BulkResume: fibonacco.StatusPaused,
}

// checkBulkTown refuses a move to a community that is unknown, or not the asker's to see.
func checkBulkTown(ctx context.Context, tx *db.Tx, r bulkRequest) error {
	if r.Change.CommunityID == nil {
		return nil
	}
	known, err := communityExists(ctx, tx, *r.Change.CommunityID)
	if err != nil || known {
		return err
	}
	return fibonacco.InvalidFields("the bulk change cannot be made", []fibonacco.FieldError{{Field: "change.community_id", Reason: "is not a community"}})
}

// everything reports whether a filter narrows nothing.
func everything(f fibonacco.SMBFilter) bool {
	return len(typedConditions(f)) == 0 && len(f.Where) == 0 && f.Segment == "" && strings.TrimSpace(f.Search) == ""
}

// settable is what BulkSet may name.
var settable = []string{
	"business_type", "category", "city", "community_id", "email_opted_in", "phone_opted_in", "rvm_opted_in", "service_model", "sms_opted_in", "source",
	"state", "subscription_tier",
}

// checkSet brings a change into its stored form and names what is wrong with it.
func checkSet(c *fibonacco.SMBChange) (bad []fibonacco.FieldError) {
	names := namedFields(*c)
	if len(names) == 0 {
		return []fibonacco.FieldError{{Field: "change", Reason: "is required: any of " + strings.Join(settable, ", ")}}
	}
	for _, name := range names {
		if !slices.Contains(settable, name) {
			bad = append(bad, fibonacco.FieldError{Field: "change." + name, Reason: "cannot be set for many at once: there is " + strings.Join(settable, ", ")})
		}
	}
	for _, f := range fieldsOf(apply(&fibonacco.SMB{}, *c).check(true)) {
		if slices.Contains(settable, f.Field) {
			bad = append(bad, fibonacco.FieldError{Field: "change." + f.Field, Reason: f.Reason})
		}
	}
	return bad
}

// namedFields is the fields that a change names.
func namedFields(c fibonacco.SMBChange) []string {
	var names []string
	for name := range apply(&fibonacco.SMB{}, c).named {
		if !strings.Contains(name, "[") { // a part of secondary_contacts
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// told is what the audit log says of a request.
func (r bulkRequest) told(matched int) map[string]any {
	told := map[string]any{"action": r.Action, "filter": r.Filter, "matched": matched}
	if len(r.Where) > 0 {
		told["where"] = r.Where
	}
	if len(r.Tags) > 0 {
		told["tags"] = r.Tags
	}
	if r.Reason != "" {
		told["reason"] = r.Reason
	}
	if r.Action == fibonacco.BulkSet {
		told["change"] = r.Change
	}
	return told
}
