package ui

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

const (
	businessesPath    = "/businesses"
	businessesPerPage = 25
)

// names of the URL's parameters that belong to the table of businesses alone.
const (
	viewParam = "view" // the saved view that this began as
	fromParam = "from" // number of the first row, for people
	editParam = "edit" // the filter whose form stands open
	setParam  = "set"  // the filter that a form sets; the answer leads to the plain address
)

// filterAliases are short names that other pages link with.
var filterAliases = map[string]string{"community": "community_id", "tier": "engagement_tier", "status": "campaign_status"}

// businessTable is the table of businesses as its address asks for it.
type businessTable struct {
	ledger
	view string
	from int
}

func readBusinessTable(q url.Values) businessTable {
	known := url.Values{}
	for name, values := range q {
		if field, ok := filterAliases[name]; ok {
			name = field
		}
		if f, ok := fibonacco.SMBListing.Field(name); ok && f.Filter {
			if one := strings.TrimSpace(known.Get(name)); one != "" {
				values = append([]string{one}, values...)
			}
			known.Set(name, strings.Join(values, ","))
			continue
		}
		known[name] = values
	}
	t := businessTable{ledger: readLedger(fibonacco.SMBListing, businessesPath, known), view: q.Get(viewParam), from: 1}
	if from, err := strconv.Atoi(q.Get(fromParam)); err == nil && from > 1 && t.query.Get(afterParam) != "" {
		t.from = from
	}
	return t
}

// tableOf is a table with the filter of a saved view.
func tableOf(s fibonacco.Segment) businessTable {
	q := url.Values{}
	for field, condition := range s.Filter {
		q.Set(field, condition)
	}
	if s.CommunityID != nil && s.Filter["community_id"] == "" {
		q.Set("community_id", strconv.FormatInt(*s.CommunityID, 10))
	}
	if s.Search != "" {
		q.Set(findParam, s.Search)
	}
	t := readBusinessTable(q)
	t.view = s.UUID
	return t
}

// question is what the table asks of the directory.
func (t businessTable) question() fibonacco.SMBQuery {
	q := t.asked()
	return fibonacco.SMBQuery{Filter: t.filter(), Sort: q.Sort, Cursor: q.Cursor, Size: businessesPerPage}
}

func (t businessTable) filter() fibonacco.SMBFilter {
	q := t.asked()
	return fibonacco.SMBFilter{Where: q.Filter, Search: q.Search}
}

// narrowing is the filter and the search as a query, without order and place: what tells one set of
// businesses from another.
func (t businessTable) narrowing() url.Values {
	q := url.Values{}
	for name, v := range t.query {
		if name != afterParam && name != trailParam && name != sortParam {
			q[name] = v
		}
	}
	return q
}

// list is narrowing in a form's field.
func (t businessTable) list() string { return t.narrowing().Encode() }

