package ui

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

const ledgerPerPage = 50

// ledger is a list over one of the root's Listings, as its address asks for it: filters, search,
// order and place live in the URL, and what the listing does not know is refused there. Sends,
// voicemails, approvals, people and the audit log are shown by it.
type ledger struct {
	of    fibonacco.Listing
	path  string
	query url.Values
}

// names of the URL's parameters that are no filter.
const (
	afterParam = "after"
	trailParam = "trail"
	sortParam  = "sort"
	findParam  = "q"
)

// readLedger takes of a URL what the listing knows. A filter with a value that does not fit makes
// the list itself say so.
func readLedger(of fibonacco.Listing, path string, q url.Values) ledger {
	l := ledger{of: of, path: path, query: url.Values{}}
	for _, f := range of.Fields {
		if v := strings.TrimSpace(q.Get(f.Name)); v != "" && f.Filter {
			l.query.Set(f.Name, v)
		}
	}
	for _, name := range []string{afterParam, trailParam, sortParam} {
		if v := q.Get(name); v != "" {
			l.query.Set(name, v)
		}
	}
	if v := strings.TrimSpace(q.Get(findParam)); v != "" && of.Search {
		l.query.Set(findParam, v)
	}
	return l
}

// asked is the question to the list.
func (l ledger) asked() fibonacco.ListQuery {
	q := fibonacco.ListQuery{Filter: fibonacco.Filter{}, Search: l.query.Get(findParam), Cursor: l.query.Get(afterParam), Size: ledgerPerPage}
	for _, f := range l.of.Fields {
		if v := l.query.Get(f.Name); v != "" {
			q.Filter[f.Name] = v
		}
	}
	if sort := l.query.Get(sortParam); sort != "" {
		q.Sort = []string{sort}
	}
	return q
}

// with is the address of the same list with one parameter changed, on its first page.
func (l ledger) with(name, value string) string {
	q := url.Values{}
	for k, v := range l.query {
		if k != afterParam && k != trailParam {
			q[k] = v
		}
	}
	q.Del(name)
	if value != "" {
		q.Set(name, value)
	}
	return pathWith(l.path, q)
}

