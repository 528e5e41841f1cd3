package ui

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// mountProgramme adds the calendar, the page of each campaign with everything that can be done to it,
// a new campaign, and bringing a library in.
func (u *ui) mountProgramme(page func(pattern string, h handler)) {
	page("GET /programme", u.programme)
	page("POST /programme/holidays", u.setDayOff)
	page("GET /programme/new", u.newCampaign)
	page("POST /programme/new", u.createCampaign)
	page("GET /programme/import", u.libraryForm)
	page("POST /programme/import", u.importLibrary)
	page("GET /programme/{id}", u.campaign)
	page("POST /programme/{id}", u.saveCampaign)
	page("GET /programme/{id}/mail", u.campaignMail)
	page("POST /programme/{id}/draft", u.draftMail)
	page("POST /programme/{id}/lint", u.lintDraft)
	page("POST /programme/{id}/active", u.activateCampaign)
	page("POST /programme/{id}/restore", u.restoreCampaign)
	page("POST /programme/{id}/subject", u.chooseSubject)
	page("POST /programme/{id}/test-send", u.testSend)
}

// programmeData is the library as a calendar: weeks down, the days of a week across, and below it what
// lies outside of the programme.
type programmeData struct {
	programmeQuery
	Columns []calendarColumn
	Weeks   []calendarWeek
	Outside []calendarStep
	Count   int // of the programme, whatever is filtered
	Shown   int
	Today   int     // businesses that are on a step of the calendar today
	Top     float64 // percent that a full bar stands for
	Menus   []filterMenu
	Metrics []choice
	Checked int // campaigns that somebody should look at; -1 when nobody asked
	DaysOff daysOff
	May     bool // write campaigns
}

// programmeQuery is what the address asks for.
type programmeQuery struct {
	Type, Service, Show string
	Check               bool
	Town                string // whose days off
}

type calendarColumn struct {
	Day  int // of the week, from 1
	Type fibonacco.CampaignType
}

type calendarWeek struct {
	N     int
	Cells [][]calendarStep // by column
}

// calendarStep is one campaign with its figures.
type calendarStep struct {
	fibonacco.Campaign
	Figures  fibonacco.CampaignFigures
	Rate     float64 // of what is shown, percent
	Findings int
}

func readProgrammeQuery(q url.Values) programmeQuery {
	p := programmeQuery{Type: q.Get("type"), Service: q.Get("service"), Show: q.Get("show"), Check: q.Get("check") == "1", Town: q.Get("town")}
	if _, known := metricWords[p.Show]; !known {
		p.Show = "opened"
	}
	return p
}

// metricWords are the figures that bars may show.
var metricWords = map[string]string{"opened": "Opened", "clicked": "Clicked", "approved": "Approved"}

// with is the address of the calendar with one thing changed.
func (p programmeQuery) with(name, value string) string {
	q := url.Values{}
	for k, v := range map[string]string{"type": p.Type, "service": p.Service, "show": p.Show, "town": p.Town} {
		if v != "" && (k != "show" || v != "opened") {
			q.Set(k, v)
		}
	}
	if p.Check {
		q.Set("check", "1")
	}
	q.Del(name)
	if value != "" {
		q.Set(name, value)
	}
	return pathWith("/programme", q)
}

func (p programmeQuery) filtered() bool { return p.Type != "" || p.Service != "" }

func (p programmeQuery) shows(c fibonacco.Campaign) bool {
	return (p.Type == "" || string(c.Type) == p.Type) &&
		(p.Service == "" || p.Service == c.ServiceType || p.Service == "none" && c.ServiceType == "")
}

