package voicemail

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/fibonacco/fibonacco/campaign/template"
	"github.com/fibonacco/fibonacco/db"
)

const (
	mostSeconds    = 45
	wordsPerMinute = 150  // of a voice that is understood the first time
	mostCharacters = 1200 // that the provider speaks
	identityWithin = 12   // words in which it must have been said who speaks
	optOutWithin   = 25   // words after that in which the number to stop must have begun
)

// script is a campaign's voicemail, compiled; nil text when it has none or it does not compile.
type script struct {
	version time.Time
	text    *template.Template
}

// scriptCache keeps compiled scripts by campaign, until the campaign changes.
type scriptCache struct {
	mu  sync.Mutex
	all map[string]script
}

// loadScripts reads and compiles the scripts of campaigns. A campaign without a usable one is absent.
func (s *Service) loadScripts(ctx context.Context, tx *db.Tx, campaigns []string) (map[string]*template.Template, error) {
	type row struct {
		ID      string
		Script  string
		Version time.Time
	}
	list, err := db.Select[row](ctx, tx, `
		SELECT id, COALESCE(rvm_script, '') AS script, updated_at AS version FROM campaigns WHERE id IN ($1...)`, campaigns)
	if err != nil {
		return nil, fmt.Errorf("read voicemail scripts: %w", err)
	}
	s.scripts.mu.Lock()
	defer s.scripts.mu.Unlock()
	if s.scripts.all == nil {
		s.scripts.all = map[string]script{}
	}
	out := map[string]*template.Template{}
	for _, r := range list {
		known, ok := s.scripts.all[r.ID]
		if !ok || !known.version.Equal(r.Version) {
			known = script{version: r.Version}
			if strings.TrimSpace(r.Script) != "" {
				if known.text, err = template.Compile(r.Script, template.Header); err != nil {
					s.log.ErrorContext(ctx, "voicemail script does not compile: nobody gets it", "campaign", r.ID, "error", err)
				}
			}
			s.scripts.all[r.ID] = known
		}
		if known.text != nil {
			out[r.ID] = known.text
		}
	}
	return out, nil
}

// write personalises a script for a business, as one line.
func (s *Service) write(t *template.Template, b *business) (string, error) {
	first, _, _ := strings.Cut(strings.TrimSpace(b.Contact), " ")
	text, err := t.Render(nil, template.Fields{
		FirstName: first, BusinessName: b.Name, Community: b.Community, Category: b.Category,
		CompanyName: s.name, OptOutNumber: spoken(s.cfg.OptOutNumber), CallbackNumber: spoken(s.cfg.CallbackNumber),
	}.Clean())
	return strings.Join(strings.Fields(string(text)), " "), err
}

// spoken is a number as a voice reads it best: "(800) 555-0100".
func spoken(e164 string) string {
	if len(e164) != 12 {
		return e164
	}
	return "(" + e164[2:5] + ") " + e164[5:8] + "-" + e164[8:]
}

// unfit says what is wrong with a finished script, "" when nothing is: who it is from comes first, the
// number to stop soon after, and all of it within 45 seconds (47 CFR 64.1200(b)).
func (s *Service) unfit(text string) string {
	who, optOut := strings.Index(text, s.name), strings.Index(text, spoken(s.cfg.OptOutNumber))
	switch {
	case who < 0:
		return "it does not say whom it is from"
	case optOut < who:
		return "it does not give the number to stop after whom it is from"
	case words(text[:who]) > identityWithin:
		return "it does not begin with whom it is from"
	case words(text[who+len(s.name):optOut]) > optOutWithin:
		return "it does not give the number to stop at its beginning"
	case len([]rune(text)) > mostCharacters:
		return fmt.Sprintf("it has more than %d characters", mostCharacters)
	case seconds(text) > mostSeconds:
		return fmt.Sprintf("it takes about %d seconds; at most %d", seconds(text), mostSeconds)
	}
	return ""
}

// words counts a text as it is spoken: each digit is a word.
func words(text string) int {
	n := 0
	for _, word := range strings.Fields(text) {
		digits := 0
		for _, r := range word {
			if unicode.IsDigit(r) {
				digits++
			}
		}
		n += max(digits, 1)
	}
	return n
}

// seconds is about how long a text takes to be spoken.
func seconds(text string) int { return (words(text)*60 + wordsPerMinute - 1) / wordsPerMinute }
