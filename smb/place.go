package smb

import (
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db/query"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// place is where a field of SMBListing is stored. The zero value is a column of smbs of its name,
// without an index.
type place struct {
	column  string              // "" is the field's name
	indexed bool                // smbs has an index of it
	copied  bool                // smb_search has a copy of it, with an index
	known   bool                // its index leaves null out
	only    string              // the one boolean that it has an index for
	normal  func(string) string // a text that is asked for, as it is stored; "" is found nowhere
}

var places = map[string]place{
	"id":                   {indexed: true},
	"uuid":                 {indexed: true},
	"community_id":         {indexed: true},
	"business_name":        {column: "name_key", indexed: true, normal: normal.NameKey},
	"business_type":        {copied: true},
	"category":             {copied: true},
	"primary_email":        {column: "email_key", indexed: true, normal: normal.EmailKey},
	"primary_phone":        {indexed: true, normal: func(s string) string { e164, _ := normal.Phone(s); return e164 }},
	"city":                 {copied: true},
	"state":                {copied: true, normal: strings.ToUpper},
	"zip":                  {copied: true},
	"engagement_tier":      {indexed: true},
	"engagement_score":     {indexed: true},
	"campaign_status":      {indexed: true},
	"current_campaign_id":  {indexed: true, known: true},
	"manifest_destiny_day": {indexed: true},
	"service_model":        {copied: true},
	"subscription_tier":    {copied: true},
	"source":               {copied: true},
	"email_opted_in":       {indexed: true, only: "false"},
	"rvm_opted_in":         {indexed: true, only: "false"},
	"do_not_contact":       {indexed: true, only: "true"},
	"data_quality_score":   {copied: true},
	"last_email_open":      {indexed: true, known: true},
	"last_email_click":     {indexed: true, known: true},
	"created_at":           {indexed: true},
	"updated_at":           {indexed: true},
	tagField:               {normal: normalTag},
}

// smbTable is how SMBListing is stored, for its order.
var smbTable = query.Table{
	Listing: fibonacco.SMBListing, From: "smbs", Key: "smbs.id",
	Columns: map[string]query.Column{
		"business_name": {Order: "smbs.name_key", OrderKind: fibonacco.TextField, Nullable: true},
	},
}

// carried is what the index of an order has beside the order: what is not asked for is passed in it
// without its row being looked up.
var carried = map[string][]string{"updated_at": {"id", "updated_at", "engagement_tier", "engagement_score"}}

// carriedBy is carried of the order of a list.
func carriedBy(order []string) []string {
	if len(order) == 0 {
		return nil
	}
	return carried[strings.TrimPrefix(order[0], "-")]
}

// holds is a condition on a table of smbs; smbs is its name with a dot, and with a plus before it
// when SQLite is not to use an index.
func holds(c fibonacco.Condition, smbs string, arg func(any) string) string {
	c, found := stored(c)
	if !found {
		return "FALSE"
	}
	if r, ok := relations[c.Field.Name]; ok {
		return r.holds(c, smbs+"id", arg)
	}
	switch {
	case c.Field.Name == "manifest_destiny_day" && narrows(c):
		// The index is by status first: naming every one of them lets it be used.
		return smbs + "campaign_status IN ('pending', 'active', 'paused', 'completed') AND " + query.Condition(c, smbs+"manifest_destiny_day", arg)
	}
	return query.Condition(c, smbs+column(c.Field.Name), arg)
}

// drive is a subquery of the ids of SMBs that a condition is true of, which an index answers; ""
// when none does, or when the condition is true of most.
func drive(c fibonacco.Condition, arg func(any) string) string {
	c, found := stored(c)
	at := places[c.Field.Name]
	if r, ok := relations[c.Field.Name]; ok && found {
		return r.drive(c, arg)
	}
	switch {
	case !found:
		return ""
	case at.copied && narrows(c):
		return "SELECT copy.smb_id FROM smb_search AS copy WHERE " + query.Condition(c, "copy."+c.Field.Name, arg)
	case !at.indexed, at.only != "" && (c.Op != fibonacco.AnyOf || len(c.Values) != 1 || c.Values[0] != at.only):
		return ""
	case c.Op == fibonacco.NoneOf, c.Op == fibonacco.IsNull && at.known, c.Op == fibonacco.NotNull && !at.known:
		return ""
	}
	return "SELECT these.id FROM smbs AS these WHERE " + holds(c, "these.", arg)
}

func column(field string) string {
	if at := places[field]; at.column != "" {
		return at.column
	}
	return field
}

// stored brings the values of a condition into their stored form. found is false when there can be
// none such; of "none of these" it leaves out those that there cannot be.
func stored(c fibonacco.Condition) (_ fibonacco.Condition, found bool) {
	if c.Field.Kind == fibonacco.BooleanField && c.Op == fibonacco.NoneOf && len(c.Values) == 1 { // not true is false: there is an index for that
		c.Op, c.Values = fibonacco.AnyOf, []string{map[string]string{"true": "false", "false": "true"}[c.Values[0]]}
	}
	normalise := places[c.Field.Name].normal
	if normalise == nil || c.Op == fibonacco.IsNull || c.Op == fibonacco.NotNull {
		return c, true
	}
	values := make([]string, 0, len(c.Values))
	for _, v := range c.Values {
		n := ""
		if v != "" {
			n = normalise(v)
		}
		switch {
		case c.Op == fibonacco.Between && n == "" && v != "":
			return c, false
		case n != "" || c.Op == fibonacco.Between:
			values = append(values, n)
		}
	}
	if c.Op == fibonacco.NoneOf && len(values) == 0 {
		c.Op = fibonacco.NotNull
	}
	c.Values = values
	return c, c.Op != fibonacco.AnyOf || len(values) > 0
}