func (u *ui) programme(w http.ResponseWriter, r *http.Request) error {
	all, err := u.Campaigns.ListCampaigns(r.Context(), "", 0)
	if err != nil {
		return fmt.Errorf("list campaigns: %w", err)
	}
	figures, err := u.figuresOf(r.Context())
	if err != nil {
		return err
	}
	d := programmeData{programmeQuery: readProgrammeQuery(r.URL.Query()), Checked: -1}
	var steps []calendarStep
	for _, c := range all {
		s := calendarStep{Campaign: c, Figures: figures[c.ID]}
		s.Rate = rate(map[string]int{"opened": s.Figures.Opened, "clicked": s.Figures.Clicked, "approved": s.Figures.Approved}[d.Show], s.Figures.Sent)
		if d.Check && u.Editor != nil {
			s.Findings = len(u.Editor.LintCampaign(draftOf(c)))
		}
		steps = append(steps, s)
	}
	d.arrange(steps)
	d.Menus, d.Metrics = d.menus(all, u.serviceName), d.metrics()
	if d.DaysOff, err = u.daysOff(r.Context(), d.Town); err != nil {
		return err
	}
	fr := u.frame(r, "Programme", "/programme")
	fr.Toast.Text = map[string]string{"dayoff": "No programme mail goes that day.", "dayon": "Mail goes that day again."}[r.URL.Query().Get("done")]
	d.May = mayWrite(r.Context(), fr)
	u.show(w, r, http.StatusOK, programmePage(fr, d))
	return nil
}

// mayWrite reports whether the visitor may write campaigns: they are the same for all communities, so it
// takes somebody who sees all.
func mayWrite(ctx context.Context, fr frame) bool {
	return fr.may(fibonacco.Manager) && fibonacco.ScopeOf(ctx) == nil
}

func (u *ui) figuresOf(ctx context.Context) (map[string]fibonacco.CampaignFigures, error) {
	byID := map[string]fibonacco.CampaignFigures{}
	if u.Reporter == nil {
		return byID, nil
	}
	all, err := u.Reporter.ListCampaignFigures(ctx)
	if err != nil {
		return nil, fmt.Errorf("figures of the campaigns: %w", err)
	}
	for _, f := range all {
		byID[f.CampaignID] = f
	}
	return byID, nil
}

// arrange puts campaigns into the weeks and days of the calendar, as far as the filters let them.
func (d *programmeData) arrange(steps []calendarStep) {
	weeks, columns := map[int]map[int][]calendarStep{}, map[int]map[fibonacco.CampaignType]int{}
	if d.Check {
		d.Checked = 0
	}
	for _, s := range steps {
		if s.Findings > 0 {
			d.Checked++
		}
		if s.Day >= 1 {
			d.Count++
			d.Today += s.Figures.Today
			day := (s.Day-1)%7 + 1
			if columns[day] == nil {
				columns[day] = map[fibonacco.CampaignType]int{}
			}
			columns[day][s.Type]++
		}
		if !d.shows(s.Campaign) {
			continue
		}
		d.Shown++
		if s.Day < 1 {
			d.Outside = append(d.Outside, s)
			continue
		}
		d.Top = max(d.Top, s.Rate)
		week, day := (s.Day-1)/7+1, (s.Day-1)%7+1
		if weeks[week] == nil {
			weeks[week] = map[int][]calendarStep{}
		}
		weeks[week][day] = append(weeks[week][day], s)
	}
	d.Top = math.Ceil(d.Top/10) * 10
	for day, types := range columns {
		d.Columns = append(d.Columns, calendarColumn{day, commonest(types)})
	}
	slices.SortFunc(d.Columns, func(a, b calendarColumn) int { return cmp.Compare(a.Day, b.Day) })
	for n, days := range weeks {
		week := calendarWeek{N: n}
		for _, c := range d.Columns {
			cell := days[c.Day]
			slices.SortFunc(cell, func(a, b calendarStep) int { return cmp.Or(-cmpBool(a.IsActive, b.IsActive), cmp.Compare(a.ID, b.ID)) })
			week.Cells = append(week.Cells, cell)
		}
		d.Weeks = append(d.Weeks, week)
	}
	slices.SortFunc(d.Weeks, func(a, b calendarWeek) int { return cmp.Compare(a.N, b.N) })
}

func cmpBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// commonest is the type that most campaigns of a weekday have.
func commonest(types map[fibonacco.CampaignType]int) (most fibonacco.CampaignType) {
	for t, n := range types {
		if n > types[most] || n == types[most] && t < most {
			most = t
		}
	}
	return most
}

