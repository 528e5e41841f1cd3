package ui

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// beginNewPasskey and addPasskey speak JSON with passkey.js.
func (u *ui) beginNewPasskey(w http.ResponseWriter, r *http.Request) error {
	c, err := u.Access.BeginNewPasskey(r.Context())
	if err != nil {
		edge.Write(w, r, err)
		return nil
	}
	writeJSON(w, c)
	return nil
}

func (u *ui) addPasskey(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Ceremony   string          `json:"ceremony"`
		Name       string          `json:"name"`
		Credential json.RawMessage `json:"credential"`
	}
	err := readJSON(w, r, &in)
	if err == nil {
		_, err = u.Access.AddPasskey(r.Context(), in.Ceremony, in.Name, in.Credential)
	}
	if err != nil {
		edge.Write(w, r, err)
		return nil
	}
	writeJSON(w, map[string]string{"location": "/account?done=passkey#passkeys"})
	return nil
}

func (u *ui) renamePasskey(w http.ResponseWriter, r *http.Request) error {
	_, err := u.Access.RenamePasskey(r.Context(), pathID(r), posted(w, r)("name"))
	return u.done(w, r, "passkeys", "named", err)
}

func (u *ui) removePasskey(w http.ResponseWriter, r *http.Request) error {
	return u.done(w, r, "passkeys", "removed", u.Access.RemovePasskey(r.Context(), pathID(r)))
}

// invalid marks an input that was refused.
func invalid(wrong []fibonacco.FieldError, field string) templ.Attributes {
	if reasonOf(wrong, field) == "" {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": "wrong-" + field}
}

// dayOf is the date of a real moment, with the year where it is another.
func dayOf(at, now time.Time) string {
	if at.Year() == now.Year() {
		return at.Format("2 January")
	}
	return at.Format("2 January 2006")
}

// usedAt is when something was last used.
func usedAt(at *time.Time, now time.Time) string {
	if at == nil {
		return "never used"
	}
	if now.Sub(*at) < 2*time.Minute {
		return "used just now"
	}
	return "last used " + dayOf(*at, now)
}

// expiry is how long a token is good.
func expiry(at *time.Time, now time.Time) string {
	switch {
	case at == nil:
		return "never expires"
	case !at.After(now):
		return "expired"
	}
	return "until " + dayOf(at.Add(-time.Second), now)
}

// passkeyFacts and sessionFacts are what there is to say of one, in a line.
func passkeyFacts(k fibonacco.Passkey, now time.Time) string {
	facts := []string{"added " + dayOf(k.CreatedAt, now), usedAt(k.LastUsedAt, now)}
	if k.Synced {
		facts = append(facts, "on several devices")
	}
	return strings.Join(facts, ", ")
}

func sessionFacts(s fibonacco.Session, now time.Time) string {
	facts := []string{methodWords[s.Method]}
	if s.IP != "" {
		facts = append(facts, "from "+s.IP)
	}
	return strings.Join(append(facts, "since "+dayOf(s.CreatedAt, now), usedAt(&s.LastSeenAt, now)), ", ")
}

// methodWords is how somebody came in.
var methodWords = map[string]string{
	"password": "Password", "totp": "Password and code", "recovery_code": "Password and recovery code", "passkey": "Passkey", "sso": "Single sign-on",
}

// browserOf makes a few words of what a browser calls itself: the browsers and systems that people
// know, and otherwise its own first word.
func browserOf(agent string) string {
	pick := func(names [][2]string) string {
		for _, n := range names {
			if strings.Contains(agent, n[0]) {
				return n[1]
			}
		}
		return ""
	}
	browser := pick([][2]string{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}})
	system := pick([][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS X", "Mac"}, {"Linux", "Linux"}})
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser+system != "":
		return browser + system
	}
	first, _, _ := strings.Cut(agent, " ")
	if first == "" {
		return "Unknown browser"
	}
	return first
}

// abilityWords is what the abilities mean to people.
var abilityWords = map[fibonacco.Ability]string{
	fibonacco.ReadSMBs: "Look at businesses", fibonacco.WriteSMBs: "Change businesses", fibonacco.ImportSMBs: "Import files",
	fibonacco.ExportSMBs: "Export whole lists", fibonacco.ReadCampaigns: "Look at campaigns", fibonacco.WriteCampaigns: "Change campaigns",
	fibonacco.RunProgramme: "Start, pause and resume", fibonacco.ReadOperations: "Look at queues", fibonacco.RunOperations: "Steer queues",
	fibonacco.AdminAccess: "Users, tokens and the audit log",
}

// abilitiesOf says what a token may, in a few words.
func abilitiesOf(t fibonacco.AccessToken) string {
	if len(t.Abilities) == 0 {
		return "whatever the role may"
	}
	var words []string
	for _, a := range t.Abilities {
		words = append(words, string(a))
	}
	return strings.Join(words, ", ")
}

// wrongIn is what was refused, when it was in a section.
func wrongIn(d accountData, section string) []fibonacco.FieldError {
	if !d.In(section) {
		return nil
	}
	return d.Wrong
}
