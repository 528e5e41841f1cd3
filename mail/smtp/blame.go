package smtp

import "github.com/fibonacco/fibonacco"

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
