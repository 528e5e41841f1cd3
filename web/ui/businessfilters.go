package ui

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// filterShape is how a filter is chosen.
type filterShape string

const (
	pickShape  filterShape = "pick"  // any of known values
	textShape  filterShape = "text"  // any of typed values
	rangeShape filterShape = "range" // numbers from and to
	timeShape  filterShape = "time"  // dates from and to
)

// businessFilter is one field of the listing that the table can be narrowed by.
type businessFilter struct {
	Field, Name, Group string
	Shape              filterShape
	None, Some         string // what "unknown" and "known" are called; "" offers neither
	Words              map[string]string
	Hint               string
}

// businessFilters are all of them, as they are offered. Two fields are left out: uuid and id are for
// addresses that other pages make, and still have their chip.
var businessFilters = []businessFilter{
	{Field: "community_id", Name: "Community", Group: "Place", Shape: pickShape},
	{Field: "city", Name: "City", Group: "Place", Shape: textShape, None: "No city", Some: "Has a city", Hint: "As it is stored, for example Brooklyn"},
	{Field: "state", Name: "State", Group: "Place", Shape: textShape, None: "No state", Hint: "Two letters, for example NY"},
	{Field: "zip", Name: "ZIP", Group: "Place", Shape: textShape, None: "No ZIP"},
	{Field: "campaign_status", Name: "Status", Group: "Programme", Shape: pickShape, Words: map[string]string{
		"pending": "Pending", "active": "Active", "paused": "Paused", "completed": "Completed",
	}},
	{Field: "manifest_destiny_day", Name: "Programme day", Group: "Programme", Shape: rangeShape, Hint: "0 is before the start, 90 the last day"},
	{Field: "current_campaign_id", Name: "Last step", Group: "Programme", Shape: textShape, None: "No step yet", Hint: "For example HOOK-001"},
	{Field: "engagement_tier", Name: "Tier", Group: "Engagement", Shape: pickShape, Words: map[string]string{
		"1": tierNames[0], "2": tierNames[1], "3": tierNames[2], "4": tierNames[3],
	}},
	{Field: "engagement_score", Name: "Score", Group: "Engagement", Shape: rangeShape, Hint: "0 to 100"},
	{Field: "last_email_open", Name: "Last opened a mail", Group: "Engagement", Shape: timeShape, None: "Never opened a mail", Some: "Has opened a mail"},
	{Field: "last_email_click", Name: "Last clicked", Group: "Engagement", Shape: timeShape, None: "Never clicked", Some: "Has clicked"},
	{Field: "email_opted_in", Name: "E-mail", Group: "Reach", Shape: pickShape, Words: map[string]string{"true": "Opted in", "false": "Opted out"}},
	{Field: "rvm_opted_in", Name: "Voicemail", Group: "Reach", Shape: pickShape, Words: map[string]string{"true": "Opted in", "false": "Opted out"}},
	{Field: "do_not_contact", Name: "Do not contact", Group: "Reach", Shape: pickShape, Words: map[string]string{"true": "Blocked", "false": "Not blocked"}},
	{Field: "primary_email", Name: "E-mail address", Group: "Reach", Shape: textShape, None: "No e-mail address", Some: "Has an e-mail address", Hint: "The whole address"},
	{Field: "primary_phone", Name: "Phone number", Group: "Reach", Shape: textShape, None: "No phone number", Some: "Has a phone number", Hint: "The whole number, in any form"},
	{Field: "approved_service", Name: "Service approved", Group: "Services", Shape: pickShape, None: "No service approved", Some: "Any service approved"},
	{Field: "waiting_service", Name: "Waiting for a service", Group: "Services", Shape: pickShape, None: "Waiting for no service", Some: "Waiting for any service"},
	{Field: "tag", Name: "Tag", Group: "Business", Shape: textShape, None: "No tags", Some: "Has tags"},
	{Field: "category", Name: "Category", Group: "Business", Shape: textShape, None: "No category", Some: "Has a category", Hint: "As it is stored, for example Bakery"},
	{Field: "business_name", Name: "Name", Group: "Business", Shape: textShape, Hint: "The whole name; the search finds parts of it"},
	{Field: "business_type", Name: "Legal form", Group: "Business", Shape: textShape, None: "No legal form"},
	{Field: "source", Name: "Source", Group: "Business", Shape: textShape, None: "No source", Hint: "For example import"},
	{Field: "subscription_tier", Name: "Subscription", Group: "Business", Shape: textShape, Hint: "free, starter, growth or premium"},
	{Field: "service_model", Name: "Service model", Group: "Business", Shape: textShape, None: "No service model", Hint: "self_service or ai_account_manager"},
	{Field: "data_quality_score", Name: "Data quality", Group: "Business", Shape: rangeShape, Hint: "0 to 100"},
	{Field: "created_at", Name: "Added", Group: "Business", Shape: timeShape},
	{Field: "updated_at", Name: "Changed", Group: "Business", Shape: timeShape},
	{Field: "segment", Name: "Saved view", Group: "Business", Shape: pickShape},
}

