package verdicts

import (
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

// Rules is a whole file of rules, ready to judge. Safe for concurrent use.
type Rules struct {
	rules    []*Rule
	networks []Network

	mu    sync.Mutex
	known map[string][]*Rule // by user agent, the rules that it leaves open
}

// Hit is what is known about one hit.
type Hit struct {
	Kind            string // Opened or Clicked
	At              time.Time
	Agent           string
	IP              netip.Addr // the zero Addr when not known
	Method          string     // "" when not known
	Prefetch        bool
	HiddenLink      bool
	Sent, Delivered *time.Time // of the mail; nil when not known
	Past            Past       // nil when nothing is known of the mail's other hits
}

// Past is what else happened to the mail.
type Past interface {
	// AfterHidden reports whether the hidden link was taken from the hit's address within so long of it.
	AfterHidden(within time.Duration) bool
	// Links reports whether the click is one of at least so many different links of its mail that were
	// taken within such a span.
	Links(links int, within time.Duration) bool
}

// Judge is the first rule that holds; there always is one.
func (r *Rules) Judge(h *Hit) *Rule {
	open := r.open(h.Agent)
	for _, rule := range open[:len(open)-1] {
		if rule.when.holds(h) {
			return rule
		}
	}
	return open[len(open)-1] // the last one asks nothing
}

// Machine reports whether a user agent is not a person's, for those who count what is seen by scripts
// on a page: a scanner, a crawler, a program, or nothing at all.
func (r *Rules) Machine(agent string) bool {
	now := fibonacco.RealTime()
	delivered := now.Add(-time.Hour)
	h := &Hit{Kind: Clicked, At: now, Agent: agent, Method: http.MethodGet, Sent: &delivered, Delivered: &delivered}
	return r.Judge(h).Verdict != fibonacco.Human
}

// Explain is every rule that holds, the one that decides first.
func (r *Rules) Explain(h *Hit) (holding []*Rule) {
	for _, rule := range r.open(h.Agent) {
		if rule.when.holds(h) {
			holding = append(holding, rule)
		}
	}
	return holding
}

const (
	agentsKept  = 4096 // bounds what is remembered to some 3 MB
	longestKept = 512  // bytes of a user agent that is worth remembering
)

// open is the rules that an agent leaves open, in order. What agents say is looked at once for each
// of them: there are few, and hundreds of names to look for.
func (r *Rules) open(agent string) []*Rule {
	if len(agent) > longestKept {
		return r.read(agent)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	open, ok := r.known[agent]
	if !ok {
		if len(r.known) >= agentsKept || r.known == nil {
			r.known = map[string][]*Rule{}
		}
		open = r.read(agent)
		r.known[strings.Clone(agent)] = open
	}
	return open
}

func (r *Rules) read(agent string) (open []*Rule) {
	agent = strings.ToLower(strings.TrimSpace(agent))
	for _, rule := range r.rules {
		if !rule.when.agent.asked() || rule.when.agent.holds(agent) {
			open = append(open, rule)
		}
	}
	return open
}

// holds looks at everything but the agent.
func (c *conditions) holds(h *Hit) bool {
	switch {
	case c.kind != "" && c.kind != h.Kind,
		c.prefetch && !h.Prefetch,
		c.hidden && !h.HiddenLink,
		len(c.methods) > 0 && !contains(c.methods, h.Method),
		len(c.prefixes) > 0 && !inside(c.prefixes, h.IP),
		c.delivered > 0 && !near(h.Delivered, h.At, c.delivered),
		c.sent > 0 && !near(h.Sent, h.At, c.sent),
		c.afterHidden > 0 && (h.Past == nil || !h.Past.AfterHidden(c.afterHidden)),
		c.links > 0 && (h.Past == nil || !h.Past.Links(c.links, c.within)):
		return false
	}
	return true
}

func contains(list []string, s string) bool {
	for _, one := range list {
		if one == s {
			return true
		}
	}
	return false
}

func inside(prefixes []netip.Prefix, ip netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// near reports whether at is within a span of an event. A gateway that follows links before it takes
// the mail clicks a moment before the sending is recorded, so a little earlier counts too; much
// earlier is a matter of clocks and says nothing.
func near(event *time.Time, at time.Time, span time.Duration) bool {
	return event != nil && at.Sub(*event).Abs() < span
}
