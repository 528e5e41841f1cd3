package ui

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// programmeData is the library: weeks of the programme, and what lies outside it.
type programmeData struct {
	Weeks   []campaignWeek
	Outside []fibonacco.Campaign
	Count   int // of the programme
}

type campaignWeek struct {
	N         int
	Campaigns []fibonacco.Campaign // by day
}

func (u *ui) programme(w http.ResponseWriter, r *http.Request) error {
	all, err := u.Campaigns.ListCampaigns(r.Context(), "", 0)
	if err != nil {
		return fmt.Errorf("list campaigns: %w", err)
	}
	u.show(w, r, http.StatusOK, programmePage(u.frame(r, "Programme", "/programme"), arrange(all)))
	return nil
}

// arrange puts campaigns into their weeks.
func arrange(all []fibonacco.Campaign) programmeData {
	var d programmeData
	byWeek := map[int]*campaignWeek{}
	for _, c := range all {
		if c.Day < 1 || c.Week < 1 {
			d.Outside = append(d.Outside, c)
			continue
		}
		d.Count++
		if byWeek[c.Week] == nil {
			byWeek[c.Week] = &campaignWeek{N: c.Week}
		}
		byWeek[c.Week].Campaigns = append(byWeek[c.Week].Campaigns, c)
	}
	for _, week := range byWeek {
		slices.SortFunc(week.Campaigns, func(a, b fibonacco.Campaign) int { return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.ID, b.ID)) })
		d.Weeks = append(d.Weeks, *week)
	}
	slices.SortFunc(d.Weeks, func(a, b campaignWeek) int { return cmp.Compare(a.N, b.N) })
	return d
}

func (u *ui) campaign(w http.ResponseWriter, r *http.Request) error {
	all, err := u.Campaigns.ListCampaigns(r.Context(), "", 0)
	if err != nil {
		return fmt.Errorf("list campaigns: %w", err)
	}
	i := slices.IndexFunc(all, func(c fibonacco.Campaign) bool { return c.ID == r.PathValue("id") })
	if i < 0 {
		return fibonacco.Errorf(fibonacco.NotFound, "There is no campaign with this name.")
	}
	u.show(w, r, http.StatusOK, campaignPage(u.frame(r, all[i].ID, "/programme"), all[i]))
	return nil
}

// placeInProgramme is "day 29, week 5".
func placeInProgramme(c fibonacco.Campaign) string {
	if c.Day == 0 {
		return "outside the 90 days"
	}
	return fmt.Sprintf("day %d, week %d", c.Day, c.Week)
}

// learnPath is the campaign's learning page; "" when it has none.
func learnPath(c fibonacco.Campaign) string {
	if slug := cmp.Or(c.LandingPageSlug, c.Slug); slug != "" {
		return "/learn/" + slug
	}
	return ""
}

func service(c fibonacco.Campaign) string {
	if c.ServiceType == "" {
		return "None: this step teaches and sells nothing"
	}
	return capital(strings.ReplaceAll(c.ServiceType, "_", " "))
}

// version is the beginning of the content hash.
func version(c fibonacco.Campaign) string { return c.EmailTemplateID[:min(len(c.EmailTemplateID), 12)] }
