package ui

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// mountBusinesses adds the table of businesses, with what belongs to it.
func (u *ui) mountBusinesses(page func(pattern string, h handler)) {
	page("GET /businesses", u.businesses)
	page("GET /businesses/count", u.countBusinesses)
	page("GET /businesses/export.csv", u.exportBusinesses)
	page("POST /businesses/columns", u.chooseColumns)
}

func toggle[T comparable](list []T, v T) []T {
	if i := slices.Index(list, v); i >= 0 {
		return slices.Delete(slices.Clone(list), i, i+1)
	}
	return append(slices.Clone(list), v)
}

// choice is one value of a filter, with the address that turns it on or off.
type choice struct {
	Text, Path string
	On         bool
}

// filterMenu is one filter: what can be chosen, and the chip that says what is.
type filterMenu struct {
	Name    string
	Choices []choice
	Chosen  string // "Active, Paused"; "" when nothing is
	Clear   string // address without this filter
}

// businessRow is one line of the table.
type businessRow struct {
	fibonacco.SMB
	Community          string
	Weeks              []weekBar
	DayText            string
	Activity, When     string
	NextStep, NextWhen string
	NextWhy            string // why there is no next step
	Email, Voicemail   reachMark
	Added, Changed     string
}

type weekBar struct{ X, Y, H, Class string }

// reachMark is whether a channel may be used, and why not.
type reachMark struct {
	Yes bool
	Why string
}

// tableHead is a column's head: where it leads when it orders the table.
type tableHead struct {
	businessColumn
	Aria, Path string
}

// words say it for titles and screen readers.
func (m reachMark) words() string {
	if m.Yes {
		return "yes"
	}
	if m.Why == "" {
		return "no"
	}
	return "no: " + lower(m.Why)
}

type businessesData struct {
	businessTable
	known         knownNames
	Columns       []businessColumn
	Heads         []tableHead
	NameHead      tableHead
	Rows          []businessRow
	Chips         []filterChip
	Add           []filterGroup
	Orders        []choice
	Order         string
	Total         int
	Counted       bool // Total is known; otherwise the page asks for it again
	To            int
	Next, Back    string // addresses; "" when there is no such page
	All, Active   int
	OnlyCommunity string // name when the list is narrowed to just one community
	Wrong         []fibonacco.FieldError
	Took          time.Duration
	Views         []viewTab
	MoreViews     int
	View          *fibonacco.Segment // the saved view that is open; nil for none
	Altered       bool               // the filter is no longer that of View
	Now           time.Time
}

func (u *ui) businesses(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	t := readBusinessTable(q)
	if field := q.Get(setParam); field != "" {
		http.Redirect(w, r, t.set(field, q), http.StatusSeeOther) //nolint:gosec // a path of ours, with a query of ours
		return nil
	}
	d, err := u.readBusinesses(r, t)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if len(d.Wrong) > 0 && r.Header.Get("HX-Request") != "true" { // htmx shows nothing of an answer that is an error
		status = http.StatusUnprocessableEntity
	}
	fr := u.frame(r, "Businesses", businessesPath)
	fr.Toast = businessToast(q)
	u.show(w, r, status, businessesPage(fr, d))
	return nil
}

// businessToast says what has just been done, with the way back.
func businessToast(q url.Values) toast {
	switch q.Get("done") {
	case "saved":
		return toast{Text: "View saved. Its tab shows who is in it now, whenever you look."}
	case "changed":
		return toast{Text: "The view is what you see now."}
	case "erased":
		return toast{Text: "The business is erased."}
	}
	return toast{}
}

func (u *ui) readBusinesses(r *http.Request, t businessTable) (d businessesData, err error) {
	ctx := r.Context()
	d = businessesData{businessTable: t, Columns: shownColumns(r)}
	if d.known.towns, err = u.towns(ctx); err != nil {
		return d, err
	}
	d.known.services = u.Services
	if d.known.segments, err = u.segments(ctx); err != nil {
		return d, err
	}
	now := u.Clock.Now()
	d.Now = u.local(d.known.towns, now)
	for _, c := range d.known.towns.all {
		d.All += c.SMBs
		d.Active += c.Active
	}
	began := fibonacco.RealTime()
	page, err := u.Directory.QuerySMBs(ctx, t.question())
	switch wrong := fieldsOf(err); {
	case len(wrong) > 0 && fibonacco.CodeOf(err) == fibonacco.Invalid:
		d.Wrong = inWordsOfFilters(wrong)
	case err != nil:
		return d, fmt.Errorf("list businesses: %w", err)
	default:
		if d.Rows, err = u.businessRows(ctx, d, page.Data); err != nil {
			return d, err
		}
		if d.Total, d.Counted, err = u.total(ctx, t, d.known.towns); err != nil {
			return d, fmt.Errorf("count businesses: %w", err)
		}
	}
	d.Took = fibonacco.RealTime().Sub(began)
	d.To = t.from + len(d.Rows) - 1
	d.Next, d.Back = t.next(page.Next), t.back()
	d.Chips, d.Add = t.chips(d.known, r.URL.Query().Get(editParam), d.Now), t.addable(d.known)
	d.Orders, d.Order = t.orders()
	for _, c := range d.Columns {
		d.Heads = append(d.Heads, t.head(c))
	}
	d.NameHead = t.head(businessColumn{Name: "Business", Sort: "business_name"})
	if err := u.views(ctx, &d); err != nil {
		return d, err
	}
	if only := t.narrowing(); len(only) == 1 && only.Has("community_id") {
		if id, err := strconv.ParseInt(only.Get("community_id"), 10, 64); err == nil {
			d.OnlyCommunity = d.known.towns.name(id)
		}
	}
	return d, nil
}