// unlisted are filters that only addresses of other pages use.
var unlisted = []businessFilter{{Field: "id", Name: "Chosen by hand", Shape: textShape}, {Field: "uuid", Name: "Chosen by uuid", Shape: textShape}}

func filterOf(field string) (businessFilter, bool) {
	for _, f := range slices.Concat(businessFilters, unlisted) {
		if f.Field == field {
			return f, true
		}
	}
	return businessFilter{}, false
}

// known is what names stand for: communities by id, saved views by uuid, services by type.
type knownNames struct {
	towns    towns
	segments []fibonacco.Segment
	services []fibonacco.Offering
}

// values are what a filter of known values can be, with their words.
func (k knownNames) values(f businessFilter) [][2]string {
	var all [][2]string
	switch f.Field {
	case "community_id":
		for _, c := range k.towns.all {
			all = append(all, [2]string{strconv.FormatInt(c.ID, 10), c.Name})
		}
	case "segment":
		for _, s := range k.segments {
			all = append(all, [2]string{s.UUID, s.Name})
		}
	case "approved_service", "waiting_service":
		for _, o := range k.services {
			all = append(all, [2]string{o.Type, o.Title})
		}
	case "email_opted_in", "rvm_opted_in", "do_not_contact":
		all = [][2]string{{"true", f.Words["true"]}, {"false", f.Words["false"]}}
	default:
		field, _ := fibonacco.SMBListing.Field(f.Field)
		for _, v := range field.Values {
			all = append(all, [2]string{v, f.Words[v]})
		}
	}
	return all
}

func (k knownNames) word(f businessFilter, value string) string {
	for _, v := range k.values(f) {
		if v[0] == value {
			return v[1]
		}
	}
	return value
}

// sentence says a condition as people do: a beginning, and what is chosen. wrong is why it cannot be used.
func (k knownNames) sentence(f businessFilter, condition string, now time.Time) (name, value, wrong string) {
	read, err := fibonacco.SMBListing.Conditions(fibonacco.Filter{f.Field: condition})
	if err != nil {
		if fields := fieldsOf(err); len(fields) > 0 {
			wrong = fields[0].Reason
		}
		return f.Name, condition, wrong
	}
	c := read[0]
	switch {
	case c.Op == fibonacco.IsNull:
		return "", orWord(f.None, "No "+midSentence(f.Name)), ""
	case c.Op == fibonacco.NotNull:
		return "", orWord(f.Some, "Any "+midSentence(f.Name)), ""
	case c.Op == fibonacco.Between && f.Shape == timeShape:
		return f.Name, timeRange(c.Values, now), ""
	case c.Op == fibonacco.Between:
		return f.Name, numberRange(c.Values), ""
	case f.Field == "id":
		return f.Name, plural(len(c.Values), "business", "businesses"), ""
	}
	words := make([]string, len(c.Values))
	for i, v := range c.Values {
		words[i] = k.word(f, v)
	}
	if c.Op == fibonacco.NoneOf {
		return f.Name + " not", strings.Join(words, ", "), ""
	}
	return f.Name, strings.Join(words, ", "), ""
}

