package track

import (
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
)

// The rules of time, on the product's clock. A clock that runs fast makes them miss machines;
// it never makes a machine out of a person.
const (
	hasty      = 2 * time.Second  // a click so soon after the mail left or arrived
	trapHolds  = 10 * time.Second // after the hidden link, for the same address and send
	burstSpan  = 5 * time.Second
	burstLinks = 3 // distinct links of one send within burstSpan
)

// Why a hit is not taken for a person's; kept beside it.
const (
	byMethod     = "head"         // only its headers were asked for
	byPrefetch   = "prefetch"     // the browser said that nobody asked yet
	byTrap       = "hidden_link"  // a link that no person sees
	byScanner    = "scanner"      // says who it is
	byHaste      = "too_soon"     // faster than anybody reads
	byBurst      = "burst"        // several links at once
	byImageProxy = "image_proxy"  // read, or merely prepared
	byNoAgent    = "no_agent"     // nothing to judge by
	byProxyClick = "proxy_clicks" // image proxies load pictures, they follow no links
)

// evidence is what is known about one hit when it is judged.
type evidence struct {
	note    *note
	send    *send
	agent   agentClass
	trapped bool // the hidden link was taken from this address within trapHolds
	burst   bool // several links of this send were taken within burstSpan
}

// verdict says who made the hit, and why when that is not a person. Certain signs come before
// likely ones.
func (e evidence) verdict() (fibonacco.Verdict, string) {
	n := e.note
	switch {
	case n.linkID == render.LinkTrap || e.trapped:
		return fibonacco.Machine, byTrap
	case n.head:
		return fibonacco.Machine, byMethod
	case n.prefetch:
		return fibonacco.Machine, byPrefetch
	case e.agent == scannerAgent:
		return fibonacco.Machine, byScanner
	case e.agent == imageProxyAgent && n.kind == opened:
		return fibonacco.UnknownAgent, byImageProxy
	case e.agent == imageProxyAgent:
		return fibonacco.Machine, byProxyClick
	case n.kind == clicked && (soonAfter(e.send.sentAt, n.at) || soonAfter(e.send.deliveredAt, n.at)):
		return fibonacco.Machine, byHaste
	case n.kind == clicked && e.burst:
		return fibonacco.Machine, byBurst
	case e.agent == noAgent:
		return fibonacco.UnknownAgent, byNoAgent
	}
	return fibonacco.Human, ""
}

// soonAfter reports whether at is within hasty of an event. A gateway that follows links before
// it takes the mail clicks a moment before the sending is recorded, so a little earlier counts too;
// much earlier is a matter of clocks and says nothing.
func soonAfter(event *time.Time, at time.Time) bool {
	return event != nil && at.Sub(*event).Abs() < hasty
}
