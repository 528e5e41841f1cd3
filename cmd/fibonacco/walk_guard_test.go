package main

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
	"github.com/fibonacco/fibonacco/web/ui"
)

// open are the addresses that take a form without a rule in api.Pages: coming in and going out.
var open = []string{"/login", "/logout", "/password/"}

// seesWhatItMay holds every page against its rule, and what a page offers against the rules of where
// that leads: nobody is shown a button or a link that would be refused.
func (g *guest) seesWhatItMay(pages []staffPage) {
	g.Helper()
	who := &fibonacco.Principal{Role: g.who.Role}
	for _, p := range pages {
		a := g.visits(p.path)
		allowed := api.Pages[p.pattern].Allow(who) == nil
		if (a.status == http.StatusForbidden) == allowed && len(g.who.Communities) == 0 {
			g.Errorf("%s as %s: %d", p.path, g.who.Role, a.status)
		}
		if a.page == nil || a.status != http.StatusOK {
			continue
		}
		for _, to := range posts(a.page, p.path) {
			pattern := routesOf(http.MethodPost, to)
			rule, ok := api.Pages[pattern]
			switch {
			case !ok && !slices.ContainsFunc(open, func(at string) bool { return strings.HasPrefix(to, at) }):
				g.Errorf("%s has a form for %s, where nothing is", p.path, to)
			case ok && rule.Allow(who) != nil:
				g.Errorf("%s offers a %s what is refused: %s", p.path, g.who.Role, to)
			}
		}
		for _, to := range leads(a.page, p.path) {
			if rule, ok := api.Pages[routesOf(http.MethodGet, to)]; ok && rule.Allow(who) != nil {
				g.Errorf("%s leads a %s to a door that is shut: %s", p.path, g.who.Role, to)
			}
		}
	}
}

// seesNothingOf looks for words on every page that is shown.
func (g *guest) seesNothingOf(pages []staffPage, words ...string) {
	g.Helper()
	for _, p := range pages {
		a := g.visits(p.path)
		if a.status != http.StatusOK {
			continue
		}
		for _, word := range words {
			if strings.Contains(html.UnescapeString(a.text), word) {
				g.Errorf("%s shows %q to somebody who may not see it", p.path, word)
			}
		}
	}
}

// isStrict holds an answer against what every page promises: a policy without holes, nothing written
// into the page that it would forbid, nothing fetched from anybody else.
func (g *guest) isStrict(path string, a served) {
	g.Helper()
	policy := map[string][]string{}
	for directive := range strings.SplitSeq(a.head.Get("Content-Security-Policy"), ";") {
		if words := strings.Fields(directive); len(words) > 0 {
			policy[words[0]] = words[1:]
		}
	}
	_, boxed := policy["sandbox"] // a mail of somebody else's making, in a frame of its own that runs nothing
	if !slices.Equal(policy["default-src"], []string{"'none'"}) || len(policy["frame-ancestors"]) != 1 || !strings.Contains("'none' 'self'", policy["frame-ancestors"][0]) {
		g.Errorf("%s: policy %v", path, policy)
	}
	for directive, sources := range policy {
		for _, source := range sources {
			loose := source == "*" || strings.HasPrefix(source, "'unsafe") || strings.Contains(source, ":") && source != "data:" && !strings.HasPrefix(source, g.base)
			if loose && (!boxed || directive != "style-src") {
				g.Errorf("%s: policy lets %s %s", path, directive, source)
			}
		}
	}
	if boxed && slices.Contains(policy["sandbox"], "allow-scripts") {
		g.Errorf("%s: a foreign document may run scripts", path)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"} {
		if got := a.head.Get(name); got != want && !boxed {
			g.Errorf("%s: %s is %q", path, name, got)
		}
	}
	if a.page == nil || boxed {
		return
	}
	for n := range a.page.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "style" || n.Data == "script" && attr(n, "src") == "" && attr(n, "type") != "application/json" { // which runs nothing
			g.Errorf("%s has a <%s> in the page", path, n.Data)
		}
		for _, at := range n.Attr {
			if at.Key == "style" || strings.HasPrefix(at.Key, "on") || strings.HasPrefix(strings.ToLower(strings.TrimSpace(at.Val)), "javascript:") {
				g.Errorf("%s: <%s %s=%q>", path, n.Data, at.Key, at.Val)
			}
		}
	}
}

// refusesOtherSites sends every form of the house from somewhere else.
func (g *guest) refusesOtherSites() {
	g.Helper()
	var to [][2]string
	for pattern := range maps.Keys(api.Pages) {
		if method, path, ok := strings.Cut(pattern, " "); ok && method != http.MethodGet {
			to = append(to, [2]string{method, strings.NewReplacer("{id}", "1", "{uuid}", "x", "{name}", "emails").Replace(path)})
		}
	}
	slices.SortFunc(to, func(a, b [2]string) int { return strings.Compare(a[1], b[1]) })
	for _, path := range []string{"/login", "/login/code", "/login/passkey", "/logout", "/password/x"} {
		to = append(to, [2]string{http.MethodPost, path})
	}
	for _, at := range to {
		method, path := at[0], at[1]
		for _, from := range [][]string{{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}} {
			if a := g.send(method, path, strings.NewReader("name=x"), append(from, "Content-Type", "application/x-www-form-urlencoded")...); a.status != http.StatusForbidden {
				g.Errorf("%s %s with %v: %d", method, path, from, a.status)
			}
		}
	}
	if a := g.visits("/overview"); a.status != http.StatusOK {
		g.Errorf("after forms of other sites, the overview is %d", a.status)
	}
}

// guardsPages looks at every page as it is served to each of those who work there: who sees what, what
// the answers promise to browsers, and that no other site can act in anybody's name.
func guardsPages(t *testing.T, guests map[string]*guest, pages []staffPage) {
	t.Helper()
	admin := guests["Ada Admin"]
	for _, c := range colleagues {
		t.Run(c.Name, func(t *testing.T) {
			g := *guests[c.Name]
			g.T = t
			g.seesWhatItMay(pages)
		})
	}
	t.Run("limited to a community", func(t *testing.T) {
		g := *guests["Lena Limited"]
		g.T = t
		words := []string{"Red Hook Carpets", "marisol@example.com", "good@example.com"}
		for _, o := range walkOwners {
			words = append(words, o.business, o.mail)
		}
		g.seesNothingOf(pages, words...)
		for _, path := range []string{"/jobs", "/api/jobs"} {
			if a := g.visits(ui.RiverPrefix + path); a.status != http.StatusForbidden {
				t.Errorf("River's page %s: %d", path, a.status)
			}
		}
		if a := g.visits("/businesses/1"); a.status != http.StatusNotFound {
			t.Errorf("a business elsewhere: %d", a.status)
		}
		if a := g.visits("/businesses"); !strings.Contains(a.text, "Kayak Shed") {
			t.Error("sees nothing of their own community either")
		}
	})
	t.Run("headers", func(t *testing.T) {
		g := *admin
		g.T = t
		for _, p := range pages {
			g.isStrict(p.path, g.visits(p.path))
		}
		stranger := guest{T: t, base: admin.base}
		for _, path := range []string{"/login", "/no-such-page", "/password/x", "/overview"} {
			g.isStrict(path, g.visits(path))
			stranger.isStrict(path, stranger.visits(path))
		}
	})
	t.Run("River", func(t *testing.T) {
		g := *admin
		g.T = t
		g.servesRiverFiles()
	})
	t.Run("other sites", func(t *testing.T) {
		g := *admin
		g.T = t
		g.refusesOtherSites()
	})
}
