package ui

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/fibonacco/fibonacco"
)

type foundGroup struct {
	Name  string
	Items []foundItem
}

type foundItem struct{ Path, Icon, Text, Note string }

const foundMost = 6 // of each kind

// find answers the search dialog with a list, and everybody else with a page.
func (u *ui) find(w http.ResponseWriter, r *http.Request) error {
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	fr := u.frame(r, "Search", "")
	groups, err := u.findAll(r, fr, query)
	if err != nil {
		return err
	}
	if r.Header.Get("HX-Request") == "true" {
		u.show(w, r, http.StatusOK, foundList(query, groups))
		return nil
	}
	u.show(w, r, http.StatusOK, findPage(fr, query, groups))
	return nil
}

func (u *ui) findAll(r *http.Request, fr frame, query string) ([]foundGroup, error) {
	var businesses, campaigns, pages foundGroup
	businesses.Name, campaigns.Name, pages.Name = "Businesses", "Campaigns", "Pages"
	holds := func(text string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(query)) }
	reachable := append(fr.all(), navItem{"/segments", "Saved views", "store"}, navItem{"/communities", "Communities", "store"})
	if fr.may(fibonacco.Operator) {
		reachable = append(reachable, navItem{"/businesses/import", "Import a file", "plus"}, navItem{"/businesses/new", "Add a business", "plus"})
	}
	for _, item := range reachable {
		if holds(item.Name) {
			pages.Items = append(pages.Items, foundItem{item.Path, item.Icon, item.Name, ""})
		}
	}
	if query != "" {
		found, _, err := u.Directory.ListSMBs(r.Context(), fibonacco.SMBFilter{Search: query}, 0, foundMost)
		if err != nil {
			return nil, fmt.Errorf("find businesses: %w", err)
		}
		towns, err := u.towns(r.Context())
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			businesses.Items = append(businesses.Items, foundItem{businessPath(s.ID), "store", s.BusinessName, towns.name(s.CommunityID)})
		}
		all, err := u.Campaigns.ListCampaigns(r.Context(), "", 0)
		if err != nil {
			return nil, fmt.Errorf("find campaigns: %w", err)
		}
		for _, c := range all {
			if len(campaigns.Items) < foundMost && holds(c.ID+" "+c.Title) {
				campaigns.Items = append(campaigns.Items, foundItem{campaignPath(c.ID), "cal", c.ID + " " + c.Title, weekNote(c)})
			}
		}
	}
	var groups []foundGroup
	for _, g := range []foundGroup{businesses, campaigns, pages} {
		if len(g.Items) > 0 {
			groups = append(groups, g)
		}
	}
	return groups, nil
}

func weekNote(c fibonacco.Campaign) string {
	if c.Week == 0 {
		return "outside the programme"
	}
	return fmt.Sprint("week ", c.Week)
}