func (t businessTable) head(c businessColumn) tableHead {
	h := tableHead{businessColumn: c}
	if c.Sort != "" {
		h.Aria, h.Path = t.sorting(c.Sort)
	}
	return h
}

// fieldsOf are the fields that an error is about.
func fieldsOf(err error) []fibonacco.FieldError {
	var e *fibonacco.Error
	if errors.As(err, &e) {
		return e.Fields
	}
	return nil
}

// inWordsOfFilters names the fields of a filter as their chips do.
func inWordsOfFilters(wrong []fibonacco.FieldError) []fibonacco.FieldError {
	all := make([]fibonacco.FieldError, len(wrong))
	for i, w := range wrong {
		name := strings.TrimSuffix(strings.TrimPrefix(w.Field, "filter["), "]")
		if f, ok := filterOf(name); ok {
			name = f.Name
		}
		all[i] = fibonacco.FieldError{Field: name, Reason: w.Reason}
	}
	return all
}

// total is how many there are on all pages; counted is false when that is not known yet. Whole
// communities are counted already.
func (u *ui) total(ctx context.Context, t businessTable, known towns) (n int, counted bool, err error) {
	if n, ok := headsOf(t.narrowing(), known); ok {
		return n, true, nil
	}
	return u.tally(ctx, t, tallyPatience)
}

// tally counts the businesses of a table.
func (u *ui) tally(ctx context.Context, t businessTable, patience time.Duration) (n int, ready bool, err error) {
	key := fmt.Sprint(fibonacco.ScopeOf(ctx)) + " " + t.list()
	return u.tallies.count(ctx, key, patience, func(ctx context.Context) (int, error) { return u.Directory.CountSMBs(ctx, t.filter()) })
}

// headsOf is the number of businesses of whole communities, when nothing else narrows.
func headsOf(q url.Values, known towns) (n int, ok bool) {
	chosen := q.Get("community_id")
	if len(q) > 1 || len(q) == 1 && chosen == "" {
		return 0, false
	}
	ids := strings.Split(chosen, ",")
	for _, c := range known.all {
		if chosen == "" || slices.Contains(ids, strconv.FormatInt(c.ID, 10)) {
			n += c.SMBs
			ids = slices.DeleteFunc(ids, func(id string) bool { return id == strconv.FormatInt(c.ID, 10) })
		}
	}
	return n, chosen == "" || len(ids) == 0
}

// begin lets the count of a table go on without waiting for it.
func (u *ui) begin(ctx context.Context, t businessTable) {
	_, _, _ = u.tally(ctx, t, 0)
}

// countBusinesses is the count of a table alone, for a page that did not want to wait for it.
func (u *ui) countBusinesses(w http.ResponseWriter, r *http.Request) error {
	t := readBusinessTable(r.URL.Query())
	n, ready, err := u.tally(r.Context(), t, tallyMost)
	if err != nil {
		return fmt.Errorf("count businesses: %w", err)
	}
	text := number(n)
	if !ready {
		text = "many"
	}
	u.show(w, r, http.StatusOK, countOnly(text))
	return nil
}

// businessRows are the lines of a page, with what surrounds each business.
func (u *ui) businessRows(ctx context.Context, d businessesData, page []fibonacco.SMB) ([]businessRow, error) {
	rows := make([]businessRow, len(page))
	now := u.Clock.Now()
	for i, s := range page {
		rows[i] = rowOf(s, d.known.towns, now)
	}
	if u.Records == nil || len(page) == 0 || !isShown(d.Columns, "reach") && !isShown(d.Columns, "next") {
		return rows, nil
	}
	records, err := u.Records.Records(ctx, page, []string{"reach", "next_step"})
	if err != nil {
		return nil, fmt.Errorf("what surrounds %d businesses: %w", len(page), err)
	}
	for i, record := range records {
		rows[i].surround(record, now.In(zone(d.known.towns.zone(page[i].CommunityID))))
	}
	return rows, nil
}

