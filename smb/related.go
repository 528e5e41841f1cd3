package smb

import (
	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db/query"
)

const tagField = "tag"

// related is a field of SMBListing of which an SMB may have several values: rows of another table. It
// is asked for by whether there is one.
type related struct {
	table, value string
	only         string // what else must hold of a row, with " AND " before it; "" is nothing
	few          bool   // few SMBs have any, so that its index finds them all
}

var relations = map[string]related{
	tagField:           {table: "smb_tags", value: "tag"},
	"approved_service": {table: "approvals", value: "service_type", only: " AND approvals.status IN ('pending', 'provisioning', 'provisioned')", few: true},
	"waiting_service":  {table: "approvals", value: "service_type", only: " AND approvals.status IN ('pending', 'provisioning')", few: true},
}

// holds is a condition on the SMB whose id is an expression: that it has one of the values, that it has
// none of them, that it has any at all.
func (r related) holds(c fibonacco.Condition, id string, arg func(any) string) string {
	not, with := "", ""
	switch c.Op {
	case fibonacco.IsNull:
		not = "NOT "
	case fibonacco.NotNull:
	case fibonacco.NoneOf:
		not, c.Op = "NOT ", fibonacco.AnyOf
		with = " AND " + query.Condition(c, r.table+"."+r.value, arg)
	default:
		with = " AND " + query.Condition(c, r.table+"."+r.value, arg)
	}
	return not + "EXISTS (SELECT 1 FROM " + r.table + " WHERE " + r.table + ".smb_id = " + id + r.only + with + ")"
}

// drive is the ids of those that have one of the values; "" when the condition is true of most.
func (r related) drive(c fibonacco.Condition, arg func(any) string) string {
	all := "SELECT " + r.table + ".smb_id FROM " + r.table + " WHERE "
	switch {
	case c.Op == fibonacco.NotNull && r.few:
		return all + r.table + "." + r.value + " IS NOT NULL" + r.only
	case c.Op == fibonacco.IsNull || !narrows(c):
		return ""
	}
	return all + query.Condition(c, r.table+"."+r.value, arg) + r.only
}