func (p programmeQuery) menus(all []fibonacco.Campaign, word func(string) string) []filterMenu {
	var types, services [][2]string
	seen := map[string]bool{}
	for _, c := range all {
		if !seen["type "+string(c.Type)] {
			seen["type "+string(c.Type)] = true
			types = append(types, [2]string{string(c.Type), typeWord(c.Type)})
		}
		if c.ServiceType != "" && !seen[c.ServiceType] {
			seen[c.ServiceType] = true
			services = append(services, [2]string{c.ServiceType, word(c.ServiceType)})
		}
	}
	slices.SortFunc(services, func(a, b [2]string) int { return strings.Compare(a[1], b[1]) })
	if len(services) > 0 {
		services = append(services, [2]string{"none", "None: it teaches only"})
	}
	one := func(name, field, value string, values [][2]string) filterMenu {
		m := filterMenu{Name: name, Chosen: "", Clear: p.with(field, "")}
		for _, v := range values {
			on := v[0] == value
			if on {
				m.Chosen = v[1]
			}
			m.Choices = append(m.Choices, choice{v[1], p.with(field, v[0]), on})
		}
		return m
	}
	return []filterMenu{one("Type", "type", p.Type, types), one("Service", "service", p.Service, services)}
}

func (p programmeQuery) metrics() (all []choice) {
	for _, m := range []string{"opened", "clicked", "approved"} {
		value := m
		if m == "opened" {
			value = ""
		}
		all = append(all, choice{metricWords[m], p.with("show", value), m == p.Show})
	}
	return all
}

// Bar is how full a step's bar is, of 100.
func (d programmeData) Bar(s calendarStep) string {
	if d.Top == 0 {
		return "0"
	}
	return f(100 * s.Rate / d.Top)
}

// Label is everything that a step's cell says, for those who do not see it.
func (s calendarStep) Label() string {
	parts := []string{fmt.Sprintf("%s %s, %s", s.ID, s.Title, placeInProgramme(s.Campaign))}
	if !s.IsActive {
		parts = append(parts, "off")
	}
	if s.Figures.Sent == 0 {
		parts = append(parts, "no mail sent yet")
	} else {
		parts = append(parts, fmt.Sprintf("%s sent, %s opened, %s clicked, %s said yes", number(s.Figures.Sent),
			percent(rate(s.Figures.Opened, s.Figures.Sent)), percent(rate(s.Figures.Clicked, s.Figures.Sent)), number(s.Figures.Approved)))
	}
	if s.Figures.Today > 0 {
		parts = append(parts, plural(s.Figures.Today, "business is", "businesses are")+" on this day today")
	}
	if s.Figures.Testing {
		parts = append(parts, "subjects under test")
	}
	if s.Findings > 0 {
		parts = append(parts, plural(s.Findings, "thing", "things")+" to look at")
	}
	return strings.Join(parts, "; ")
}

// placeInProgramme is "day 29, week 5".
func placeInProgramme(c fibonacco.Campaign) string {
	if c.Day == 0 {
		return "outside the 90 days"
	}
	return fmt.Sprintf("day %d, week %d", c.Day, (c.Day-1)/7+1)
}

// learnPath is the campaign's learning page; "" when it has none.
func learnPath(c fibonacco.Campaign) string {
	if slug := cmp.Or(c.LandingPageSlug, c.Slug); slug != "" {
		return "/learn/" + slug
	}
	return ""
}

// typeWord says a type in words.
func typeWord(t fibonacco.CampaignType) string {
	if w, ok := map[fibonacco.CampaignType]string{
		fibonacco.Hook: "HOOK: an offer", fibonacco.Edu: "EDU: an idea", fibonacco.HowTo: "HOWTO: a ten-minute job",
		fibonacco.Conv: "CONV: a conversation", fibonacco.Intro: "INTRO: a greeting",
	}[t]; ok {
		return w
	}
	return string(t)
}
