package ui

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// mountSettings adds the pages about how the product is set up.
func (u *ui) mountSettings(page func(pattern string, h handler)) {
	page("GET /settings", u.settings)
	page("GET /settings/deliverability", u.deliverability)
	page("GET /settings/tokens", u.tokens)
	page("POST /settings/tokens/{id}/revoke", u.revokeAnyToken)
	u.mountSuppressions(page)
}

// settingsTabs are the pages of this part that the visitor may see.
func settingsTabs(fr frame, on string) []choice {
	var tabs []choice
	for _, t := range []struct {
		text, path string
		least      fibonacco.Role
	}{
		{"Settings", "/settings", fibonacco.Manager},
		{"Deliverability", "/settings/deliverability", fibonacco.Admin},
		{"Tokens", "/settings/tokens", fibonacco.Admin},
		{"Suppressions", "/settings/suppressions", fibonacco.Viewer},
	} {
		if fr.may(t.least) {
			tabs = append(tabs, choice{t.text, t.path, t.path == on})
		}
	}
	if len(tabs) == 1 {
		return nil
	}
	return tabs
}

// settingsData is the page of all settings, narrowed by what is searched for and by source.
type settingsData struct {
	Query, Source string
	Sources       []choice
	Groups        []settingGroup
	Total, Shown  int
	Running       []runningLine
	Tabs          []choice
	Changeable    bool // whoever looks may change what the database holds
}

// settingGroup is a panel.
type settingGroup struct {
	ID, Name, About string
	Lines           []settingLine
}

// settingLine is one setting in words.
type settingLine struct {
	fibonacco.Setting
	Name   string // for people
	Change string // the page that changes it; "" when there is none
}

// runningLine is something that is changed while the product runs, and where.
type runningLine struct {
	Name, State, Link, Do string
	Badge                 badge
}

func (u *ui) settings(w http.ResponseWriter, r *http.Request) error {
	if u.Settings == nil {
		return fibonacco.Errorf(fibonacco.NotFound, "This build has no page of settings.")
	}
	list, err := u.Settings.ListSettings(r.Context())
	if err != nil {
		return err
	}
	fr := u.frame(r, "Settings", "/settings")
	fr.Toast.Text = map[string]string{"saved": "Saved. It counts on every node within seconds."}[r.URL.Query().Get("done")]
	d := settingsData{
		Query: strings.TrimSpace(r.URL.Query().Get(findParam)), Source: r.URL.Query().Get("source"), Total: len(list.Settings),
		Tabs: settingsTabs(fr, "/settings"), Changeable: fr.may(fibonacco.Admin) && u.Setup != nil,
	}
	d.Sources = settingSources(list, d.Query, d.Source)
	for _, g := range list.Groups {
		d.add(g, list)
	}
	if d.Running, err = u.running(r); err != nil {
		return err
	}
	u.show(w, r, http.StatusOK, settingsPage(fr, d))
	return nil
}

// add takes in what of a group is looked for.
func (d *settingsData) add(g fibonacco.SettingGroup, list *fibonacco.SettingList) {
	panel := settingGroup{ID: "group-" + g.Name, Name: groupName(g.Name), About: g.About}
	for _, s := range list.Settings {
		if s.Group != g.Name || d.Source != "" && string(s.Source) != d.Source || !holdsAll(s.Key+" "+settingName(s)+" "+s.About+" "+s.Variable+" "+s.Value+" "+panel.Name, d.Query) {
			continue
		}
		line := settingLine{Setting: s, Name: settingName(s)}
		if s.Storable && d.Changeable {
			line.Change = storedPage(s.Key)
		}
		panel.Lines = append(panel.Lines, line)
	}
	if len(panel.Lines) > 0 {
		d.Groups, d.Shown = append(d.Groups, panel), d.Shown+len(panel.Lines)
	}
}

