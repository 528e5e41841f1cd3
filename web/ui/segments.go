package ui

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/fibonacco/fibonacco"
)

// mountSegments adds the saved views: their page, and what becomes of them.
func (u *ui) mountSegments(page func(pattern string, h handler)) {
	page("GET /segments", u.segmentsPage)
	page("POST /segments", u.saveSegment)
	page("POST /segments/{uuid}", u.changeSegment)
	page("POST /segments/{uuid}/delete", u.deleteSegment)
}

const (
	segmentsPath  = "/segments"
	segmentsMost  = 200 // that are known by name
	viewTabsMost  = 6
	viewsPatience = 40 * time.Millisecond // real time, for the counts of all tabs together
)

// viewTab is a saved view over the table.
type viewTab struct {
	Name, Path string
	On         bool
	Count      int
	Counted    bool
	CountPath  string // asks for the count that was not waited for
}

// segments are the saved views that a visitor knows, by name.
func (u *ui) segments(ctx context.Context) ([]fibonacco.Segment, error) {
	if u.Segments == nil {
		return nil, nil
	}
	page, err := u.Segments.ListSegments(ctx, fibonacco.ListQuery{Size: segmentsMost}, false)
	if err != nil {
		return nil, fmt.Errorf("list saved views: %w", err)
	}
	return page.Data, nil
}

// views puts the saved views over the table: the first few, and the one that is open.
func (u *ui) views(ctx context.Context, d *businessesData) error {
	all := d.known.segments
	for i, s := range all {
		if s.UUID == d.view {
			d.View, d.Altered = &all[i], tableOf(s).list() != d.list()
		}
	}
	d.Views = []viewTab{{Name: "Everyone", Path: businessesPath, On: d.View == nil && !d.filtered(), Count: d.All, Counted: true}}
	var shown []fibonacco.Segment
	for i, s := range all {
		if i < viewTabsMost || d.View != nil && s.UUID == d.View.UUID {
			shown = append(shown, s)
		}
	}
	d.MoreViews = len(all) - len(shown)
	tables := make([]businessTable, len(shown))
	for i, s := range shown {
		tables[i] = tableOf(s)
		u.begin(ctx, tables[i])
	}
	until := fibonacco.RealTime().Add(viewsPatience)
	for i, s := range shown {
		n, ready, err := u.tally(ctx, tables[i], until.Sub(fibonacco.RealTime()))
		if err != nil && fibonacco.CodeOf(err) != fibonacco.Invalid { // one that the listing no longer knows has no count
			return fmt.Errorf("count saved view %d: %w", s.ID, err)
		}
		d.Views = append(d.Views, viewTab{
			Name: s.Name, Path: tables[i].here(), On: d.View != nil && s.UUID == d.View.UUID, Count: n, Counted: ready && err == nil, CountPath: tables[i].countPath(),
		})
	}
	return nil
}

// segmentForm is a view about to be saved, with what is wrong with it.
type segmentForm struct {
	Name, Description string
	Community         string // id, "" for all
	List              string // the filter, as an address has it
	Wrong             []fibonacco.FieldError
	Error             string
}

// take keeps what the form can say about an error; false for any other.
func (f *segmentForm) take(err error) bool {
	var known *fibonacco.Error
	if !errors.As(err, &known) || known.Code != fibonacco.Invalid && known.Code != fibonacco.Conflict {
		return false
	}
	f.Wrong, f.Error = inWordsOfFilters(known.Fields), capital(known.Message)+"."
	return true
}

// readSegmentForm takes a form; the address may hold it too, so that a deletion can be taken back.
func readSegmentForm(w http.ResponseWriter, r *http.Request) (segmentForm, fibonacco.Segment) {
	r.Body = http.MaxBytesReader(w, r.Body, formMost)
	f := segmentForm{Name: r.FormValue("name"), Description: r.FormValue("description"), Community: r.FormValue("community"), List: r.FormValue("list")}
	s := fibonacco.Segment{Name: f.Name, Description: f.Description}
	if q, err := url.ParseQuery(f.List); err == nil {
		narrowed := readBusinessTable(q).filter()
		s.Filter, s.Search = narrowed.Where, narrowed.Search
	}
	if id, err := strconv.ParseInt(f.Community, 10, 64); err == nil {
		s.CommunityID = &id
	}
	return f, s
}

