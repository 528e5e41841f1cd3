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
	f := frame{Title: title, Who: principal(r.Context()), Demo: u.Demo != nil, Current: current}
	if c, err := r.Cookie(themeCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		f.Theme = c.Value
	}
	today := navGroup{"Today", []navItem{{"/overview", "Overview", "home"}}}
	if u.Mailbox != nil {
		today.Items = append(today.Items, navItem{"/mailbox", "Mailbox", "mail"})
	}
	f.Groups = []navGroup{
		today,
		{"Programme", []navItem{{"/businesses", "Businesses", "store"}, {"/programme", "Programme", "cal"}}},
		{"Insight", []navItem{{"/queues", "Queues", "layers"}}},
	}
	return f
}

// tabs is the whole navigation for the bar of small screens.
func (f frame) tabs() []navItem {
	var all []navItem
	for _, g := range f.Groups {
		all = append(all, g.Items...)
	}
	return all
}

// may reports whether the visitor may do what needs a role, so that pages offer no button that
// would be refused.
func (f frame) may(least fibonacco.Role) bool { return f.Who != nil && f.Who.Role.AtLeast(least) }

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
