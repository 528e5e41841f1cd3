package ui

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"github.com/fibonacco/fibonacco"
)

// towns are the communities by id, in the order of their names.
type towns struct {
	all  []fibonacco.CommunityCount
	byID map[int64]*fibonacco.CommunityCount
}

func (u *ui) towns(ctx context.Context) (towns, error) {
	all, err := u.Communities.ListCommunities(ctx)
	if err != nil {
		return towns{}, fmt.Errorf("list communities: %w", err)
	}
	t := towns{all: all, byID: make(map[int64]*fibonacco.CommunityCount, len(all))}
	for i := range all {
		t.byID[all[i].ID] = &all[i]
	}
	return t, nil
}

func (t towns) name(id int64) string {
	if c := t.byID[id]; c != nil {
		return c.Name
	}
	return "Unknown community"
}

func (t towns) zone(id int64) string {
	if c := t.byID[id]; c != nil {
		return c.Timezone
	}
	return fibonacco.DefaultTimezone
}

// home is the time zone of the largest community: the one that is meant where no business is.
func (t towns) home() string {
	home, largest := fibonacco.DefaultTimezone, -1
	for _, c := range t.all {
		if c.SMBs > largest {
			home, largest = c.Timezone, c.SMBs
		}
	}
	return home
}

func businessPath(id int64) string { return "/businesses/" + strconv.FormatInt(id, 10) }

func campaignPath(id string) string { return "/programme/" + url.PathEscape(id) }

// idOf reads an id out of an address. What is not a number is no business, mail or whatever.
func idOf(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, fibonacco.Errorf(fibonacco.NotFound, "There is nothing with this number.")
	}
	return id, nil
}
