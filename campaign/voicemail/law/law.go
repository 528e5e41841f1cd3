// Package law knows when a recorded voice may be left at a telephone in the United States: hours by
// weekday, days off, attempts and consent, state by state. What it knows is data with its sources:
// states.yaml for the rules, areas.txt for what an area code says of where a telephone is.
//
// Where a telephone is can only be guessed: the business's town, its own address and the area code
// each name a place, and the hours of all of them are kept. The package decides and explains; it
// stores nothing, and knows nothing of businesses, consents or limits by tier.
package law

import (
	"fmt"
	"strings"
	"time"
)

// Span is a part of a day in minutes since midnight, local time: From ≤ minute < Until. The zero Span
// holds no minute.
type Span struct{ From, Until int }

// None reports whether no minute is in the span.
func (s Span) None() bool { return s.From >= s.Until }

// String is the span as people read it: "09:00–20:00", or "never".
func (s Span) String() string {
	if s.None() {
		return "never"
	}
	return clockTime(s.From) + "–" + clockTime(s.Until)
}

func clockTime(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

// with is the minutes that are in both.
func (s Span) with(o Span) Span { return Span{max(s.From, o.From), min(s.Until, o.Until)} }

// Rule is the law of one state.
type Rule struct {
	State       string // "FL"; "" is the federal rule
	Hours       [7]Span
	DayOff      *Span // hours on a day off; nil is as usual
	Attempts24h int   // calls to one number within 24 hours; 0 is as many as one likes
	Consent     bool  // needs consent on record, whatever the settings say
	Sources     []string
	Sure        bool   // false: rests on one vendor's table, a bill, or an older text
	Note        string // "" when there is nothing to add
}

// On is the hours of a weekday, and whether it is a day off.
func (r *Rule) On(day time.Weekday, off bool) Span {
	hours := r.Hours[day]
	if off && r.DayOff != nil {
		return hours.with(*r.DayOff)
	}
	return hours
}

// Source is the sources as one line.
func (r *Rule) Source() string { return strings.Join(r.Sources, "; ") }

// book is all that states.yaml says.
type book struct {
	federal  Rule
	states   map[string]*Rule
	holidays map[string][]holiday // by state; "federal" is everybody's
}

// Of is the rule of a state by its two letters. A state with no rule of its own, or an unknown one,
// has the federal rule, under its own name.
func Of(state string) Rule {
	if r := theBook().states[state]; r != nil {
		return *r
	}
	r := theBook().federal
	r.State = state
	return r
}

// Federal is the rule that holds everywhere.
func Federal() Rule { return theBook().federal }

// States is the states with a rule of their own.
func States() []string {
	var all []string
	for state := range theBook().states {
		all = append(all, state)
	}
	return all
}
