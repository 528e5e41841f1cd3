package smb

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

// judge counts what a request would do to each SMB of a filter, by the same rules as doing it.
func judge(ctx context.Context, tx *db.Tx, r bulkRequest) (changes int, left fibonacco.BulkLeft, err error) {
	n, err := narrow(ctx, tx, r.Filter)
	if err != nil {
		return 0, nil, err
	}
	args := &query.Args{}
	why := r.reason(args.Add)
	where, err := n.counted(ctx, tx, args.Add)
	if err != nil {
		return 0, nil, err
	}
	type judged struct {
		Why string
		N   int
	}
	all, err := db.Select[judged](ctx, tx, `
		SELECT why, count(*) AS n FROM (SELECT `+why+` AS why FROM smbs WHERE `+strings.Join(where, " AND ")+`) AS judged GROUP BY why`, args.Values...)
	if err != nil {
		return 0, nil, fmt.Errorf("judge a bulk change: %w", err)
	}
	left = fibonacco.BulkLeft{}
	for _, j := range all {
		if j.Why == "" {
			changes = j.N
			continue
		}
		left[fibonacco.BulkReason(j.Why)] = j.N
	}
	return changes, left, nil
}

// reason is an expression for why an SMB would stay as it is, ” when it would change.
func (r bulkRequest) reason(arg func(any) string) string {
	switch from := leaves[r.Action]; {
	case from != "":
		return `CASE smbs.campaign_status WHEN ` + quoted(string(from)) + ` THEN '' ELSE smbs.campaign_status END`
	case r.Action == fibonacco.BulkTag:
		have := `(SELECT count(*) FROM smb_tags WHERE smb_tags.smb_id = smbs.id AND smb_tags.tag IN (` + arg(r.Tags) + `...))`
		return `CASE WHEN ` + have + ` = ` + strconv.Itoa(len(r.Tags)) + ` THEN 'same'
			WHEN (SELECT count(*) FROM smb_tags WHERE smb_tags.smb_id = smbs.id) - ` + have + ` > ` + strconv.Itoa(mostTags-len(r.Tags)) + ` THEN 'too_many_tags' ELSE '' END`
	case r.Action == fibonacco.BulkUntag:
		return `CASE WHEN EXISTS (SELECT 1 FROM smb_tags WHERE smb_tags.smb_id = smbs.id AND smb_tags.tag IN (` + arg(r.Tags) + `...)) THEN '' ELSE 'same' END`
	case r.Action == fibonacco.BulkDelete:
		return `''`
	}
	return `CASE WHEN ` + r.unchanged(arg) + ` THEN 'same' ELSE '' END`
}

// unchanged is a condition that is true of an SMB that has all columns as a change would set them.
func (r bulkRequest) unchanged(arg func(any) string) string {
	var after fibonacco.SMB
	named := apply(&after, r.Change).named
	values := map[string]any{
		"business_type": after.BusinessType, "category": after.Category, "city": after.City, "state": after.State, "service_model": after.ServiceModel,
		"source": after.Source, "subscription_tier": after.SubscriptionTier, "community_id": after.CommunityID, "email_opted_in": after.EmailOptedIn,
		"sms_opted_in": after.SMSOptedIn, "rvm_opted_in": after.RVMOptedIn, "phone_opted_in": after.PhoneOptedIn, "do_not_contact": after.DoNotContact,
	}
	var same []string
	for _, column := range slices.Sorted(maps.Keys(values)) { // the same request makes the same statement
		switch value := values[column]; {
		case !named[column]:
		case value == "":
			same = append(same, "smbs."+column+" IS NULL")
		default: // AND is false, not unknown, in the first arm of a CASE that has an ELSE
			same = append(same, "smbs."+column+" = "+arg(value))
		}
	}
	return strings.Join(same, " AND ")
}

// quoted is a word of ours in SQL.
func quoted(word string) string { return "'" + word + "'" }
