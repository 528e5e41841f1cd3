package track

import (
	"context"
	"net/netip"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/campaign/track/verdicts"
)

// UseRules judges hits by these rules instead of those that are part of the program. Call before
// Start.
func (s *Service) UseRules(r *verdicts.Rules) { s.rules = r }

// TrackingRules implements fibonacco.TrackingVerdicts.
func (s *Service) TrackingRules(context.Context) []fibonacco.TrackingRule {
	all := s.rules.All()
	list := make([]fibonacco.TrackingRule, len(all))
	for i, r := range all {
		list[i] = r.Public()
	}
	return list
}

// moment is a hit among the others of its mail; it is what the rules may ask of them.
type moment struct {
	past *history
	note *note
}

// AfterHidden implements verdicts.Past.
func (m *moment) AfterHidden(within time.Duration) bool { return m.past.trapped(m.note, within) }

// Links implements verdicts.Past.
func (m *moment) Links(links int, within time.Duration) bool {
	return m.past.inBurst(burst{links, within}, m.note.at)
}

// give gives a hit its verdict: by what a person said of its mail, or else by the rules. Only hits
// that came to us are judged by rules; what a provider reports keeps the verdict it came with.
func (s *Service) give(n *note, d *send, m *moment) {
	n.afterDelivery = nil
	if d.deliveredAt != nil {
		after := n.at.Sub(*d.deliveredAt).Milliseconds()
		n.afterDelivery = &after
	}
	switch {
	case d.override != "":
		n.verdict, n.rule = d.override, verdicts.ByStaff
	case n.tracked:
		m.past, m.note = &d.past, n
		ip, _ := netip.ParseAddr(n.ip) // "" is none
		r := s.rules.Judge(&verdicts.Hit{
			Kind: n.kind, At: n.at, Agent: n.agent, IP: ip, Method: n.method, Prefetch: n.prefetch, HiddenLink: n.linkID == render.LinkTrap,
			Sent: d.sentAt, Delivered: d.deliveredAt, Past: m,
		})
		n.verdict, n.rule = r.Verdict, r.ID
	}
}
