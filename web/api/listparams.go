package api

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco"
)

// listParameters is a listing as the specification describes it.
func listParameters(l fibonacco.Listing, members []string) []*huma.Param {
	text := &huma.Schema{Type: huma.TypeString}
	var all []*huma.Param
	for _, f := range l.Fields {
		if f.Filter {
			all = append(all, &huma.Param{
				Name: "filter[" + f.Name + "]", In: "query", Schema: text, Example: filterExample(f),
				Description: strings.TrimSpace(f.About + " " + filterForms(f)),
			})
		}
	}
	if l.Search {
		all = append(all, &huma.Param{
			Name: "search", In: "query", Description: "Words to find.", Example: "rosa",
			Schema: &huma.Schema{Type: huma.TypeString, MaxLength: most(200)},
		})
	}
	if names := l.SortNames(); len(names) > 0 {
		all = append(all, &huma.Param{
			Name: "sort", In: "query", Schema: text, Example: l.Sort,
			Description: "Up to three of " + strings.Join(names, ", ") + ", separated by commas; a - in front puts the largest first. Left out, " + l.Sort + ".",
		})
	}
	if len(l.Includes) > 0 {
		all = append(all, &huma.Param{
			Name: "include", In: "query", Schema: text, Example: l.Includes[0],
			Description: "Also answer with any of " + strings.Join(l.Includes, ", ") + ", separated by commas.",
		})
	}
	return append(all,
		fieldsParameter(members),
		&huma.Param{Name: "page[size]", In: "query", Description: "Entries a page.", Schema: &huma.Schema{
			Type: huma.TypeInteger, Minimum: bound(1), Maximum: bound(pageSizeMost), Default: pageSizeDefault,
		}},
		&huma.Param{
			Name: "page[cursor]", In: "query", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: most(2000)},
			Description: "Where to go on: page.next of the page before, with the same filter and order. Leave it out for the first page.",
		},
		&huma.Param{
			Name: "page[total]", In: "query", Schema: &huma.Schema{Type: huma.TypeBoolean, Default: false},
			Description: "true also counts all that match, in page.total, which costs more than a page does.",
		},
		formatParameter(),
	)
}

// fieldsParameter and formatParameter are what every list takes.
func fieldsParameter(members []string) *huma.Param {
	return &huma.Param{
		Name: "fields", In: "query", Schema: &huma.Schema{Type: huma.TypeString}, Example: strings.Join(members[:min(2, len(members))], ","),
		Description: "Only these members of each entry, separated by commas, and always its id; left out, all.",
	}
}

func formatParameter() *huma.Param {
	return &huma.Param{
		Name: "format", In: "query", Schema: &huma.Schema{Type: huma.TypeString, Enum: []any{formatJSON, formatNDJSON, formatCSV}, Default: formatJSON},
		Description: "ndjson or csv export the whole list, all pages in one answer; so does Accept: application/x-ndjson or text/csv. It takes the ability smbs:export.",
	}
}

func most(n int) *int          { return &n }
func bound(f float64) *float64 { return &f }

// filterForms says what conditions a field takes.
func filterForms(f fibonacco.ListField) string {
	switch {
	case len(f.Values) > 0:
		return "Any of " + strings.Join(f.Values, ", ") + "; several separated by commas, a ! in front for none of them."
	case f.Kind == fibonacco.BooleanField:
		return "true or false."
	case f.Kind == fibonacco.TimeField, f.Kind == fibonacco.DateField:
		return "A range from..to, open at either end; or null, or !null."
	case f.Kind == fibonacco.IntegerField:
		return "Numbers separated by commas, a range 10..20 (open at either end), ! in front for none of them, null or !null."
	}
	return "Values separated by commas, ! in front for none of them, null or !null."
}

// filterExample is a condition that a field takes.
func filterExample(f fibonacco.ListField) string {
	switch {
	case len(f.Values) > 1:
		return strings.Join(f.Values[:2], ",")
	case len(f.Values) > 0:
		return f.Values[0]
	}
	switch f.Kind {
	case fibonacco.IntegerField:
		return "1..100"
	case fibonacco.BooleanField:
		return "true"
	case fibonacco.TimeField:
		return "2026-11-01.."
	case fibonacco.DateField:
		return "2026-11-01..2026-11-30"
	case fibonacco.UUIDField:
		return "0193c2f0-9a8b-7c6d-8e5f-4a3b2c1d0e9f"
	}
	return "!null"
}
