package ui

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

const businessesPerPage = 25

// listing is the list of businesses as its address asks for it: filter and place live in the URL.
type listing struct {
	Query       string
	Communities []int64
	Tiers       []int
	Statuses    []fibonacco.CampaignStatus
	After       int64   // cursor of this page; 0 is the first
	Trail       []int64 // cursors of the pages before it
}

var listedStatuses = []fibonacco.CampaignStatus{
	fibonacco.StatusPending, fibonacco.StatusActive, fibonacco.StatusPaused, fibonacco.StatusCompleted,
}

// trailMost bounds how many pages the way back remembers.
const trailMost = 40

func parseListing(q url.Values) listing {
	l := listing{Query: strings.TrimSpace(q.Get("q"))}
	for _, v := range q["community"] {
		if id, err := strconv.ParseInt(v, 10, 64); err == nil && !slices.Contains(l.Communities, id) {
			l.Communities = append(l.Communities, id)
		}
	}
	for _, v := range q["tier"] {
		if n, err := strconv.Atoi(v); err == nil && n >= 1 && n <= 4 && !slices.Contains(l.Tiers, n) {
			l.Tiers = append(l.Tiers, n)
		}
	}
	for _, v := range q["status"] {
		if s := fibonacco.CampaignStatus(v); slices.Contains(listedStatuses, s) && !slices.Contains(l.Statuses, s) {
			l.Statuses = append(l.Statuses, s)
		}
	}
	l.After, _ = strconv.ParseInt(q.Get("after"), 10, 64)
	if trail := q.Get("trail"); trail != "" {
		for v := range strings.SplitSeq(trail, ".") {
			if id, err := strconv.ParseInt(v, 10, 64); err == nil && len(l.Trail) < trailMost {
				l.Trail = append(l.Trail, id)
			}
		}
	}
	return l
}

func (l listing) filter() fibonacco.SMBFilter {
	return fibonacco.SMBFilter{
		CommunityIDs: l.Communities, EngagementTiers: l.Tiers, CampaignStatuses: l.Statuses, Search: l.Query,
	}
}

// filtered reports whether anything narrows the list.
func (l listing) filtered() bool {
	return l.Query != "" || len(l.Communities)+len(l.Tiers)+len(l.Statuses) > 0
}

// path is the address of a listing.
func (l listing) path() string {
	q := url.Values{}
	if l.Query != "" {
		q.Set("q", l.Query)
	}
	for _, id := range l.Communities {
		q.Add("community", strconv.FormatInt(id, 10))
	}
	for _, n := range l.Tiers {
		q.Add("tier", strconv.Itoa(n))
	}
	for _, s := range l.Statuses {
		q.Add("status", string(s))
	}
	if l.After != 0 {
		q.Set("after", strconv.FormatInt(l.After, 10))
	}
	if len(l.Trail) > 0 {
		parts := make([]string, len(l.Trail))
		for i, id := range l.Trail {
			parts[i] = strconv.FormatInt(id, 10)
		}
		q.Set("trail", strings.Join(parts, "."))
	}
	if len(q) == 0 {
		return "/businesses"
	}
	return "/businesses?" + q.Encode()
}

// first is the listing on its first page.
func (l listing) first() listing {
	l.After, l.Trail = 0, nil
	return l
}

func (l listing) next(cursor int64) listing {
	l.Trail = append(slices.Clone(l.Trail), l.After)
	if len(l.Trail) > trailMost {
		l.Trail = l.Trail[1:]
	}
	l.After = cursor
	return l
}

func (l listing) back() listing {
	if len(l.Trail) == 0 {
		return l.first()
	}
	l.After, l.Trail = l.Trail[len(l.Trail)-1], l.Trail[:len(l.Trail)-1]
	return l
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

func (l listing) menus(t towns) []filterMenu {
	l = l.first()
	community, tier, status := filterMenu{Name: "Community"}, filterMenu{Name: "Tier"}, filterMenu{Name: "Status"}
	for _, c := range t.all {
		to := l
		to.Communities = toggle(l.Communities, c.ID)
		community.Choices = append(community.Choices, choice{c.Name, to.path(), slices.Contains(l.Communities, c.ID)})
	}
	for n := 1; n <= 4; n++ {
		to := l
		to.Tiers = toggle(l.Tiers, n)
		tier.Choices = append(tier.Choices, choice{tierName(n), to.path(), slices.Contains(l.Tiers, n)})
	}
	for _, s := range listedStatuses {
		to := l
		to.Statuses = toggle(l.Statuses, s)
		status.Choices = append(status.Choices, choice{programmeBadge(s).Text, to.path(), slices.Contains(l.Statuses, s)})
	}
	without := func(change func(*listing)) string {
		to := l
		change(&to)
		return to.path()
	}
	community.Clear = without(func(l *listing) { l.Communities = nil })
	tier.Clear = without(func(l *listing) { l.Tiers = nil })
	status.Clear = without(func(l *listing) { l.Statuses = nil })
	menus := []filterMenu{community, tier, status}
	for i := range menus {
		var on []string
		for _, c := range menus[i].Choices {
			if c.On {
				on = append(on, c.Text)
			}
		}
		menus[i].Chosen = strings.Join(on, ", ")
	}
	return menus
}

// businessRow is one line of the table.
type businessRow struct {
	fibonacco.SMB
	Community          string
	Weeks              []weekBar
	DayText            string
	Activity, When     string
	NextStep, NextWhen string
}

type weekBar struct{ X, Y, H, Class string }

type businessesData struct {
	listing
	Rows           []businessRow
	Menus          []filterMenu
	Total          int
	From, To       int
	Next, Back     string // addresses; "" when there is no such page
	All, Active    int
	CommunityCount int
	OnlyCommunity  string // name when the list is narrowed to just one community
}

func (u *ui) businesses(w http.ResponseWriter, r *http.Request) error {
	l := parseListing(r.URL.Query())
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	page, next, err := u.Directory.ListSMBs(r.Context(), l.filter(), l.After, businessesPerPage)
	if err != nil {
		return fmt.Errorf("list businesses: %w", err)
	}
	total, err := u.Directory.CountSMBs(r.Context(), l.filter())
	if err != nil {
		return fmt.Errorf("count businesses: %w", err)
	}
	d := businessesData{listing: l, Menus: l.menus(t), Total: total, CommunityCount: len(t.all)}
	for _, c := range t.all {
		d.All += c.SMBs
		d.Active += c.Active
	}
	if len(l.Communities) == 1 && l.Query == "" && len(l.Tiers)+len(l.Statuses) == 0 {
		d.OnlyCommunity = t.name(l.Communities[0])
	}
	now := u.Clock.Now()
	for _, s := range page {
		d.Rows = append(d.Rows, rowOf(s, t, now))
	}
	d.From = len(l.Trail)*businessesPerPage + 1
	d.To = d.From + len(page) - 1
	if next != 0 {
		d.Next = l.next(next).path()
	}
	if l.After != 0 {
		d.Back = l.back().path()
	}
	fr := u.frame(r, "Businesses", "/businesses")
	if r.URL.Query().Get("done") == "erased" {
		fr.Toast.Text = "The business is erased."
	}
	u.show(w, r, http.StatusOK, businessesPage(fr, d))
	return nil
}

func rowOf(s fibonacco.SMB, t towns, now time.Time) businessRow {
	row := businessRow{SMB: s, Community: t.name(s.CommunityID), Weeks: weekBars(s), DayText: "Not started"}
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
	return row
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
