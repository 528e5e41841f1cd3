package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco"
)

// bulkFilter says which businesses, in the body of a request: the conditions of the list's filter by
// field, and beside them search and segment.
type bulkFilter map[string]json.RawMessage

// mostIDs is how many ids a filter may name one by one.
const mostIDs = 10_000

// Schema implements huma.SchemaProvider.
func (bulkFilter) Schema(r huma.Registry) *huma.Schema {
	const name = "SMBFilter"
	if r.Map()[name] == nil {
		s := &huma.Schema{
			Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{},
			Description: "Which businesses: every condition must hold; {} is all of them.",
		}
		for _, f := range fibonacco.SMBListing.Fields {
			if f.Filter {
				s.Properties[f.Name] = conditionSchema(f)
			}
		}
		s.Properties["search"] = &huma.Schema{Type: huma.TypeString, MaxLength: most(200), Description: "Words to find, as in the list."}
		s.PrecomputeMessages()
		r.Map()[name] = s
	}
	return &huma.Schema{Ref: "#/components/schemas/" + name}
}

// conditionSchema is what the condition of a field may be.
func conditionSchema(f fibonacco.ListField) *huma.Schema {
	scalar := func() *huma.Schema { return &huma.Schema{Type: huma.TypeString, MaxLength: most(20_000)} }
	value := func() *huma.Schema { return &huma.Schema{Type: huma.TypeString, MaxLength: most(1000)} }
	number := func() *huma.Schema { return &huma.Schema{Type: huma.TypeInteger, Format: "int64"} }
	items := []*huma.Schema{value()}
	ways := []*huma.Schema{scalar()}
	switch f.Kind {
	case fibonacco.IntegerField:
		items, ways = append(items, number()), append(ways, number())
	case fibonacco.BooleanField:
		ways = append(ways, &huma.Schema{Type: huma.TypeBoolean})
	}
	if f.Kind != fibonacco.BooleanField && f.Name != segmentParameter {
		ways = append(ways, &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{AnyOf: items}, MaxItems: most(mostIDs)})
	}
	s := &huma.Schema{AnyOf: ways, Description: strings.TrimSpace(f.About + " A condition as a text, as in the list's filter; or one value; or an array of which any will do.")}
	s.PrecomputeMessages()
	return s
}

const segmentParameter = "segment"

// filter reads what a caller wrote, or returns Invalid naming each field as "filter.…".
func (f bulkFilter) filter() (fibonacco.SMBFilter, error) {
	out := fibonacco.SMBFilter{Where: fibonacco.Filter{}}
	var bad []fibonacco.FieldError
	refuse := func(name, reason string) {
		bad = append(bad, fibonacco.FieldError{Field: "filter." + name, Reason: reason})
	}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		raw := f[name]
		if name == "search" {
			if json.Unmarshal(raw, &out.Search) != nil {
				refuse(name, "must be a text")
			}
			continue
		}
		if ids := map[string]*[]int64{"id": &out.IDs, "community_id": &out.CommunityIDs}[name]; ids != nil && json.Unmarshal(raw, ids) == nil && *ids != nil {
			continue // a batch may be longer than a condition
		}
		condition, reason := conditionOf(raw)
		switch {
		case reason != "":
			refuse(name, reason)
		case condition != "":
			out.Where[name] = condition
		}
	}
	_, err := fibonacco.SMBListing.Conditions(out.Where)
	var e *fibonacco.Error
	if errors.As(err, &e) {
		for _, b := range e.Fields {
			refuse(strings.TrimSuffix(strings.TrimPrefix(b.Field, "filter["), "]"), b.Reason)
		}
	}
	return out, fibonacco.InvalidFields("the filter cannot be used", bad)
}

// conditionOf is a condition as the list's filter has it; "" for an empty array, which does not narrow.
func conditionOf(raw json.RawMessage) (condition, reason string) {
	var many []json.RawMessage
	switch {
	case bytes.Equal(raw, []byte("null")):
		return "null", ""
	case json.Unmarshal(raw, &condition) == nil: // a text
		if condition == "" {
			return "", "is empty: leave it out, or say null for the unknown"
		}
		return condition, ""
	case json.Unmarshal(raw, &many) != nil:
		return scalarOf(raw)
	}
	values := make([]string, len(many))
	for i, one := range many {
		if json.Unmarshal(one, &values[i]) == nil && !bytes.Equal(one, []byte("null")) {
			continue
		}
		if values[i], reason = scalarOf(one); reason != "" {
			return "", reason
		}
	}
	return fibonacco.FilterValues(values), ""
}

// scalarOf is a number or a truth as a text.
func scalarOf(raw json.RawMessage) (text, reason string) {
	var number json.Number
	var truth bool
	if json.Unmarshal(raw, &number) == nil && number != "" {
		return number.String(), ""
	}
	if json.Unmarshal(raw, &truth) == nil && !bytes.Equal(raw, []byte("null")) {
		return string(bytes.TrimSpace(raw)), ""
	}
	return "", "must be a text, a value or an array of values"
}