func pathWith(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// filtered reports whether anything narrows the list.
func (l ledger) filtered() bool {
	for name := range l.query {
		if name != afterParam && name != trailParam && name != sortParam {
			return true
		}
	}
	return false
}

// trailDots is how many pages the way back remembers; a cursor is some sixty characters.
const trailDots = 20

func (l ledger) next(cursor string) string {
	if cursor == "" {
		return ""
	}
	trail := append(strings.Split(l.query.Get(trailParam), "."), l.query.Get(afterParam))
	trail = slices.DeleteFunc(trail, func(s string) bool { return s == "" })
	if len(trail) > trailDots {
		trail = trail[len(trail)-trailDots:]
	}
	return l.at(cursor, trail)
}

// back is the address of the page before; "" on the first.
func (l ledger) back() string {
	if l.query.Get(afterParam) == "" {
		return ""
	}
	trail := strings.Split(l.query.Get(trailParam), ".")
	last := trail[len(trail)-1]
	return l.at(last, trail[:len(trail)-1])
}

func (l ledger) at(cursor string, trail []string) string {
	q := url.Values{}
	for k, v := range l.query {
		if k != afterParam && k != trailParam {
			q[k] = v
		}
	}
	if cursor != "" {
		q.Set(afterParam, cursor)
	}
	if len(trail) > 0 {
		q.Set(trailParam, strings.Join(trail, "."))
	}
	return pathWith(l.path, q)
}

// menu is a filter whose values are known: those of the listing's field, in words.
func (l ledger) menu(field, name string, word func(value string) string) filterMenu {
	f, _ := l.of.Field(field)
	var values [][2]string
	for _, v := range f.Values {
		values = append(values, [2]string{v, word(v)})
	}
	return l.pick(field, name, values)
}

// towns is the filter by community; it shows only where there are several.
func (l ledger) towns(t towns) filterMenu {
	var values [][2]string
	for _, c := range t.all {
		values = append(values, [2]string{strconv.FormatInt(c.ID, 10), c.Name})
	}
	return l.pick("community_id", "Community", values)
}

func (l ledger) pick(field, name string, values [][2]string) filterMenu {
	m := filterMenu{Name: name, Clear: l.with(field, "")}
	var on []string
	if v := l.query.Get(field); v != "" {
		on = strings.Split(v, ",")
	}
	var chosen []string
	for _, v := range values {
		is := slices.Contains(on, v[0])
		if is {
			chosen = append(chosen, v[1])
		}
		m.Choices = append(m.Choices, choice{v[1], l.with(field, strings.Join(toggle(on, v[0]), ",")), is})
	}
	m.Chosen = strings.Join(chosen, ", ")
	if m.Chosen == "" && len(on) > 0 { // a range, a "not", or a value that has no name here
		m.Chosen = strings.Join(on, ",")
	}
	return m
}

// box is a filter that is typed.
type box struct{ Field, Label, Placeholder, Value string }

func (l ledger) box(field, label, placeholder string) box {
	return box{field, label, placeholder, l.query.Get(field)}
}

// campaignBox is the box of a list of what campaigns sent.
func (l ledger) campaignBox() *box {
	b := l.box("campaign_id", "Campaign", "Campaign, as HOOK-001")
	return &b
}

// hidden is what a form of one box must carry along.
func (l ledger) hidden(but string) [][2]string {
	var all [][2]string
	for name, v := range l.query {
		if name != but && name != afterParam && name != trailParam {
			all = append(all, [2]string{name, v[0]})
		}
	}
	slices.SortFunc(all, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return all
}

// ledgerPage is everything a page with such a list shows.
type ledgerData struct {
	ledger

	Title, About string
	Label        string // of the table, for those who do not see it
	Tabs         []choice
	Menus        []filterMenu
	Box          *box // nil: nothing to type
	Columns      []column
	Rows         []ledgerRow
	Next         string
	Empty        [2]string // title and text where there is nothing, and nothing narrows the list
	How          string    // what the page is for, and how it works
	Above        templ.Component
	Actions      templ.Component
	Live         string    // address of the stream behind the list; "" when it stands still
	Now          time.Time // of what is shown, where most businesses are; for a list that moves
}

// column is a head of the table.
type column struct {
	Name string
	Num  bool
	Wide bool // left out on a phone
}

// ledgerRow is one line.
type ledgerRow struct {
	Key   string // the row's anchor
	Dim   bool   // nothing came of it
	Cells []cell
}

// cell is one value with what stands under it in grey.
type cell struct {
	Text, Sub string
	Title     string // the whole of what is shortened
	Link      string
	Badge     *badge
	More      templ.Component // buttons, a fold
}

func text(s string) cell { return cell{Text: s} }

func badged(b badge) cell { return cell{Badge: &b} }

// names are those of businesses, by their ids. One that is gone, or is not the visitor's to see, has
// none.
func (u *ui) names(ctx context.Context, ids []int64) (map[int64]fibonacco.SMB, error) {
	all := make(map[int64]fibonacco.SMB, len(ids))
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) == 0 {
		return all, nil
	}
	page, _, err := u.Directory.ListSMBs(ctx, fibonacco.SMBFilter{IDs: ids}, 0, len(ids))
	if err != nil {
		return nil, fmt.Errorf("names of %d businesses: %w", len(ids), err)
	}
	for _, s := range page {
		all[s.ID] = s
	}
	return all, nil
}

// named is the cell of a business.
func named(names map[int64]fibonacco.SMB, id int64, t towns) cell {
	s, ok := names[id]
	if !ok {
		return cell{Text: fmt.Sprintf("Business %d", id), Sub: "deleted, or not yours to see"}
	}
	return cell{Text: s.BusinessName, Sub: t.name(s.CommunityID), Link: businessPath(id)}
}
