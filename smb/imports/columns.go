package imports

import (
	"fmt"
	"maps"
	"slices"

	"github.com/fibonacco/fibonacco"
)

// sampleRows is how many rows are looked at to tell what columns hold.
const sampleRows = 200

// choose decides what is read from the columns of a file, whose names and sample l has: what the
// request says; without that, the mapping that is kept for the same header; without one, what names
// and values suggest. It fills in the rest of l.
func (o *opening) choose(l *layout, lenient bool) (plan, error) {
	mapping := o.req.Mapping
	if len(mapping) == 0 && !o.settled {
		mapping = nil
		if o.saved != nil {
			kept, err := o.saved(l.columns)
			if err != nil {
				return plan{}, err
			}
			if l.saved = kept; kept != nil {
				mapping = kept.Mapping
			}
		}
		if l.saved == nil {
			mapping = applied(l.columns, suggest(l.columns, l.sample))
		}
	}
	p, err := planColumns(l.columns, mapping, lenient)
	if err != nil {
		return p, err
	}
	l.mapping = p.mapping(l.columns)
	l.fixed = maps.Clone(l.mapping)
	if lenient { // objects that lack a key may have another that means the same
		l.fixed = map[string]string{}
		maps.Copy(l.mapping, mapping)
		maps.DeleteFunc(l.mapping, func(_, column string) bool { return column == "" })
	}
	maps.Copy(l.fixed, mapping)
	if !lenient && !o.loose {
		err = o.enough(&p, l.columns)
	}
	return p, err
}

// enough returns Invalid when the columns that are read do not make a row.
func (o *opening) enough(p *plan, names []string) error {
	if o.as.blocks {
		if p.has(email) || p.has(phone) || p.has(businessName) && p.has(zip) {
			return nil
		}
		return fibonacco.InvalidFields("the file cannot be read", []fibonacco.FieldError{{
			Field:  "mapping",
			Reason: "needs an e-mail address, a telephone number, or name and ZIP: no column of the file looks like one (the columns are " + list(names) + ")",
		}})
	}
	if p.has(businessName) {
		return nil
	}
	return fibonacco.InvalidFields("the file cannot be read", []fibonacco.FieldError{{
		Field:  "mapping.business_name",
		Reason: "is needed: no column of the file looks like the name of a business (the columns are " + list(names) + ")",
	}})
}

// suggestion is what a column seems to hold.
type suggestion struct {
	field      field
	found      bool
	byName     bool // the column's name says so
	confidence float64
	why        string
}

// sure is the confidence from which a column is read without being asked for.
const sure = 0.7

// applied is what suggestions change about a guess by names alone: columns that are read for their
// values, and fields whose name is on a column of something else.
func applied(columns []string, all []suggestion) map[string]string {
	mapping := map[string]string{}
	for i, s := range all {
		if s.found && s.confidence >= sure && !s.byName {
			mapping[specs[s.field].name] = columns[i]
		}
	}
	for f := range field(fields) {
		i := bestColumn(columns, make([]bool, len(columns)), f)
		if _, taken := mapping[specs[f].name]; i >= 0 && !taken && all[i].found && all[i].field == f && all[i].confidence < sure {
			mapping[specs[f].name] = ""
		}
	}
	return mapping
}

// suggest says of each column what it seems to hold, by its name and by the sample's values.
func suggest(columns []string, sample [][]string) []suggestion {
	all := make([]suggestion, len(columns))
	looks := make([]looks, len(columns))
	for i := range columns {
		looks[i] = lookAt(sample, i)
	}
	byName, _ := planColumns(columns, nil, true) // fails for a mapping only
	taken := [fields]bool{}
	for _, c := range byName.columns {
		all[c.index] = named(c.field, columns[c.index], &looks[c.index])
		taken[c.field] = all[c.index].confidence >= sure
	}
	var order []int // the columns with the clearest values choose first
	for i := range columns {
		if !all[i].found || all[i].confidence < sure {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		_, x := looks[a].best()
		_, y := looks[b].best()
		return int(1000*y) - int(1000*x)
	})
	for _, i := range order {
		s := byValues(columns[i], &looks[i], &taken)
		if s.found && s.confidence > all[i].confidence {
			all[i] = s
			taken[s.field] = taken[s.field] || s.confidence >= sure
		}
	}
	onlyPairs(all)
	return all
}

// onlyPairs takes the confidence out of half a place: a latitude is nothing without a longitude.
func onlyPairs(all []suggestion) {
	has := func(f field) bool {
		return slices.ContainsFunc(all, func(s suggestion) bool { return s.found && s.field == f && s.confidence >= sure })
	}
	for i := range all {
		s := &all[i]
		if s.found && (s.field == longitude && !has(latitude) || s.field == latitude && !has(longitude)) {
			s.confidence = min(s.confidence, 0.5)
		}
	}
}

// noWords is what no name, trade, street or town looks like.
var noWords = []kind{likeEmail, likePhone, likeURL, likePair, likeIP}

// named is the suggestion of a column's name, made surer or unsure by its values.
func named(f field, name string, l *looks) suggestion {
	rank := slices.Index(specs[f].synonyms, sound(name))
	s := suggestion{field: f, found: true, byName: true, confidence: max(0.95-0.01*float64(rank), 0.8), why: "the name says so"}
	if slices.Contains([]string{"name", "type", "st", "first", "last", "long", "store", "account", "trade"}, sound(name)) {
		s.confidence = 0.75
	}
	kind, expects := kindOf[f]
	best, most := l.best()
	switch {
	case l.n < 5:
		return s
	case !expects && most >= 0.8 && slices.Contains(noWords, best):
		s.confidence = 0.2
		s.why = fmt.Sprintf("the name says so, but %.0f %% of the values are %s", 100*most, kindNames[best])
		return s
	case !expects:
		return s
	}
	share := l.share(kind)
	switch {
	case share >= 0.8:
		s.confidence = 0.99
		s.why = fmt.Sprintf("the name says so, and %.0f %% of the values are %s", 100*share, kindNames[kind])
	case share < 0.2 && best != kind && most >= 0.8:
		s.confidence = 0.2
		s.why = fmt.Sprintf("the name says so, but %.0f %% of the values are %s", 100*most, kindNames[best])
	default:
		s.why = fmt.Sprintf("the name says so; %.0f %% of the values are %s", 100*share, kindNames[kind])
	}
	return s
}
