package track_test

import (
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/campaign/track/verdicts"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// known is one line of the corpus.
type known struct{ open, click, openRule, clickRule, who, agent string }

func corpus(t testing.TB) (all []known) {
	t.Helper()
	text, err := os.ReadFile("testdata/user-agents.tsv")
	must(t, err)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 6 {
			t.Fatalf("%q has %d columns", line, len(f))
		}
		all = append(all, known{f[0], f[1], f[2], f[3], f[4], f[5]})
	}
	return all
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	rules := verdicts.Shipped()
	agents, used := map[string]bool{}, map[string]bool{}
	for _, c := range corpus(t) {
		for _, kind := range []struct{ kind, verdict, rule string }{{verdicts.Opened, c.open, c.openRule}, {verdicts.Clicked, c.click, c.clickRule}} {
			r := rules.Judge(&verdicts.Hit{Kind: kind.kind, Agent: c.agent, Method: "GET", IP: netip.MustParseAddr("203.0.113.9")})
			if string(r.Verdict) != kind.verdict || r.ID != kind.rule {
				t.Errorf("%s, %s: %s by %s, want %s by %s", c.who, kind.kind, r.Verdict, r.ID, kind.verdict, kind.rule)
			}
			used[r.ID] = true
		}
		if agents[c.agent] {
			t.Errorf("%s is there twice", c.who)
		}
		agents[c.agent] = true
	}
	if len(agents) < 150 {
		t.Errorf("only %d user agents", len(agents))
	}
	for _, r := range rules.All() {
		if strings.Contains(r.Describe(), "agent ") && !used[r.ID] {
			t.Errorf("no user agent tries rule %s", r.ID)
		}
	}
}

// A few of the corpus, all the way into the database.
func TestVerdictByAgent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		seen := map[string]bool{}
		for _, a := range corpus(t) {
			if seen[a.openRule] {
				continue
			}
			seen[a.openRule] = true
			m := w.send("HOOK-001")
			hit := fibonacco.Hit{IP: "203.0.113.9", UserAgent: a.agent, Method: "GET"}
			m.open(hit)
			m.click(render.LinkLearn, hit)
			for kind, want := range map[string][2]string{"opened": {a.open, a.openRule}, "clicked": {a.click, a.clickRule}} {
				equal(t, a.who+" "+kind, [2]string{m.verdict(kind), m.rule(kind)}, want)
			}
		}
		if len(seen) < 12 {
			t.Errorf("only %d rules", len(seen))
		}
	})
}

// rule is that of the newest event of a type.
func (m mail) rule(kind string) string {
	m.w.t.Helper()
	return get[string](m.w, `SELECT COALESCE(rule, '') FROM email_events WHERE campaign_send_id = $1 AND event_type = $2 ORDER BY id DESC LIMIT 1`, m.id, kind)
}
