package law

import (
	"slices"
	"time"
)

// Company is when the company itself leaves voicemails: narrower than the law, by its own choice.
type Company struct {
	Hours   Span
	Days    [7]bool // by time.Weekday
	DaysOff bool    // also on days off
}

// Landing is how long before hours end nothing more is handed over: a voicemail may take minutes to
// arrive.
const Landing = 10 * time.Minute

// Party is who is called, as far as the law asks: every state and time zone that the telephone may
// be in. The hours of all of them are kept.
type Party struct {
	rules []Rule
	zones []*time.Location
}

// NewParty is a party with a home: the time zone of its community, the states named for it (its
// community's, its own address's; "" counts for none), and what its area code says. Florida, Oklahoma
// and Washington presume by law that who has their area code lives there; here every state does. A
// state that the home's clock is not used in brings its own.
func NewParty(zone *time.Location, area Area, states ...string) Party {
	p := Party{zones: []*time.Location{zone}}
	p.addZones(area.Zones)
	for _, s := range states {
		if zones := ZonesOf(s); !slices.ContainsFunc(zones, func(z *time.Location) bool { return sameClock(z, zone) }) {
			p.addZones(zones)
		}
	}
	for _, s := range append(states, area.State) {
		if s != "" && !slices.ContainsFunc(p.rules, func(r Rule) bool { return r.State == s }) {
			p.rules = append(p.rules, Of(s))
		}
	}
	if len(p.rules) == 0 {
		p.rules = []Rule{Federal()}
	}
	return p
}

func (p *Party) addZones(zones []*time.Location) {
	for _, z := range zones {
		if !slices.ContainsFunc(p.zones, func(o *time.Location) bool { return sameClock(o, z) }) {
			p.zones = append(p.zones, z)
		}
	}
}

// sameClock reports whether two zones show the same time all year, as they do it now.
func sameClock(a, b *time.Location) bool {
	if a.String() == b.String() {
		return true
	}
	for _, at := range seasons {
		_, x := at.In(a).Zone()
		_, y := at.In(b).Zone()
		if x != y {
			return false
		}
	}
	return true
}

var seasons = [...]time.Time{time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC), time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)}

// Rules is the rule of each state that may be the party's.
func (p Party) Rules() []Rule { return p.rules }

// Zones is each time zone that may be the party's, the community's first.
func (p Party) Zones() []*time.Location { return p.zones }

// Consent is the rule that asks for consent whatever the settings say, nil when none does.
func (p Party) Consent() *Rule {
	for i := range p.rules {
		if p.rules[i].Consent {
			return &p.rules[i]
		}
	}
	return nil
}

// Attempts24h is the fewest calls within 24 hours that a state allows to one number; 0 when none says.
func (p Party) Attempts24h() (most int, by Rule) {
	for _, r := range p.rules {
		if r.Attempts24h > 0 && (most == 0 || r.Attempts24h < most) {
			most, by = r.Attempts24h, r
		}
	}
	return most, by
}

// Allowed reports whether a voicemail may be handed over at a moment: in every time zone that may be
// the party's, the hours of every state that may be, and those of the company.
func (p Party) Allowed(c Company, at time.Time) bool {
	for _, zone := range p.zones {
		local := at.In(zone)
		if !c.open(p, local) {
			return false
		}
		for i := range p.rules {
			if !p.rules[i].open(local) {
				return false
			}
		}
	}
	return true
}

// open reports whether the state's hours hold a local time.
func (r *Rule) open(local time.Time) bool {
	off := r.DayOff != nil && Holiday(r.State, local) != ""
	return r.On(local.Weekday(), off).Holds(local)
}

// open reports whether the company's window holds a local time of a party's.
func (c Company) open(p Party, local time.Time) bool {
	if !c.Days[local.Weekday()] || !c.Hours.Holds(local) {
		return false
	}
	return c.DaysOff || p.DayOff(local) == ""
}

// DayOff is the name of the day off that a local date is in any state that may be the party's, "" when it is
// none.
func (p Party) DayOff(local time.Time) string {
	for i := range p.rules {
		if name := Holiday(p.rules[i].State, local); name != "" {
			return name
		}
	}
	return ""
}

// Holds reports whether a local time is in the span, far enough from its end to land in it.
func (s Span) Holds(local time.Time) bool {
	hour, minute, _ := local.Clock()
	now := hour*60 + minute
	return now >= s.From && now < s.Until-int(Landing/time.Minute)
}

// searchDays is how far ahead Next looks: longer than any row of days off.
const searchDays = 14

// Next is the first permitted day whose time of day, at minutes after midnight in the party's
// community, is not over at from; and on that day the first allowed moment that is not before. ok is
// false when two weeks have none: the places the telephone may be in then have no hours in common.
func (p Party) Next(c Company, from time.Time, at int) (when time.Time, ok bool) {
	home := p.zones[0]
	y, m, d := from.In(home).Date()
	for n := range searchDays {
		begin := time.Date(y, m, d+n, 0, at, 0, 0, home)
		end := time.Date(y, m, d+n+1, 0, 0, 0, 0, home)
		if begin.Before(from) {
			continue
		}
		for _, t := range p.openings(c, begin, end) {
			if p.Allowed(c, t) {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

// openings is begin, and every moment after it and before end at which some hours begin: what is
// allowed is where all of them meet, so that it begins at one of these.
func (p Party) openings(c Company, begin, end time.Time) []time.Time {
	if !begin.Before(end) {
		return nil
	}
	all := []time.Time{begin}
	for _, zone := range p.zones {
		y, m, d := begin.In(zone).Date()
		for n := range 3 { // a day there overlaps up to two of ours, and summer time may begin
			opens := []int{c.Hours.From}
			weekday := time.Date(y, m, d+n, 12, 0, 0, 0, zone).Weekday()
			for i := range p.rules {
				opens = append(opens, p.rules[i].On(weekday, false).From, p.rules[i].On(weekday, true).From)
			}
			for _, minute := range opens {
				if t := time.Date(y, m, d+n, 0, minute, 0, 0, zone); t.After(begin) && t.Before(end) {
					all = append(all, t)
				}
			}
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}