// withView adds what belongs to this table alone to an address of its ledger.
func (t businessTable) withView(path string, more ...string) string {
	at, err := url.Parse(path)
	if err != nil {
		return path
	}
	q := at.Query()
	if t.view != "" {
		q.Set(viewParam, t.view)
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return pathWith(at.Path, q)
}

// with is the table with one parameter changed, on its first page.
func (t businessTable) with(name, value string) string { return t.withView(t.ledger.with(name, value)) }

// here is the address of this very page.
func (t businessTable) here() string {
	path := t.withView(pathWith(businessesPath, t.query))
	if t.from > 1 {
		return t.withView(path, fromParam, strconv.Itoa(t.from))
	}
	return path
}

// editing is the address of this page with the form of a filter open.
func (t businessTable) editing(field string) string { return t.withView(t.here(), editParam, field) }

func (t businessTable) next(cursor string) string {
	path := t.ledger.next(cursor)
	if path == "" {
		return ""
	}
	return t.withView(path, fromParam, strconv.Itoa(t.from+businessesPerPage))
}

// back is the address of the page before; past the pages that the address remembers it is the first.
func (t businessTable) back() string {
	path := t.ledger.back()
	if path == "" {
		return ""
	}
	if at, err := url.Parse(path); err == nil && at.Query().Get(afterParam) == "" {
		return t.withView(path)
	}
	return t.withView(path, fromParam, strconv.Itoa(max(1, t.from-businessesPerPage)))
}

// hidden is what a form over the table carries along.
func (t businessTable) hidden(but string) [][2]string {
	all := t.ledger.hidden(but)
	if t.view != "" {
		all = append(all, [2]string{viewParam, t.view})
	}
	return all
}

// businessOrder is an order of the table, in words.
type businessOrder struct{ Sort, Text string }

// businessOrders are all that are offered; the first is the one when none is chosen.
var businessOrders = []businessOrder{
	{"", "first added"},
	{"-created_at", "newest first"},
	{"business_name", "name, A to Z"},
	{"-business_name", "name, Z to A"},
	{"-engagement_score", "highest score"},
	{"engagement_score", "lowest score"},
	{"-updated_at", "last changed"},
}

// orders is the menu of orders with the one in force.
func (t businessTable) orders() (all []choice, chosen string) {
	sort := t.query.Get(sortParam)
	chosen = sort
	for _, o := range businessOrders {
		text := o.Text
		if o.Sort == "" && t.query.Get(findParam) != "" {
			text = "best match"
		}
		on := o.Sort == sort
		if on {
			chosen = text
		}
		all = append(all, choice{Text: capital(text), Path: t.with(sortParam, o.Sort), On: on})
	}
	return all, chosen
}

// sorting is what the head of a column says of the order, and where it leads: to its own order, and
// from there to the other way round.
func (t businessTable) sorting(field string) (aria, path string) {
	largestFirst := field != "business_name"
	up, down := field, "-"+field
	begin, turned := up, down
	if largestFirst {
		begin, turned = down, up
	}
	switch t.query.Get(sortParam) {
	case begin:
		path = t.with(sortParam, turned)
	default:
		path = t.with(sortParam, begin)
	}
	switch t.query.Get(sortParam) {
	case up:
		return "ascending", path
	case down:
		return "descending", path
	}
	return "none", path
}

// place is the address of this page without its path: what forms carry that lead back to it.
func (t businessTable) place() string {
	_, query, _ := strings.Cut(t.here(), "?")
	return query
}

// tablePath is the address of the table that a form carried along with place.
func tablePath(place string) string {
	q, err := url.ParseQuery(place)
	if err != nil {
		return businessesPath
	}
	return readBusinessTable(q).here()
}

// setOf is list of the table that a form carried along with place.
func setOf(place string) string {
	q, err := url.ParseQuery(place)
	if err != nil {
		return ""
	}
	return readBusinessTable(q).list()
}

// countPath asks for the count of the table alone.
func (t businessTable) countPath() string {
	return pathWith(businessesPath+"/count", t.narrowing())
}

// exportPath is a file of everything that the table shows, on all pages.
func (d businessesData) exportPath() string {
	q := d.narrowing()
	if sort := d.query.Get(sortParam); sort != "" {
		q.Set(sortParam, sort)
	}
	return pathWith(businessesPath+"/export.csv", q)
}

// newPath adds a business where the list is.
func (t businessTable) newPath() string {
	q := url.Values{}
	if town := t.query.Get("community_id"); town != "" && !strings.ContainsAny(town, ",!") {
		q.Set("community", town)
	}
	return pathWith(businessesPath+"/new", q)
}

// inPlace lets links and forms of a part exchange the table without leaving the page. Without scripts
// they lead to the same page.
func inPlace() templ.Attributes {
	return templ.Attributes{"hx-boost": "true", "hx-target": "#businesses", "hx-select": "#businesses", "hx-swap": "outerHTML show:none"}
}

func filterValue(value string) string { return fibonacco.FilterValue(value) }
