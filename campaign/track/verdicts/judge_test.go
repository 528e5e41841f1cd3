package verdicts_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco/campaign/track/verdicts"
)

const safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"

var at = time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)

// past says what a rule that asks for the mail's other hits is told.
type past struct {
	hidden time.Duration
	links  int
	span   time.Duration
}

func (p past) AfterHidden(within time.Duration) bool { return p.hidden > 0 && p.hidden <= within }
func (p past) Links(links int, within time.Duration) bool {
	return p.links >= links && p.span <= within
}

func TestJudge(t *testing.T) {
	t.Parallel()
	moment := func(d time.Duration) *time.Time { m := at.Add(d); return &m }
	ip := netip.MustParseAddr
	for name, tc := range map[string]struct {
		hit  verdicts.Hit
		want string
	}{
		"a person":                        {verdicts.Hit{}, "human person"},
		"HEAD":                            {verdicts.Hit{Method: "HEAD"}, "machine head"},
		"prefetch":                        {verdicts.Hit{Prefetch: true}, "machine prefetch"},
		"the hidden link":                 {verdicts.Hit{HiddenLink: true, Method: "HEAD"}, "machine hidden_link"},
		"after the hidden link":           {verdicts.Hit{Past: past{hidden: 9 * time.Second}}, "machine after_hidden_link"},
		"long after the hidden link":      {verdicts.Hit{Past: past{hidden: 11 * time.Second}}, "human person"},
		"three links":                     {verdicts.Hit{Past: past{links: 3, span: 5 * time.Second}}, "machine many_links"},
		"two links":                       {verdicts.Hit{Past: past{links: 2, span: time.Second}}, "human person"},
		"three links, slowly":             {verdicts.Hit{Past: past{links: 3, span: 6 * time.Second}}, "human person"},
		"an open beside three links":      {verdicts.Hit{Kind: "opened", Past: past{links: 3, span: time.Second}}, "human person"},
		"a click at delivery":             {verdicts.Hit{Delivered: moment(-time.Second)}, "machine too_soon_after_delivery"},
		"a click just before delivery":    {verdicts.Hit{Delivered: moment(time.Second)}, "machine too_soon_after_delivery"},
		"a click long before delivery":    {verdicts.Hit{Delivered: moment(time.Hour)}, "human person"},
		"a click two seconds later":       {verdicts.Hit{Delivered: moment(-2 * time.Second)}, "human person"},
		"a click at sending":              {verdicts.Hit{Sent: moment(-time.Second), Delivered: moment(-time.Minute)}, "machine too_soon_after_sending"},
		"an open at delivery":             {verdicts.Hit{Kind: "opened", Delivered: moment(-time.Second)}, "unknown opened_at_delivery"},
		"an open from Apple":              {verdicts.Hit{Kind: "opened", IP: ip("17.58.1.1")}, "unknown apple_network"},
		"a click from Apple":              {verdicts.Hit{IP: ip("17.58.1.1")}, "human person"},
		"an open from Google":             {verdicts.Hit{Kind: "opened", IP: ip("66.249.84.1")}, "unknown google_network"},
		"a click from Google":             {verdicts.Hit{IP: ip("66.102.6.1")}, "unknown google_network"},
		"an open from a mail server":      {verdicts.Hit{Kind: "opened", IP: ip("40.94.1.1")}, "human person"},
		"an open from Exchange Online":    {verdicts.Hit{Kind: "opened", IP: ip("40.107.1.1")}, "machine exchange_online"},
		"a click from Proofpoint":         {verdicts.Hit{IP: ip("67.231.152.9")}, "machine gateway_network"},
		"a click from Barracuda":          {verdicts.Hit{IP: ip("209.222.82.9")}, "machine gateway_network"},
		"from an address in IPv6":         {verdicts.Hit{IP: ip("2001:db8::1")}, "human person"},
		"a bot that says so in Apple":     {verdicts.Hit{Kind: "opened", Agent: "Foobot/1", IP: ip("17.58.1.1")}, "machine named_bot"},
		"a name that ends in ubot":        {verdicts.Hit{Agent: "ubot"}, "machine named_bot"},
		"a name that has bot in it":       {verdicts.Hit{Agent: "Bottle/1.0"}, "human person"},
		"a telephone and a bot":           {verdicts.Hit{Agent: "CUBOT; foobot"}, "machine named_bot"},
		"nothing":                         {verdicts.Hit{Agent: "  "}, "unknown no_agent"},
		"nothing, of a machine's network": {verdicts.Hit{Agent: " ", IP: ip("40.107.1.1")}, "machine exchange_online"},
	} {
		h := tc.hit
		h.At = at
		if h.Kind == "" {
			h.Kind = verdicts.Clicked
		}
		if h.Agent == "" {
			h.Agent = safari
		}
		r := verdicts.Shipped().Judge(&h)
		if got := fmt.Sprintf("%s %s", r.Verdict, r.ID); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
		if all := verdicts.Shipped().Explain(&h); all[0] != r || all[len(all)-1].ID != "person" {
			t.Errorf("%s: explained otherwise than judged", name)
		}
	}
}

// Words of a rule spoil it, or are enough.
func TestAgentConditions(t *testing.T) {
	t.Parallel()
	r, err := verdicts.Read([]byte(file(`agent_is: [exact], agent_has: [part], agent_matches: 'x\d+', agent_lacks: [spoilt]`)))
	if err != nil {
		t.Fatal(err)
	}
	for agent, want := range map[string]string{
		"Exact": "one", "exactly": "rest", "A Part of it": "one", "x12": "one", "x": "rest", "part, spoilt": "rest", "": "rest",
	} {
		if got := r.Judge(&verdicts.Hit{Agent: agent}).ID; got != want {
			t.Errorf("%q: %s, want %s", agent, got, want)
		}
	}
}

// Whatever an agent says, there is a verdict, and it stays the same when it comes again, and with
// space around it.
func FuzzJudge(f *testing.F) {
	for _, agent := range []string{safari, "", "CUBOT", "ubot", "\xff\x00", "Mozilla/5.0 (via ggpht.com GoogleImageProxy)"} {
		f.Add(agent, true, []byte{17, 0, 0, 1})
	}
	rules := verdicts.Shipped()
	f.Fuzz(func(t *testing.T, agent string, click bool, address []byte) {
		h := verdicts.Hit{Kind: verdicts.Opened, Agent: agent, Method: "GET"}
		if click {
			h.Kind = verdicts.Clicked
		}
		h.IP, _ = netip.AddrFromSlice(address)
		first, again := rules.Judge(&h), rules.Judge(&h)
		h.Agent = " " + agent + "\t"
		if spaced := rules.Judge(&h); first != again || first != spaced || first.ID == "" {
			t.Errorf("%q: %s, then %s, with space around %s", agent, first.ID, again.ID, spaced.ID)
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	sent := at.Add(-time.Hour)
	h := &verdicts.Hit{Kind: verdicts.Clicked, At: at, Agent: safari, IP: netip.MustParseAddr("203.0.113.9"), Method: "GET", Sent: &sent, Past: past{}}
	b.Run("seen agent", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			verdicts.Shipped().Judge(h)
		}
	})
	b.Run("new agent", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			one := *h
			one.Agent = fmt.Sprint(safari, i)
			verdicts.Shipped().Judge(&one)
		}
	})
}
