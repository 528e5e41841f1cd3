// Package verdicts tells people from machines by rules that are data: rules.yaml, or an operator's
// own file of the same form. It knows one hit at a time, what is known of its mail, and nothing of
// databases. The same rules and the same hit always give the same verdict.
package verdicts

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// The kinds of a hit; what email_events.event_type says.
const (
	Opened  = "opened"
	Clicked = "clicked"
)

// Rule is one rule. Immutable.
type Rule struct {
	ID         string
	Verdict    fibonacco.Verdict
	Confidence string // certain, likely or guess
	Why        string // a sentence
	Source     string // where it comes from

	when conditions
}

// conditions must all hold; a zero field asks nothing. Of a list, one is enough; agent_is, agent_has
// and agent_matches are one list.
type conditions struct {
	kind           string
	methods        []string
	prefetch       bool
	hidden         bool
	afterHidden    time.Duration
	agent          agentTest
	networks       []string // names, for people
	prefixes       []netip.Prefix
	delivered      time.Duration
	sent           time.Duration
	links          int
	within         time.Duration
	askedOfAnybody bool // nothing is asked
}

// agentTest is what a rule asks of a user agent in lower case.
type agentTest struct {
	is, has, lacks []string
	matches        *regexp.Regexp
}

func (t *agentTest) asked() bool {
	return len(t.is) > 0 || len(t.has) > 0 || len(t.lacks) > 0 || t.matches != nil
}

func (t *agentTest) holds(agent string) bool {
	contained := func(part string) bool { return strings.Contains(agent, part) }
	if slices.ContainsFunc(t.lacks, contained) {
		return false
	}
	if len(t.is) == 0 && len(t.has) == 0 && t.matches == nil {
		return true
	}
	return slices.Contains(t.is, agent) || slices.ContainsFunc(t.has, contained) || t.matches != nil && t.matches.MatchString(agent)
}

// Network is a named list of addresses.
type Network struct {
	Name     string
	Prefixes []netip.Prefix
	Sure     bool // false where its owner changes it, or nobody says so
	About    string
	Source   string
}

// Networks is what the rules know of addresses, by name.
func (r *Rules) Networks() []Network { return slices.Clone(r.networks) }

// All is every rule, in the order in which they are tried.
func (r *Rules) All() []*Rule { return slices.Clone(r.rules) }

// Describe is what the rule asks, in the words of the file.
func (r *Rule) Describe() string {
	c := &r.when
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if c.kind != "" {
		add("kind %s", c.kind)
	}
	if len(c.methods) > 0 {
		add("method %s", strings.Join(c.methods, " or "))
	}
	if c.prefetch {
		add("prefetch")
	}
	if c.hidden {
		add("hidden link")
	}
	if c.afterHidden > 0 {
		add("within %s of the hidden link", c.afterHidden)
	}
	for _, list := range []struct {
		name   string
		values []string
	}{{"agent is", c.agent.is}, {"agent has", c.agent.has}, {"agent lacks", c.agent.lacks}} {
		if len(list.values) > 0 {
			add("%s %q", list.name, list.values)
		}
	}
	if c.agent.matches != nil {
		add("agent matches %s", c.agent.matches)
	}
	if len(c.networks) > 0 {
		add("network %s", strings.Join(c.networks, " or "))
	}
	if c.delivered > 0 {
		add("within %s of the delivery", c.delivered)
	}
	if c.sent > 0 {
		add("within %s of the sending", c.sent)
	}
	if c.links > 0 {
		add("%d links within %s", c.links, c.within)
	}
	return cmp.Or(strings.Join(parts, "; "), "everything else")
}

// Public is the rule as the interface shows it.
func (r *Rule) Public() fibonacco.TrackingRule {
	return fibonacco.TrackingRule{ID: r.ID, When: r.Describe(), Verdict: r.Verdict, Confidence: r.Confidence, Why: r.Why, Source: r.Source}
}
