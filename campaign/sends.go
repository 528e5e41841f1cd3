package campaign

import (
	"context"
	"maps"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

// sendTable is how CampaignSendListing is stored. The ledger is the largest table after the
// events, and every index on it is paid for by each mail: what has none is found by walking from
// the newest, or by way of the business.
var sendTable = query.Table{
	Listing: fibonacco.CampaignSendListing, From: "campaign_sends", Key: "campaign_sends.id",
	Columns: map[string]query.Column{
		"email": {
			Normal: func(s string) string { return strings.ToLower(strings.TrimSpace(s)) },
			Where: func(c fibonacco.Condition, arg func(any) string) string {
				mailed := query.Condition(c, "lower(campaign_sends.email)", arg)
				if c.Op != fibonacco.AnyOf {
					return mailed
				}
				return `campaign_sends.smb_id IN (SELECT smbs.id FROM smbs WHERE ` + query.Condition(c, "smbs.email_key", arg) + `) AND ` + mailed
			},
		},
		"sent_at": {Nullable: true},
	},
}

// sendsOn is sendTable on an engine. A walk from the newest send may pass millions of others before it has
// met enough of one community, so the sends of its businesses are found first. PostgreSQL is given
// them as an array: as a join it would walk all the same.
func sendsOn(engine db.Engine) query.Table {
	from, to := "IN (", ")"
	if engine == db.Postgres {
		from, to = "= ANY (ARRAY(", "))"
	}
	t := sendTable
	t.Columns = maps.Clone(t.Columns)
	t.Columns["community_id"] = query.Column{Where: func(c fibonacco.Condition, arg func(any) string) string {
		there := query.Condition(c, "smbs.community_id", arg)
		if c.Op != fibonacco.AnyOf {
			return businessIs(there)
		}
		return `campaign_sends.id ` + from + `SELECT theirs.id FROM campaign_sends theirs WHERE theirs.smb_id IN (SELECT smbs.id FROM smbs WHERE ` + there + `)` + to
	}}
	return t
}

// businessIs is a condition on the business of a send. A send keeps the community that it was
// planned in; who may see it goes by where the business is now.
func businessIs(condition string) string {
	return `EXISTS (SELECT 1 FROM smbs WHERE smbs.id = campaign_sends.smb_id AND ` + condition + `)`
}

// inScope is the condition that leaves out the sends that the caller must not know of; "" when
// there are none.
func inScope(ctx context.Context, arg func(any) string) string {
	scope := fibonacco.ScopeOf(ctx)
	if scope == nil {
		return ""
	}
	return businessIs(`smbs.community_id IN (` + arg(scope) + `...)`)
}

// QuerySends implements fibonacco.CampaignDirectory.
func (s *Service) QuerySends(ctx context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.CampaignSend], err error) {
	conditions, err := sendTable.Listing.Conditions(q.Filter)
	if err != nil {
		return page, err
	}
	asked := map[string]fibonacco.Condition{}
	for _, c := range conditions {
		asked[c.Field.Name] = c
	}
	if err := sortable(asked, q.Sort); err != nil {
		return page, err
	}
	var where []string
	var args query.Args
	if condition := inScope(ctx, args.Add); condition != "" {
		where = append(where, condition)
	}
	if byTime(asked) {
		where = append(where, `campaign_sends.status IN (`+args.Add(allStatuses())+`...)`)
	}
	err = s.db.Browse(ctx, func(tx *db.Tx) error {
		page, err = query.Select(ctx, tx, sendsOn(tx.Engine()), q, sendColumns, scanSend, where, &args)
		return err
	})
	return page, err
}

// sortable refuses to sort what no index has in order: all mails that were ever sent.
func sortable(asked map[string]fibonacco.Condition, sort []string) error {
	one, few := asked["status"], asked["smb_id"]
	if few.Op == fibonacco.AnyOf || one.Op == fibonacco.AnyOf && len(one.Values) == 1 {
		return nil
	}
	for _, name := range sort {
		if strings.TrimPrefix(name, "-") == "sent_at" {
			return fibonacco.InvalidFields("the list cannot be ordered so",
				[]fibonacco.FieldError{{Field: "sort", Reason: "sent_at takes filter[smb_id], or one filter[status]"}})
		}
	}
	return nil
}

// byTime reports whether a range of time is asked for and nothing that has an index of its own. Both
// times are indexed behind the status: naming all of them opens these indexes.
func byTime(asked map[string]fibonacco.Condition) bool {
	for _, name := range []string{"status", "smb_id", "campaign_id", "id", "email"} {
		if _, named := asked[name]; named {
			return false
		}
	}
	return asked["scheduled_for"].Op == fibonacco.Between || asked["sent_at"].Op == fibonacco.Between
}

func allStatuses() []string {
	f, _ := fibonacco.CampaignSendListing.Field("status")
	return f.Values
}
