package voicemail

import (
	"fmt"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/voicemail/law"
)

// What providers and the narrowest states allow to one number.
const (
	most24h = 3
	most3d  = 3
)

// rule is one thing that must hold for a voicemail, as rules calls it.
type rule struct {
	name   string
	ok     bool
	reason fibonacco.SkipReason // when it does not hold
	later  bool                 // another day may do: a planned voicemail moves, and is not cancelled
	now    bool                 // is asked when it is to leave, not when it is planned
	why    func() string        // a sentence
	source string
}

// standing is every rule about who is called, and how often; when is hours's business.
func (s *Service) standing(b *business, each func(rule)) {
	each(rule{"record", !b.Deleted, fibonacco.Deleted, false, false, say(!b.Deleted, "the business is on record", "the business has been deleted"), ""})
	each(rule{"do not contact", !b.DNC, fibonacco.DoNotContact, false, false, say(!b.DNC, "nobody has said not to contact it", "the business must not be contacted"), ""})
	each(rule{"opt-in", b.OptedIn, fibonacco.NotOptedIn, false, false, say(b.OptedIn, "voicemails are opted in to", "voicemails are opted out of"), "47 CFR 64.1200(a)(10)"})
	paused := b.Status == fibonacco.StatusPaused
	each(rule{"programme", !paused, fibonacco.Paused, false, false, say(!paused, "the programme is not paused", "the programme is paused: nothing leaves"), ""})
	each(rule{
		"pause", !b.Resting, fibonacco.AskedForPause, false, false,
		say(!b.Resting, "it has not asked for a pause", "it has asked for a pause on its preference page"), "",
	})
	each(rule{"telephone", b.Phone != "", fibonacco.NoPhone, false, false, say(b.Phone != "", "there is a number on file", "there is no telephone number on file"), ""})
	if b.Phone != "" {
		usable := b.area.Kind == law.Local || b.area.Kind == law.Nowhere
		each(rule{"number", usable, fibonacco.InvalidPhone, false, false, func() string { return numberSentence(b) }, "areas.txt"})
		each(rule{
			"do-not-call lists", !b.blocked, fibonacco.Suppressed, false, false,
			say(!b.blocked, "the number is on no do-not-call list of ours", "the number is on a do-not-call list"), "47 CFR 64.1200(c)(2), (d)",
		})
	}
	s.consentRule(b, each)
	most, because, source := most24h, "are allowed everywhere that limits them", "rvm provider"
	if limit, by := b.party.Attempts24h(); limit > 0 {
		most, because, source = min(most, limit), "are allowed in "+by.State, by.Source()
	}
	each(rule{"tries in 24 hours", b.tries.Last24h < most, fibonacco.AttemptLimit, true, false, func() string {
		return fmt.Sprintf("%d tries in the last 24 hours; %d %s", b.tries.Last24h, most, because)
	}, source})
	each(rule{"tries in 3 days", b.tries.Last3d < most3d, fibonacco.AttemptLimit, true, false, func() string {
		return fmt.Sprintf("%d tries in the last 3 days; the provider takes %d", b.tries.Last3d, most3d)
	}, "Drop Cowboy, contact frequency"})
	each(rule{
		"one at a time", b.tries.Open == 0, fibonacco.Duplicate, true, true,
		say(b.tries.Open == 0, "no other voicemail is on its way there", "another voicemail is on its way to the number"), "",
	})
}

// consentRule asks for consent when the settings do, or a state that may be the telephone's.
func (s *Service) consentRule(b *business, each func(rule)) {
	state := b.party.Consent()
	needed, source := s.cfg.RequireConsent, "47 CFR 64.1200(a)(2), (f)(9); FCC 22-85, FCC 24-17; rvm.require_consent"
	if state != nil {
		needed, source = true, source+"; "+state.Source()
	}
	each(rule{"consent", b.consent || !needed, fibonacco.NoConsent, false, false, func() string {
		switch {
		case b.consent:
			return "written consent is on record"
		case state != nil && !s.cfg.RequireConsent:
			return "there is no written consent on record, and " + state.State + " wants it whatever the settings say"
		case needed:
			return "there is no written consent on record"
		}
		return "there is no written consent on record, and rvm.require_consent is off"
	}, source})
}

// refuses is the first rule of standing that does not hold; ok is true when all do. leaving is whether
// the voicemail is to leave now, not to be planned.
func (s *Service) refuses(b *business, leaving bool) (reason fibonacco.SkipReason, later, ok bool) {
	ok = true
	s.standing(b, func(r rule) {
		if ok && !r.ok && (leaving || !r.now) {
			reason, later, ok = r.reason, r.later, false
		}
	})
	return reason, later, ok
}

// hours is every rule about when, for every place where the telephone may be.
func (s *Service) hours(b *business, at time.Time, each func(rule)) {
	for _, zone := range b.party.Zones() {
		local := at.In(zone)
		where := zone.String()
		for _, r := range b.party.Rules() {
			s.stateHours(r, local, where, each)
		}
		span, day := s.company.Hours, local.Weekday()
		ok := s.company.Days[day] && span.Holds(local)
		each(rule{"company hours in " + where, ok, fibonacco.OutsideHours, true, false, func() string {
			if !s.company.Days[day] {
				return fmt.Sprintf("it is %s there, and the company leaves no voicemails on %ss", local.Format("Mon 15:04"), day)
			}
			return fmt.Sprintf("it is %s there; the company leaves voicemails %s", local.Format("Mon 15:04"), span)
		}, "rvm.window_from_local, rvm.window_until_local, rvm.window_days"})
		if !s.company.DaysOff {
			off := b.party.DayOff(local)
			each(rule{"days off in " + where, off == "", fibonacco.OutsideHours, true, false, func() string {
				if off == "" {
					return local.Format("2 January 2006") + " is no day off"
				}
				return local.Format("2 January 2006") + " is a day off: " + off
			}, "rvm.on_holidays"})
		}
	}
}

func (s *Service) stateHours(r law.Rule, local time.Time, where string, each func(rule)) {
	name := r.State
	if name == "" {
		name = "the United States"
	}
	off := ""
	if r.DayOff != nil {
		off = law.Holiday(r.State, local)
	}
	span := r.On(local.Weekday(), off != "")
	each(rule{"hours of " + name + " in " + where, span.Holds(local), fibonacco.OutsideHours, true, false, func() string {
		day := local.Weekday().String() + "s"
		if off != "" {
			day = off
		}
		text := fmt.Sprintf("it is %s there; allowed %s on %s", local.Format("Mon 15:04"), span, day)
		if !r.Sure {
			text += " (not certain)"
		}
		if r.Note != "" {
			text += ". " + r.Note
		}
		return text
	}, r.Source()})
}

// numberSentence says what the area code tells.
func numberSentence(b *business) string {
	switch b.area.Kind {
	case law.TollFree:
		return "the number is toll free: nobody can say where it rings"
	case law.Nowhere:
		return "the number is made up: nothing is dialled"
	case law.Unknown:
		return "the number is not one in the United States that takes voicemail"
	}
	var zones []string
	for _, z := range b.area.Zones {
		zones = append(zones, z.String())
	}
	return fmt.Sprintf("area code %s is in %s, %s", b.area.Code, b.area.State, strings.Join(zones, " and "))
}

// say chooses a sentence.
func say(ok bool, yes, no string) func() string {
	return func() string {
		if ok {
			return yes
		}
		return no
	}
}