// surround takes from a record what the business alone does not say.
func (row *businessRow) surround(record fibonacco.SMBRecord, local time.Time) {
	mark := func(channel fibonacco.Channel) reachMark {
		reach, ok := record.Reach[channel]
		if !ok || reach.Allowed {
			return reachMark{Yes: reach.Allowed}
		}
		var why []string
		for _, reason := range reach.Reasons {
			why = append(why, skipWord(reason))
		}
		return reachMark{Why: strings.Join(why, ", ")}
	}
	row.Email, row.Voicemail = mark(fibonacco.ChannelEmail), mark(fibonacco.ChannelRVM)
	if step := record.NextStep; step != nil {
		row.NextStep, row.NextWhen = step.CampaignID, fmt.Sprint("day ", step.ProgrammeDay)
		if step.ScheduledFor != nil {
			row.NextWhen = moment(step.ScheduledFor.In(local.Location()), local)
		}
	}
	row.NextWhy = whyNoStep(row.CampaignStatus)
	if row.CampaignStatus == fibonacco.StatusPaused {
		row.NextWhen = "when it goes on"
	}
}

// whyNoStep is why the programme has nothing for a business.
func whyNoStep(s fibonacco.CampaignStatus) string {
	switch s {
	case fibonacco.StatusPending:
		return "not started"
	case fibonacco.StatusCompleted:
		return "programme over"
	case fibonacco.StatusPaused:
		return "paused"
	}
	return "planned in the evening"
}

func rowOf(s fibonacco.SMB, t towns, now time.Time) businessRow {
	row := businessRow{SMB: s, Community: t.name(s.CommunityID), Weeks: weekBars(s), DayText: "Not started", NextWhy: whyNoStep(s.CampaignStatus)}
	local := now.In(zone(t.zone(s.CommunityID)))
	switch {
	case s.CampaignStatus == fibonacco.StatusCompleted:
		row.DayText = "All " + fmt.Sprint(programmeDays) + " days"
	case s.ManifestDestinyDay > 0:
		row.DayText = fmt.Sprint("Day ", s.ManifestDestinyDay)
	}
	row.Activity, row.When = lastActivity(s, now)
	if s.NextScheduledSend != nil && s.NextScheduledSend.After(now) {
		row.NextStep, row.NextWhen = s.CurrentCampaignID, moment(s.NextScheduledSend.In(local.Location()), local)
	}
	row.Email, row.Voicemail = reachMark{Yes: mailable(s)}, reachMark{Yes: ringable(s)}
	if !row.Email.Yes {
		row.Email.Why = whyNoMail(s)
		if s.PrimaryEmail == "" {
			row.Email.Why = skipWord(fibonacco.NoAddress)
		}
	}
	if !row.Voicemail.Yes {
		row.Voicemail.Why = whyNoRing(s)
	}
	row.Added, row.Changed = day(s.CreatedAt.In(local.Location()), local), ago(s.UpdatedAt, now)
	return row
}

// whyNoMail is why a business with an address gets no mail.
func whyNoMail(s fibonacco.SMB) string {
	switch {
	case s.DoNotContact:
		return skipWord(fibonacco.DoNotContact)
	case !s.EmailOptedIn:
		return skipWord(fibonacco.NotOptedIn)
	}
	return skipWord(fibonacco.InvalidAddress)
}

// whyNoRing is why a business gets no voicemail.
func whyNoRing(s fibonacco.SMB) string {
	switch {
	case s.DoNotContact:
		return skipWord(fibonacco.DoNotContact)
	case s.PrimaryPhone == "":
		return skipWord(fibonacco.NoPhone)
	}
	return skipWord(fibonacco.NotOptedIn)
}

// lastActivity is what the business itself did last.
func lastActivity(s fibonacco.SMB, now time.Time) (what, when string) {
	var at time.Time
	for _, a := range []struct {
		at   *time.Time
		what string
	}{
		{s.LastEmailOpen, "Opened a mail"},
		{s.LastEmailClick, "Clicked"},
		{s.LastContentView, "Viewed a page"},
		{s.LastApproval, "Approved a service"},
	} {
		if a.at != nil && !a.at.Before(at) {
			at, what = *a.at, a.what
		}
	}
	if what == "" {
		return "", ""
	}
	return what, ago(at, now)
}

// weekBars are the thirteen weeks: those behind, the present one, those ahead.
func weekBars(s fibonacco.SMB) []weekBar {
	present := (s.ManifestDestinyDay + 6) / 7
	if s.CampaignStatus == fibonacco.StatusCompleted {
		present = 14
	}
	bars := make([]weekBar, 0, 13)
	for week := 1; week <= 13; week++ {
		b := weekBar{X: fmt.Sprint(6 * (week - 1)), Y: "3", H: "4", Class: "f-line"}
		switch {
		case week < present:
			b.Class = "f-ink3"
		case week == present:
			b.Y, b.H, b.Class = "0", "10", "f-honey"
		}
		bars = append(bars, b)
	}
	return bars
}