// holdsAll reports whether a text holds each word of a query.
func holdsAll(text, query string) bool {
	text = strings.ToLower(strings.ReplaceAll(text, "_", " ") + " " + text)
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// settingSources are the filters by where values come from: those there are, with how many.
func settingSources(list *fibonacco.SettingList, query, on string) []choice {
	at := func(source string) string {
		q := url.Values{}
		if query != "" {
			q.Set(findParam, query)
		}
		if source != "" {
			q.Set("source", source)
		}
		return pathWith("/settings", q)
	}
	all := []choice{{"All " + number(len(list.Settings)), at(""), on == ""}}
	for _, source := range sourcesInOrder {
		n := 0
		for _, s := range list.Settings {
			if s.Source == source {
				n++
			}
		}
		if n > 0 {
			all = append(all, choice{sourceNames[source] + " " + number(n), at(string(source)), on == string(source)})
		}
	}
	return all
}

// running is what is changed while the product runs, elsewhere: this page would be the wrong place to
// look for it, and people look here.
func (u *ui) running(r *http.Request) (lines []runningLine, err error) {
	if fibonacco.ScopeOf(r.Context()) != nil {
		return nil, nil
	}
	if u.Sending != nil {
		s, err := u.Sending.SendingState(r.Context())
		if err != nil {
			return nil, fmt.Errorf("state of sending: %w", err)
		}
		l := runningLine{"Programme mail", "Mail leaves as it falls due.", "/sends", "Pause or resume", badge{"ink", "Running"}}
		if s.Paused {
			l.State, l.Badge = "Paused by "+s.By+": "+s.Reason, badge{"honey", "Paused"}
		} else if s.Warmup != nil {
			l.State = fmt.Sprintf("Warm-up day %d: %s of %s mails have left.", s.Warmup.Day, number(s.Warmup.Sent), number(s.Warmup.Volume))
		}
		lines = append(lines, l)
	}
	if u.Voicemail != nil {
		v, err := u.Voicemail.VoicemailState(r.Context())
		if err != nil {
			return nil, fmt.Errorf("state of voicemail: %w", err)
		}
		l := runningLine{"Voicemail", "Drops leave within everybody’s permitted hours.", "/voicemail", "Pause or resume", badge{"ink", "Running"}}
		if v.Paused {
			l.State, l.Badge = "Paused by "+v.By+": "+v.Reason, badge{"honey", "Paused"}
		}
		lines = append(lines, l)
	}
	if u.ClockControl != nil {
		lines = append(lines, runningLine{"Clock", "A virtual one: its speed is set on the overview.", "/overview", "Change the speed", badge{"honey", "Virtual"}})
	}
	return lines, nil
}

// deliverability is what the doctor finds, as a page. A look asks strangers and takes seconds: the
// page is there at once, and its part follows.
func (u *ui) deliverability(w http.ResponseWriter, r *http.Request) error {
	fr := u.frame(r, "Deliverability", "/settings")
	if u.Deliverability == nil || fibonacco.ScopeOf(r.Context()) != nil {
		return fibonacco.Errorf(fibonacco.NotFound, "Sending is one for all communities, and you are limited to some.")
	}
	part := r.Header.Get("HX-Request") == "true"
	var report *fibonacco.DeliverabilityReport
	if part || r.URL.Query().Has("look") {
		var err error
		if report, err = u.Deliverability.Deliverability(r.Context()); err != nil {
			return err
		}
	}
	if part {
		u.show(w, r, http.StatusOK, reportPart(report))
		return nil
	}
	u.show(w, r, http.StatusOK, deliverabilityPage(fr, settingsTabs(fr, "/settings/deliverability"), report))
	return nil
}

// worst sorts findings so that what needs somebody comes first.
func worst(findings []fibonacco.DeliverabilityFinding) []fibonacco.DeliverabilityFinding {
	order := map[string]int{"failed": 0, "warning": 1, "ok": 2}
	sorted := slices.Clone(findings)
	slices.SortStableFunc(sorted, func(a, b fibonacco.DeliverabilityFinding) int { return order[a.State] - order[b.State] })
	return sorted
}