func (u *ui) saveSegment(w http.ResponseWriter, r *http.Request) error {
	form, s := readSegmentForm(w, r)
	saved, err := u.Segments.CreateSegment(r.Context(), s)
	if err != nil {
		if form.take(err) {
			return u.showSegments(w, r, http.StatusUnprocessableEntity, form)
		}
		return err
	}
	http.Redirect(w, r, tableOf(*saved).withView(tableOf(*saved).here(), "done", "saved"), http.StatusSeeOther) //nolint:gosec // a path of ours, with a query of ours
	return nil
}

// changeSegment gives a view another name, or the filter of a table. What a form does not name stays.
func (u *ui) changeSegment(w http.ResponseWriter, r *http.Request) error {
	form, s := readSegmentForm(w, r)
	was, err := u.Segments.FindSegment(r.Context(), r.PathValue("uuid"))
	if err != nil {
		return err
	}
	filtered := r.Form.Has("list")
	if !filtered {
		s.Filter, s.Search = was.Filter, was.Search
	}
	if !r.Form.Has("name") {
		s.Name, s.Description = was.Name, was.Description
	}
	saved, err := u.Segments.UpdateSegment(r.Context(), was.UUID, s)
	if err != nil {
		if form.take(err) {
			return u.showSegments(w, r, http.StatusUnprocessableEntity, segmentForm{Error: form.Error, Wrong: form.Wrong})
		}
		return err
	}
	if filtered {
		http.Redirect(w, r, tableOf(*saved).withView(tableOf(*saved).here(), "done", "changed"), http.StatusSeeOther) //nolint:gosec // a path of ours, with a query of ours
		return nil
	}
	return u.redone(w, r, segmentsPath, "changed", nil)
}

// deleteSegment forgets a view. The way back is to save the same again.
func (u *ui) deleteSegment(w http.ResponseWriter, r *http.Request) error {
	s, err := u.Segments.FindSegment(r.Context(), r.PathValue("uuid"))
	if err != nil {
		return err
	}
	if err := u.Segments.DeleteSegment(r.Context(), s.UUID); err != nil {
		return err
	}
	q := url.Values{"gone": {s.Name}, "description": {s.Description}, "list": {tableOf(*s).list()}}
	if s.CommunityID != nil {
		q.Set("community", strconv.FormatInt(*s.CommunityID, 10))
	}
	http.Redirect(w, r, segmentsPath+"?"+q.Encode(), http.StatusSeeOther)
	return nil
}

// segmentRow is a saved view on its page.
type segmentRow struct {
	fibonacco.Segment
	Rule, For       string
	Path, CountPath string
	Changed         string
}

type segmentsData struct {
	Form  segmentForm
	Rows  []segmentRow
	Towns []fibonacco.CommunityCount
	All   bool // whoever looks sees every community
}

func (u *ui) segmentsPage(w http.ResponseWriter, r *http.Request) error {
	return u.showSegments(w, r, http.StatusOK, segmentForm{})
}

func (u *ui) showSegments(w http.ResponseWriter, r *http.Request, status int, form segmentForm) error {
	ctx := r.Context()
	t, err := u.towns(ctx)
	if err != nil {
		return err
	}
	all, err := u.segments(ctx)
	if err != nil {
		return err
	}
	d := segmentsData{Form: form, Towns: t.all, All: fibonacco.ScopeOf(ctx) == nil}
	known, now := knownNames{towns: t, segments: all, services: u.Services}, u.local(t, time.Time{})
	for _, s := range all {
		table := tableOf(s)
		row := segmentRow{Segment: s, Rule: table.rule(known, now), Path: table.here(), CountPath: table.countPath(), Changed: moment(s.UpdatedAt.In(now.Location()), now)}
		row.For = "Everybody who sees all communities"
		if s.CommunityID != nil {
			row.For = "Everybody who sees " + t.name(*s.CommunityID)
		}
		d.Rows = append(d.Rows, row)
	}
	fr := u.frame(r, "Saved views", businessesPath)
	q := r.URL.Query()
	switch {
	case r.Method != http.MethodGet:
	case q.Get("done") == "changed":
		fr.Toast.Text = "View changed."
	case q.Get("gone") != "":
		undo := url.Values{"name": {q.Get("gone")}, "description": {q.Get("description")}, "list": {q.Get("list")}, "community": {q.Get("community")}}
		fr.Toast = toast{Text: "Deleted the view " + q.Get("gone") + ". Its businesses stay.", Undo: segmentsPath + "?" + undo.Encode()}
	}
	u.show(w, r, status, segmentListPage(fr, d))
	return nil
}
