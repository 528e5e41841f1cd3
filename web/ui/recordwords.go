package ui

import (
	"fmt"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// businessName is what the head of a page about one business needs.
type businessName struct {
	ID   int64
	Name string
}

// pressedLink says of a link that switches something whether it is on.
func pressedLink(on bool) templ.Attributes {
	if on {
		return templ.Attributes{"aria-current": "true"}
	}
	return nil
}

func pluralWord(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// changedNames are fields by their labels, with what they say now.
func changedNames(fields []editField) string {
	var parts []string
	for _, field := range fields {
		parts = append(parts, field.Label+" is now "+shownValue(field, field.Theirs))
	}
	return strings.Join(parts, "; ")
}

// shownValue is a field's value where it is read and not edited.
func shownValue(f editField, value string) string {
	for _, o := range f.Options {
		if o.Value == value {
			return o.Text
		}
	}
	if value == "" {
		return "nothing"
	}
	return value
}

// reasonLine are the reasons of one channel in one line.
func reasonLine(reasons []reachReason) string {
	var words []string
	for i, r := range reasons {
		word := r.Word
		if i > 0 {
			word = lower(word)
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// standingLine is the word in force on a channel.
func standingLine(c fibonacco.Consent, zone *time.Location, now time.Time) string {
	word := "no"
	if c.Granted {
		word = "yes"
	}
	line := fmt.Sprintf("%s, %s, from %s", word, day(c.OccurredAt.In(zone), now), c.Source)
	if c.Granted && c.Wording == "" {
		line += ", without a wording"
	}
	return line
}

func voicemailSummary(d consentData) string {
	if d.Voicemail.Allowed {
		return "one could leave now"
	}
	if d.Voicemail.Next != nil {
		return lower(skipWord(d.Voicemail.Reason)) + "; the hours allow one next " + moment(d.Voicemail.Next.In(d.Zone), d.Now)
	}
	return lower(skipWord(d.Voicemail.Reason))
}

func suppressedValue(s fibonacco.Suppression) string {
	switch {
	case s.Value == "":
		return "An erased " + map[string]string{"email": "address", "phone": "number"}[s.Kind]
	case s.Kind == "phone":
		return phone(s.Value)
	}
	return s.Value
}

// suppressionWhy is why something is suppressed, in words.
func suppressionWhy(s fibonacco.Suppression) string {
	word, ok := map[string]string{
		"unsubscribe": "Its owner unsubscribed,", "bounce": "Mail there bounced for good,", "complaint": "Its owner reported a mail as spam,",
		"dnc": "It is on a do-not-contact list,", "manual": "Somebody put it there,", "erased": "Its owner was erased,",
	}[s.Reason]
	if !ok {
		word = capital(strings.ReplaceAll(s.Reason, "_", " ")) + ","
	}
	if s.Source != "" {
		word += " " + s.Source + ","
	}
	return word
}

func listed(all []fibonacco.Suppression, kind string) bool {
	for _, s := range all {
		if s.Kind == kind {
			return true
		}
	}
	return false
}

func suggestionHead(c fibonacco.ContactSuggestion) string {
	if len(c.Changes) == 1 {
		return map[string]string{
			"primary_contact_name": "The approver gave another name.", "primary_email": "The approver gave another address.", "primary_phone": "The approver gave another number.",
		}[c.Changes[0].Field]
	}
	return "The approver gave other contact details."
}

// serviceLine is where a service stands.
func serviceLine(s serviceRow, now time.Time) string {
	line := "said yes " + day(s.Said.In(now.Location()), now)
	if s.Line != "" {
		line += ". " + s.Line
	}
	return capital(line)
}

func reviewBadge(r fibonacco.Review) badge {
	switch r.Status {
	case "published":
		return badge{"leaf", "Public"}
	case "held":
		return badge{"", "Held back: " + strings.ReplaceAll(r.HeldReason, "_", " ")}
	}
	return badge{"open", "Waits for its owner"}
}

func couponBadge(state fibonacco.CouponState) badge {
	switch state {
	case fibonacco.CouponLive:
		return badge{"leaf", "Live"}
	case fibonacco.CouponSoon:
		return badge{"open", "Not begun yet"}
	case fibonacco.CouponPaused:
		return badge{"honey", "Paused by its owner"}
	case fibonacco.CouponUsedUp:
		return badge{"", "Used up"}
	case fibonacco.CouponEnded:
		return badge{"", "Over"}
	}
	return badge{"open", "Draft"}
}

// clippedWords is the beginning of a longer text.
func clippedWords(text string) string {
	runes := []rune(text)
	if len(runes) > 90 {
		return string(runes[:90]) + "…"
	}
	return text
}

// postal is an address on one line.
func postal(s fibonacco.SMB) string {
	return businessData{SMB: &s}.Place()
}

// firstReasons are the first two of why two may be the same.
func firstReasons(reasons []string) string {
	return strings.Join(reasons[:min(len(reasons), 2)], ", ")
}

func mergeLine(m fibonacco.Merge, d duplicateData) string {
	at := day(m.MergedAt.In(d.Zone), d.Now)
	if m.OtherID == d.Of.ID {
		return fmt.Sprintf("Became part of business %d, %s", m.SurvivorID, at)
	}
	return fmt.Sprintf("Business %d became part of it, %s", m.OtherID, at)
}

// countOr is a number with its noun, or what to say of none.
func countOr(n int, one, many, none string) string {
	if n == 0 {
		return none
	}
	return plural(n, one, many)
}
