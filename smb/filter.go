package smb

import (
	"context"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
	"github.com/fibonacco/fibonacco/smb/search"
)

// narrowing is a filter, read: everything that must hold of an SMB beside not being deleted.
type narrowing struct {
	conditions []fibonacco.Condition
	searches   []search.Query // the filter's own first, then a segment's
}

// narrow reads a filter in the name of whoever asks: their communities, and the segment's filter,
// become conditions like any other. It returns Invalid naming everything that is wrong.
func narrow(ctx context.Context, tx *db.Tx, f fibonacco.SMBFilter) (narrowing, error) {
	var n narrowing
	var bad []error
	asked, err := fibonacco.SMBListing.Conditions(without(f.Where, segmentField))
	bad = append(bad, err)
	n.conditions = append(typedConditions(f), asked...)
	q, err := search.Parse(f.Search)
	bad = append(bad, err)
	n.searches = append(n.searches, q)
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		n.add("community_id", decimals(scope))
	}
	if id := f.Segment; id != "" {
		bad = append(bad, n.within(ctx, tx, id, segmentField))
	}
	if id, named := f.Where[segmentField]; named {
		bad = append(bad, n.within(ctx, tx, id, "filter["+segmentField+"]"))
	}
	return n, fibonacco.JoinInvalid("the filter cannot be used", bad...)
}

const segmentField = "segment"

// within adds what a segment asks for; field is where it was named.
func (n *narrowing) within(ctx context.Context, tx *db.Tx, id, field string) error {
	s, err := findSegment(ctx, tx, id)
	if isNotFound(err) {
		return fibonacco.InvalidFields("the filter cannot be used", []fibonacco.FieldError{{Field: field, Reason: "is not a segment"}})
	}
	if err != nil {
		return err
	}
	conditions, err := fibonacco.SMBListing.Conditions(s.Filter)
	if err != nil {
		return err
	}
	n.conditions = append(n.conditions, conditions...)
	if s.CommunityID != nil {
		n.add("community_id", decimals([]int64{*s.CommunityID}))
	}
	q, err := search.Parse(s.Search)
	n.searches = append(n.searches, q)
	return err
}

// add asks for any of some values.
func (n *narrowing) add(field string, values []string) {
	f, _ := fibonacco.SMBListing.Field(field)
	n.conditions = append(n.conditions, fibonacco.Condition{Field: f, Op: fibonacco.AnyOf, Values: values})
}

// typedConditions is the filter's fields as conditions.
func typedConditions(f fibonacco.SMBFilter) []fibonacco.Condition {
	var n narrowing
	in := func(field string, values []string) {
		if len(values) > 0 {
			n.add(field, values)
		}
	}
	in("community_id", decimals(f.CommunityIDs))
	in("campaign_status", texts(f.CampaignStatuses))
	in("engagement_tier", decimals(f.EngagementTiers))
	in("service_model", texts(f.ServiceModels))
	in("subscription_tier", texts(f.SubscriptionTiers))
	in("source", texts(f.Sources))
	in("category", texts(f.Categories))
	in("id", decimals(f.IDs))
	return n.conditions
}

func decimals[T int | int64](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = strconv.FormatInt(int64(v), 10)
	}
	return out
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = storable(string(v))
	}
	return out
}

// FilterSQL is a filter as a condition on table smbs, with its arguments. Its placeholders begin
// at $firstArg. The condition is never empty: it always leaves deleted SMBs out, and those that
// whoever asks does not see. It returns Invalid for what SMBListing does not allow and for an
// unknown segment; a filter of values that no SMB can have is true of none.
func FilterSQL(ctx context.Context, tx *db.Tx, f fibonacco.SMBFilter, firstArg int) (where string, args []any, err error) {
	n, err := narrow(ctx, tx, f)
	if err != nil {
		return "", nil, err
	}
	a := &query.Args{First: firstArg}
	return strings.Join(n.where(tx.Engine(), a.Add), " AND "), a.Values, nil
}

// where is the narrowing as conditions on smbs alone, for statements of all kinds.
func (n narrowing) where(engine db.Engine, arg func(any) string) []string {
	all := []string{"smbs.deleted_at IS NULL"}
	for _, c := range n.conditions {
		all = append(all, holds(c, "smbs.", arg))
	}
	if copies := n.copies(arg); engine == db.Postgres && copies != "" {
		all = append(all, within("smbs.id", copies))
	}
	for _, q := range n.searches {
		if q.Asked() {
			all = append(all, within("smbs.id", q.Found(engine, arg)))
		}
	}
	return all
}

// copies is a subquery of the ids that all conditions are true of that only smb_search has an index
// for; "" when there is none. A copy of a column may be old for a moment, so that it is asked for
// beside the column of smbs, never instead.
func (n narrowing) copies(arg func(any) string) string {
	var all []string
	for _, c := range n.conditions {
		if at := places[c.Field.Name]; at.copied && narrows(c) {
			all = append(all, query.Condition(c, "copy."+c.Field.Name, arg))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "SELECT copy.smb_id FROM smb_search AS copy WHERE " + strings.Join(all, " AND ")
}

// within is that an id is one of a subquery's; "" has none.
func within(id, ids string) string {
	if ids == "" {
		return "FALSE"
	}
	return id + " IN (" + ids + ")"
}

// narrows reports whether a condition may leave few SMBs: what is true of most has no use for an index.
func narrows(c fibonacco.Condition) bool {
	return c.Op != fibonacco.NoneOf && c.Op != fibonacco.NotNull
}