// midSentence puts the first letter of a name into the middle of a sentence.
func midSentence(text string) string {
	if text == strings.ToUpper(text) { // ZIP
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}

func numberRange(ends []string) string {
	switch {
	case ends[0] == "":
		return "at most " + ends[1]
	case ends[1] == "":
		return "at least " + ends[0]
	case ends[0] == ends[1]:
		return ends[0]
	}
	return ends[0] + " to " + ends[1]
}

func timeRange(ends []string, now time.Time) string {
	from, to := dateOf(ends[0], now), dateOf(ends[1], now)
	switch {
	case ends[0] == "":
		return "until " + to
	case ends[1] == "":
		return "since " + from
	}
	return from + " to " + to
}

// dateOf is a moment of a filter as a date. Filters are dates in UTC.
func dateOf(text string, now time.Time) string {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	if at.Year() != now.Year() {
		return at.Format("2 Jan 2006")
	}
	return at.Format("2 Jan")
}

// filterChip is one filter as it stands, with its form.
type filterChip struct {
	businessFilter
	Prefix, Value string   // the sentence
	Wrong         string   // why the condition cannot be used; "" when it can
	Clear         string   // address without it
	Choices       []choice // of pickShape and timeShape
	How           string   // of textShape: any, none, null, !null
	Typed         string   // of textShape
	From, To      string   // of rangeShape and timeShape
	Open          bool
}

// chips are the filters that are in force, in the order they are offered, and the one that is about to
// be added.
func (t businessTable) chips(k knownNames, edit string, now time.Time) []filterChip {
	var all []filterChip
	for _, f := range slices.Concat(businessFilters, unlisted) {
		condition := t.query.Get(f.Field)
		if condition == "" && f.Field != edit {
			continue
		}
		c := filterChip{businessFilter: f, Clear: t.with(f.Field, ""), Open: f.Field == edit}
		if condition == "" {
			c.Prefix = f.Name
		} else {
			c.Prefix, c.Value, c.Wrong = k.sentence(f, condition, now)
		}
		t.fill(&c, condition, k, now)
		all = append(all, c)
	}
	return all
}

// fill gives a chip what its form shows.
func (t businessTable) fill(c *filterChip, condition string, k knownNames, now time.Time) {
	read, err := fibonacco.SMBListing.Conditions(fibonacco.Filter{c.Field: condition})
	var is fibonacco.Condition
	if err == nil && condition != "" {
		is = read[0]
	}
	switch c.Shape {
	case pickShape:
		for _, v := range k.values(c.businessFilter) {
			on := is.Op == fibonacco.AnyOf && slices.Contains(is.Values, v[0])
			to := []string{v[0]}
			if c.Field != "segment" && is.Op == fibonacco.AnyOf {
				to = toggle(is.Values, v[0])
			} else if on {
				to = nil
			}
			c.Choices = append(c.Choices, choice{v[1], t.with(c.Field, strings.Join(to, ",")), on})
		}
		if c.Some != "" {
			c.Choices = append([]choice{{c.Some, t.with(c.Field, "!null"), condition == "!null"}, {c.None, t.with(c.Field, "null"), condition == "null"}}, c.Choices...)
		}
	case textShape:
		c.How, c.Typed = "any", typedValues(is.Values)
		switch is.Op {
		case fibonacco.NoneOf:
			c.How = "none"
		case fibonacco.IsNull:
			c.How = "null"
		case fibonacco.NotNull:
			c.How = "!null"
		}
	case rangeShape:
		switch is.Op {
		case fibonacco.Between:
			c.From, c.To = is.Values[0], is.Values[1]
		case fibonacco.AnyOf:
			c.From, c.To = is.Values[0], is.Values[len(is.Values)-1]
		}
	case timeShape:
		c.Choices = t.times(*c, condition, now)
		if is.Op == fibonacco.Between {
			c.From, c.To = firstTen(is.Values[0]), firstTen(is.Values[1])
		}
	}
}

func firstTen(text string) string { return text[:min(len(text), 10)] }

// times are the dates that are asked for most.
func (t businessTable) times(c filterChip, condition string, now time.Time) []choice {
	ago := func(days int) string { return now.UTC().AddDate(0, 0, -days).Format(time.DateOnly) }
	offers := [][2]string{{"In the last 7 days", ago(7) + ".."}, {"In the last 30 days", ago(30) + ".."}, {"Not for 30 days", ".." + ago(30)}}
	if c.None != "" {
		offers = append(offers, [2]string{c.None, "null"}, [2]string{c.Some, "!null"})
	} else {
		offers[2] = [2]string{"More than 30 days ago", ".." + ago(30)}
	}
	var all []choice
	for _, o := range offers {
		all = append(all, choice{o[0], t.with(c.Field, o[1]), condition == o[1]})
	}
	return all
}

// typedValues are values as somebody types them: with commas between, and a backslash before one inside.
func typedValues(values []string) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = strings.NewReplacer(`\`, `\\`, ",", `\,`).Replace(v)
	}
	return strings.Join(parts, ", ")
}

// readTyped is typedValues, the other way round.
func readTyped(text string) []string {
	var values []string
	var one strings.Builder
	end := func() {
		if v := strings.TrimSpace(one.String()); v != "" {
			values = append(values, v)
		}
		one.Reset()
	}
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			one.WriteByte(text[i])
		case text[i] == ',':
			end()
		default:
			one.WriteByte(text[i])
		}
	}
	end()
	return values
}

// set is the address of the table with a filter as its form has it.
func (t businessTable) set(field string, form url.Values) string {
	f, _ := filterOf(field)
	low, high := strings.TrimSpace(form.Get("low")), strings.TrimSpace(form.Get("high"))
	condition := ""
	switch f.Shape {
	case textShape:
		switch how := form.Get("how"); how {
		case "null", "!null":
			condition = how
		default:
			if values := readTyped(form.Get("typed")); len(values) > 0 {
				condition = fibonacco.FilterValues(values)
				if how == "none" {
					condition = "!" + condition
				}
			}
		}
	case rangeShape:
		if low+high != "" {
			condition = fibonacco.FilterValue(low) + ".." + fibonacco.FilterValue(high)
		}
	case timeShape:
		if high != "" {
			high += "T23:59:59Z" // the whole of the last day
		}
		if low+high != "" {
			condition = low + ".." + high
		}
	}
	return t.with(field, condition)
}

// addable are the filters that are not in force, by group.
func (t businessTable) addable(k knownNames) []filterGroup {
	var groups []filterGroup
	for _, f := range businessFilters {
		if t.query.Get(f.Field) != "" || f.Shape == pickShape && len(k.values(f)) == 0 {
			continue
		}
		if len(groups) == 0 || groups[len(groups)-1].Name != f.Group {
			groups = append(groups, filterGroup{Name: f.Group})
		}
		g := &groups[len(groups)-1]
		g.Filters = append(g.Filters, choice{Text: f.Name, Path: t.editing(f.Field)})
	}
	return groups
}

type filterGroup struct {
	Name    string
	Filters []choice
}

// rule is a filter in words, as one sentence.
func (t businessTable) rule(k knownNames, now time.Time) string {
	var parts []string
	if words := t.query.Get(findParam); words != "" {
		parts = append(parts, "“"+words+"” in the name, e-mail or phone")
	}
	for _, c := range t.chips(k, "", now) {
		parts = append(parts, strings.TrimSpace(c.Prefix+" "+c.Value))
	}
	if len(parts) == 0 {
		return "Every business."
	}
	return strings.Join(parts, "; ") + "."
}
