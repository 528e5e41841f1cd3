package smtp

import (
	"strings"

	"github.com/fibonacco/fibonacco"
)

// suspect is a mail at which something went wrong that concerns more than itself.
type suspect struct {
	sendID int64
	text   string // recipient and Message-ID, for mail without a SendID
}

// blame reports whether a mail is itself the cause of what looks like a failure of the server:
// it happened at this mail before, and others got through in between. Else one mail that the
// server dies of would stop all others again and again.
func (g *gate) blame(m *fibonacco.Mail) bool {
	who := suspect{sendID: m.SendID}
	if m.SendID == 0 {
		who.text = m.To + " " + m.MessageID
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	before, known := g.suspects[who]
	if known && g.accepted.Load() > before {
		delete(g.suspects, who)
		return true
	}
	if len(g.suspects) >= 1000 {
		clear(g.suspects)
	}
	g.suspects[who] = g.accepted.Load()
	return false
}

// fewDomains is how many may complain in a row before it is the server that does.
const fewDomains = 2

// blameDomain reports whether a complaint about our speed is one of this mail's domain alone: when
// more than a few complain and nothing is accepted in between, it is the server's own.
func (g *gate) blameDomain(to string) bool {
	domain := to[strings.LastIndexByte(to, '@')+1:]
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := g.accepted.Load(); g.complainedAt != now || g.complained == nil {
		g.complained, g.complainedAt = map[string]bool{}, now
	}
	if len(g.complained) <= fewDomains {
		g.complained[domain] = true
	}
	return len(g.complained) <= fewDomains
}

// local makes of a verdict what it means when only the mail's domain complains: the others go on, on
// another connection if this one is closed.
func (l *lane) local(it *item, v verdict) verdict {
	if !l.relay.domains || !v.domain || !l.gate.blameDomain(it.to) {
		return v
	}
	v.Slower = true
	if v.effect = goOn; v.Code == 421 {
		v.effect = reconnect
	}
	return v
}
