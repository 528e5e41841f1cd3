package verdicts_test

import (
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/campaign/track/verdicts"
)

const (
	end   = "  - {id: rest, verdict: human, confidence: guess, why: so, source: test}\n"
	facts = "verdict: machine, confidence: certain, why: so, source: test"
)

// file is rules with one rule that asks this.
func file(when string) string {
	return "rules:\n  - {id: one, when: {" + when + "}, " + facts + "}\n" + end
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	networks := "networks:\n  net: {prefixes: [%], sure: yes, source: test}\n" + file("network: [net]")
	for name, tc := range map[string]struct{ text, says string }{
		"nothing":                 {"", "EOF"},
		"no rules":                {"rules: []", "holds no rules"},
		"an unknown key":          {"rules: []\nrulez: []", "rulez"},
		"an unknown condition":    {file("moon: full"), "moon"},
		"an unknown key of rules": {"rules:\n  - {id: rest, verdict: human, confidence: guess, why: so, source: test, weight: 3}\n", "weight"},
		"a second document":       {"rules:\n" + end + "---\nrules: []\n", "goes on"},
		"twice the same id":       {"rules:\n  - {id: rest, when: {prefetch: yes}, " + facts + "}\n" + end, "taken"},
		"an id in capitals":       {"rules:\n  - {id: One, when: {prefetch: yes}, " + facts + "}\n" + end, "small letters"},
		"the id of people":        {"rules:\n  - {id: staff, when: {prefetch: yes}, " + facts + "}\n" + end, "people decide"},
		"a rule nobody reaches":   {"rules:\n" + end + strings.ReplaceAll(end, "rest", "next"), "ever reached"},
		"an end that asks":        {"rules:\n  - {id: one, when: {prefetch: yes}, " + facts + "}\n", "last rule must ask nothing"},
		"a verdict":               {strings.ReplaceAll("rules:\n"+end, "human", "alien"), "alien"},
		"a confidence":            {strings.ReplaceAll("rules:\n"+end, "guess", "sure"), "confidence"},
		"no source":               {strings.ReplaceAll("rules:\n"+end, "source: test", "source: \"\""), "source"},
		"a kind":                  {file("kind: bounced"), "bounced"},
		"a method":                {file("method: [head]"), "method"},
		"prefetch: no":            {file("prefetch: no"), "leave it out"},
		"no time":                 {file("sent_within: soon"), "soon"},
		"no time at all":          {file("sent_within: 0s"), "0s"},
		"a long time":             {file("sent_within: 48h"), "48h"},
		"links without a span":    {file("kind: clicked, links: 3"), "together"},
		"a span without links":    {file("within: 3s"), "together"},
		"one link":                {file("kind: clicked, links: 1, within: 3s"), "from 2"},
		"links of opens":          {file("links: 3, within: 3s"), "kind: clicked"},
		"an agent in capitals":    {file("agent_has: [Googlebot]"), "lower case"},
		"an agent with space":     {file(`agent_is: [" bot"]`), "space"},
		"two characters":          {file("agent_has: [ie]"), "too short"},
		"half an expression":      {file("agent_matches: '('"), "missing"},
		"an unknown network":      {file("network: [mars]"), "mars"},
		"a network nobody asks":   {"networks:\n  net: {prefixes: [17.0.0.0/8], sure: yes, source: test}\nrules:\n" + end, "no rule asks"},
		"no network":              {strings.ReplaceAll(networks, "%", "17.0.0.0"), "17.0.0.0"},
		"a host of a network":     {strings.ReplaceAll(networks, "%", "17.1.0.0/8"), "17.1.0.0/8"},
		"half the world":          {strings.ReplaceAll(networks, "%", "0.0.0.0/1"), "0.0.0.0/1"},
		"not sure if sure":        {strings.ReplaceAll(strings.ReplaceAll(networks, "%", "17.0.0.0/8"), "sure: yes, ", ""), "sure"},
		"much too large":          {strings.Repeat("#", 1<<20+1), "larger"},
	} {
		_, err := verdicts.Read([]byte(tc.text))
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want something about %q", name, err, tc.says)
		}
	}
}

func TestShipped(t *testing.T) {
	t.Parallel()
	rules := verdicts.Shipped().All()
	if n := len(rules); n < 20 || rules[n-1].ID != "person" {
		t.Errorf("%d rules, the last is %s", n, rules[n-1].ID)
	}
	for _, r := range rules {
		p := r.Public()
		if p.ID == "" || p.When == "" || p.Why == "" || !strings.HasSuffix(p.Why, ".") || p.Source == "" {
			t.Errorf("%+v is not said in full", p)
		}
	}
	for _, n := range verdicts.Shipped().Networks() {
		if n.About == "" {
			t.Errorf("network %s does not say whose it is", n.Name)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(file("kind: clicked, links: 3, within: 3s")))
	f.Add([]byte(file("agent_has: [abc], agent_lacks: [xyz], agent_matches: 'a+b'")))
	f.Add([]byte("networks:\n  net: {prefixes: [17.0.0.0/8], sure: no, source: x}\n" + file("network: [net]")))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := verdicts.Read(text)
		if err != nil {
			return
		}
		all := r.All()
		if got := r.Judge(&verdicts.Hit{Kind: verdicts.Opened}); got == nil {
			t.Fatal("a hit without a verdict")
		}
		for i, rule := range all {
			if (rule.Describe() == "everything else") != (i == len(all)-1) {
				t.Errorf("rule %d of %d asks %q", i+1, len(all), rule.Describe())
			}
		}
	})
}
