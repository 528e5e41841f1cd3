package ui

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// contentVisits is the list of visits.
func (u *ui) contentVisits(r *http.Request, h contentHead) (templ.Component, error) {
	l := readLedger(fibonacco.ContentViewListing, learningPath(h.C.Slug), r.URL.Query())
	page, err := u.Learning.QueryViews(r.Context(), h.C.Slug, l.asked())
	if err != nil {
		return nil, err
	}
	t, err := u.towns(r.Context())
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, v := range page.Data {
		if v.SMBID != nil {
			ids = append(ids, *v.SMBID)
		}
	}
	names, err := u.names(r.Context(), ids)
	if err != nil {
		return nil, err
	}
	d := visitsData{Limited: fibonacco.ScopeOf(r.Context()) != nil}
	with := func(path string) string {
		if path == "" {
			return ""
		}
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		return path + sep + "tab=visits"
	}
	d.Next, d.Back = with(l.next(page.Next)), with(l.back())
	now := u.local(t, time.Time{})
	for _, v := range page.Data {
		row := visitRow{ContentView: v, Name: "Somebody unknown", When: moment(v.StartedAt.In(now.Location()), now), Full: fullTime(v.StartedAt.In(now.Location()))}
		if v.SMBID != nil {
			who := named(names, *v.SMBID, t)
			row.Name, row.Path, row.Town = who.Text, who.Link, who.Sub
		}
		for n := 1; v.ContentVersion == h.C.Version && n <= len(h.C.Slides); n++ {
			row.Dots = append(row.Dots, slices.Contains(v.SlidesViewed, n))
		}
		d.Rows = append(d.Rows, row)
	}
	return contentVisitsView(h, d), nil
}

type visitsData struct {
	Rows       []visitRow
	Next, Back string
	Limited    bool
}

type visitRow struct {
	fibonacco.ContentView
	Name, Path, Town string
	When, Full       string
	Dots             []bool // which slides were seen; nil of another version
}

// Time is how long a visit took.
func (v visitRow) Time() string {
	if v.TimeOnPageSeconds == nil {
		return "not told"
	}
	return duration(time.Duration(*v.TimeOnPageSeconds) * time.Second)
}
