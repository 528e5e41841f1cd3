package ui

import (
	"net/http"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// frame is what surrounds every page.
type frame struct {
	Title   string
	Theme   string // "light", "dark" or "" for the system's
	Who     *fibonacco.Principal
	Demo    bool
	Groups  []navGroup
	Current string // path of the page's entry in the navigation
	Toast   toast
	How     string // what the page says about itself at its foot; "" when it says it elsewhere
}

// toast is one sentence about what has just been done; zero shows none.
type toast struct {
	Text string
	Undo string // address to post to; "" when there is no way back
}

type navGroup struct {
	Name  string
	Items []navItem
}

type navItem struct{ Path, Name, Icon string }

// frame is that of a page; current is the path of its entry in the navigation.
func (u *ui) frame(r *http.Request, title, current string) frame {
	f := frame{Title: title, Who: principal(r.Context()), Demo: u.Demo != nil, Current: current, How: howItWorks[r.Pattern]}
	if c, err := r.Cookie(themeCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		f.Theme = c.Value
	}
	today := navGroup{"Today", []navItem{{"/overview", "Overview", "home"}, {"/approvals", "Approvals", "checks"}}}
	if f.may(fibonacco.Admin) && !f.Demo {
		if state, err := u.firstRun(r.Context()); err == nil && !state.Done {
			today.Items = append([]navItem{{"/setup", "Finish setting up", "gear"}}, today.Items...)
		}
	}
	if u.Mailbox != nil && fibonacco.ScopeOf(r.Context()) == nil {
		today.Items = append(today.Items, navItem{"/mailbox", "Mailbox", "mail"})
	}
	f.Groups = []navGroup{
		today,
		{"Programme", []navItem{
			{"/businesses", "Businesses", "store"}, {"/programme", "Programme", "cal"}, {"/learning", "Learning", "learn"}, {"/sends", "Sends", "send"}, {"/voicemail", "Voicemail", "voice"},
		}},
		{"Insight", []navItem{{"/queues", "Queues", "layers"}}},
	}
	f.Groups[1].Items = append(f.Groups[1].Items, recordItems...)
	if house := u.houseItems(f); len(house) > 0 {
		f.Groups = append(f.Groups, navGroup{"House", house})
	}
	return f
}

// houseItems are the pages for those who run the product.
func (u *ui) houseItems(f frame) []navItem {
	var items []navItem
	if f.may(fibonacco.Admin) && !f.Demo {
		items = append(items, navItem{"/team", "Team", "users"})
	}
	if f.may(fibonacco.Manager) {
		items = append(items, navItem{"/settings", "Settings", "gear"}, navItem{"/audit", "Audit log", "book"})
	} else if f.may(fibonacco.Viewer) {
		items = append(items, navItem{"/settings/suppressions", "Suppressions", "mailoff"})
	}
	return items
}

// barTabs is how many entries the bar of small screens has; the rest is behind its last, a page of
// all of them.
const barTabs = 4

// all is the whole navigation.
func (f frame) all() []navItem {
	var all []navItem
	for _, g := range f.Groups {
		all = append(all, g.Items...)
	}
	return all
}

// tabs is the bar of small screens.
func (f frame) tabs() []navItem {
	all := f.all()
	if len(all) <= barTabs+1 {
		return all
	}
	bar := all[:0:0]
	for _, item := range all {
		if item.Path != "/mailbox" && len(bar) < barTabs {
			bar = append(bar, item)
		}
	}
	return append(bar, navItem{"/menu", "More", "layers"})
}

// may reports whether the visitor may do what needs a role, so that pages offer no button that
// would be refused.
func (f frame) may(least fibonacco.Role) bool { return f.Who != nil && f.Who.Role.AtLeast(least) }

// shortcut is a key that leads to a page, after G.
type shortcut struct {
	Key string
	navItem
}

// shortcuts gives each page of the navigation the first letter of its name that none before it has.
func (f frame) shortcuts() []shortcut {
	var all []shortcut
	taken := map[rune]bool{}
	for _, item := range f.all() {
		for _, letter := range strings.ToLower(item.Name) {
			if letter >= 'a' && letter <= 'z' && !taken[letter] {
				taken[letter] = true
				all = append(all, shortcut{strings.ToUpper(string(letter)), item})
				break
			}
		}
	}
	return all
}

// initials are the first letters of the first two words of a name.
func initials(name string) string {
	out := ""
	for _, word := range strings.Fields(name) {
		for _, letter := range word {
			out += strings.ToUpper(string(letter))
			break
		}
		if len([]rune(out)) == 2 {
			break
		}
	}
	if out == "" {
		return "?"
	}
	return out
}
