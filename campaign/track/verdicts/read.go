package verdicts

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/fibonacco/fibonacco"
)

//go:embed rules.yaml
var shippedYAML []byte

// Shipped is the rules that are part of the program, so a mistake in them panics; the tests would
// not let it out.
var Shipped = sync.OnceValue(func() *Rules {
	r, err := Read(shippedYAML)
	if err != nil {
		panic("verdicts: rules.yaml: " + err.Error())
	}
	return r
})

// ByStaff is the rule that a hit names when a person has decided about its mail.
const ByStaff = "staff"

const (
	largestFile = 1 << 20
	longestSpan = time.Hour
	shortest    = 3 // characters of a part of an agent; fewer are in half of them by chance
)

var (
	idForm      = regexp.MustCompile(`^[a-z][a-z0-9_]{0,49}$`)
	methods     = []string{"GET", "HEAD"}
	confidences = []string{"certain", "likely", "guess"}
)

// ruleEntry and networkEntry are rules and networks as the file has them.
type ruleEntry struct {
	ID         string    `yaml:"id"`
	When       whenEntry `yaml:"when"`
	Verdict    string    `yaml:"verdict"`
	Confidence string    `yaml:"confidence"`
	Why        string    `yaml:"why"`
	Source     string    `yaml:"source"`
}

type whenEntry struct {
	Kind            string   `yaml:"kind"`
	Method          []string `yaml:"method"`
	Prefetch        yes      `yaml:"prefetch"`
	HiddenLink      yes      `yaml:"hidden_link"`
	AfterHiddenLink span     `yaml:"after_hidden_link"`
	AgentIs         []string `yaml:"agent_is"`
	AgentHas        []string `yaml:"agent_has"`
	AgentMatches    string   `yaml:"agent_matches"`
	AgentLacks      []string `yaml:"agent_lacks"`
	Network         []string `yaml:"network"`
	DeliveredWithin span     `yaml:"delivered_within"`
	SentWithin      span     `yaml:"sent_within"`
	Links           *int     `yaml:"links"`
	Within          span     `yaml:"within"`
}

type networkEntry struct {
	Prefixes []string `yaml:"prefixes"`
	Sure     *bool    `yaml:"sure"`
	About    string   `yaml:"about"`
	Source   string   `yaml:"source"`
}

// yes is a condition that can only be asked for: "no" would look as if it asked for the opposite.
type yes bool

// UnmarshalYAML implements yaml.Unmarshaler.
func (y *yes) UnmarshalYAML(n *yaml.Node) error {
	var b bool
	if err := n.Decode(&b); err != nil {
		return err
	}
	if !b {
		return fmt.Errorf("line %d: can only be yes; leave it out instead", n.Line)
	}
	*y = true
	return nil
}

// span is a duration like 2s.
type span time.Duration

// UnmarshalYAML implements yaml.Unmarshaler.
func (s *span) UnmarshalYAML(n *yaml.Node) error {
	d, err := time.ParseDuration(n.Value)
	if err != nil || d <= 0 || d > longestSpan {
		return fmt.Errorf("line %d: %q is not a time like 2s, up to %s", n.Line, n.Value, longestSpan)
	}
	*s = span(d)
	return nil
}

// Read reads a file of rules and refuses one that says something it does not understand, or that
// cannot be meant: keys that do not exist, rules that are never reached, words that cannot occur.
func Read(text []byte) (*Rules, error) {
	if len(text) > largestFile {
		return nil, fmt.Errorf("is larger than %d bytes", largestFile)
	}
	var file struct {
		Networks map[string]networkEntry `yaml:"networks"`
		Rules    []ruleEntry             `yaml:"rules"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil {
		return nil, err
	}
	if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("goes on after its end")
	}
	r := &Rules{}
	networks := map[string][]netip.Prefix{}
	for name, e := range file.Networks {
		n, err := e.network(name)
		if err != nil {
			return nil, fmt.Errorf("network %s: %w", name, err)
		}
		r.networks, networks[name] = append(r.networks, n), n.Prefixes
	}
	slices.SortFunc(r.networks, func(a, b Network) int { return strings.Compare(a.Name, b.Name) })
	seen, used := map[string]bool{}, map[string]bool{}
	for i, e := range file.Rules {
		rule, err := e.rule(networks)
		if err != nil {
			return nil, fmt.Errorf("rule %d, %q: %w", i+1, e.ID, err)
		}
		last := i == len(file.Rules)-1
		switch {
		case seen[rule.ID]:
			return nil, fmt.Errorf("rule %d, %q: the id is taken", i+1, e.ID)
		case rule.when.askedOfAnybody && !last:
			return nil, fmt.Errorf("rule %d, %q: asks nothing, so that none behind it is ever reached", i+1, e.ID)
		case !rule.when.askedOfAnybody && last:
			return nil, fmt.Errorf("rule %d, %q: the last rule must ask nothing, so that every hit is judged", i+1, e.ID)
		}
		seen[rule.ID] = true
		for _, name := range rule.when.networks {
			used[name] = true
		}
		r.rules = append(r.rules, rule)
	}
	if len(r.rules) == 0 {
		return nil, errors.New("holds no rules")
	}
	for _, n := range r.networks {
		if !used[n.Name] {
			return nil, fmt.Errorf("network %s: no rule asks for it", n.Name)
		}
	}
	return r, nil
}

func (e networkEntry) network(name string) (Network, error) {
	n := Network{Name: name, About: e.About, Source: e.Source}
	switch {
	case !idForm.MatchString(name):
		return n, errors.New("the name must be of small letters, digits and _")
	case len(e.Prefixes) == 0:
		return n, errors.New("has no prefixes")
	case e.Sure == nil:
		return n, errors.New("does not say whether it is sure")
	case e.Source == "":
		return n, errors.New("names no source")
	}
	n.Sure = *e.Sure
	for _, text := range e.Prefixes {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return n, err
		}
		if p.Masked() != p || p.Addr().Is4In6() || p.Bits() < 8 {
			return n, fmt.Errorf("%s is not a network like 192.0.2.0/24, of /8 at the most", text)
		}
		n.Prefixes = append(n.Prefixes, p)
	}
	return n, nil
}

func (e ruleEntry) rule(networks map[string][]netip.Prefix) (*Rule, error) {
	r := &Rule{ID: e.ID, Verdict: fibonacco.Verdict(e.Verdict), Confidence: e.Confidence, Why: e.Why, Source: e.Source}
	switch {
	case !idForm.MatchString(e.ID):
		return nil, errors.New("the id must be of small letters, digits and _, 50 at the most")
	case e.ID == ByStaff:
		return nil, errors.New("the id is kept for what people decide")
	case r.Verdict != fibonacco.Human && r.Verdict != fibonacco.Machine && r.Verdict != fibonacco.UnknownAgent:
		return nil, fmt.Errorf("verdict %q is not human, machine or unknown", e.Verdict)
	case !slices.Contains(confidences, e.Confidence):
		return nil, fmt.Errorf("confidence %q is not certain, likely or guess", e.Confidence)
	case e.Why == "" || e.Source == "":
		return nil, errors.New("says no why, or no source")
	}
	var err error
	r.when, err = e.When.conditions(networks)
	return r, err
}

func (e whenEntry) conditions(networks map[string][]netip.Prefix) (c conditions, err error) {
	c = conditions{
		kind: e.Kind, methods: e.Method, prefetch: bool(e.Prefetch), hidden: bool(e.HiddenLink), afterHidden: time.Duration(e.AfterHiddenLink),
		networks: e.Network, delivered: time.Duration(e.DeliveredWithin), sent: time.Duration(e.SentWithin), within: time.Duration(e.Within),
	}
	if e.Kind != "" && e.Kind != Opened && e.Kind != Clicked {
		return c, fmt.Errorf("kind %q is not opened or clicked", e.Kind)
	}
	for _, m := range e.Method {
		if !slices.Contains(methods, m) {
			return c, fmt.Errorf("method %q is not GET or HEAD: no other gets here", m)
		}
	}
	for _, name := range e.Network {
		prefixes, known := networks[name]
		if !known {
			return c, fmt.Errorf("network %q is not in the file", name)
		}
		c.prefixes = append(c.prefixes, prefixes...)
	}
	if (e.Links == nil) != (e.Within == 0) {
		return c, errors.New("links and within go together")
	}
	if e.Links != nil {
		if c.links = *e.Links; c.links < 2 || c.links > 100 {
			return c, errors.New("links must be from 2 to 100")
		}
		if c.kind != Clicked {
			return c, errors.New("links takes kind: clicked")
		}
	}
	if c.agent, err = e.agent(); err != nil {
		return c, err
	}
	c.askedOfAnybody = c.kind == "" && len(c.methods) == 0 && !c.prefetch && !c.hidden && c.afterHidden == 0 && !c.agent.asked() &&
		len(c.prefixes) == 0 && c.delivered == 0 && c.sent == 0 && c.links == 0
	return c, nil
}

// agent refuses words that no user agent in lower case can hold.
func (e whenEntry) agent() (t agentTest, err error) {
	t = agentTest{is: e.AgentIs, has: e.AgentHas, lacks: e.AgentLacks}
	for _, word := range slices.Concat(t.is, t.has, t.lacks) {
		if word != strings.ToLower(word) {
			return t, fmt.Errorf("%q must be in lower case, as agents are compared", word)
		}
	}
	for _, word := range t.is {
		if word != strings.TrimSpace(word) {
			return t, fmt.Errorf("%q begins or ends in space, which agents are compared without", word)
		}
	}
	for _, word := range slices.Concat(t.has, t.lacks) {
		if len(word) < shortest {
			return t, fmt.Errorf("%q is too short: it is in too many agents by chance", word)
		}
	}
	if e.AgentMatches != "" {
		if t.matches, err = regexp.Compile(e.AgentMatches); err != nil {
			return t, err
		}
	}
	return t, nil
}
