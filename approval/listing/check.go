package listing

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/plaintext"
)

// What a page holds at most.
const (
	mostServices  = 40
	mostQuestions = 20
	mostAbout     = 3000 // characters
	spansOfDay    = 2
)

var (
	stateForm = regexp.MustCompile(`^[A-Z]{2}$`)
	zipForm   = regexp.MustCompile(`^[0-9]{5}(-[0-9]{4})?$`)
)

// checks collects what is wrong, so that an owner sees all of it at once.
type checks []fibonacco.FieldError

func (c *checks) refuse(field, reason string) {
	*c = append(*c, fibonacco.FieldError{Field: field, Reason: reason})
}

// short refuses a text of more characters than most.
func (c *checks) short(field, text string, most int) {
	if n := utf8.RuneCountInString(text); n > most {
		c.refuse(field, fmt.Sprintf("has %d characters: at most %d fit", n, most))
	}
}

func (c checks) err() error { return fibonacco.InvalidFields("the page cannot be saved", c) }

// checkFacts cleans the facts and says what is wrong with them.
func checkFacts(p *fibonacco.BusinessProfile) error {
	var c checks
	p.About = plaintext.Paragraphs(p.About)
	for _, f := range []struct {
		name string
		text *string
		most int
	}{
		{"name", &p.Name, 100},
		{"category", &p.Category, 100},
		{"phone", &p.Phone, 50},
		{"email", &p.Email, 254},
		{"website", &p.Website, 500},
		{"street", &p.Street, 200},
		{"city", &p.City, 100},
		{"state", &p.State, 20},
		{"zip", &p.ZIP, 20},
	} {
		*f.text = plaintext.Line(*f.text)
		c.short(f.name, *f.text, f.most)
	}
	c.short("about", p.About, mostAbout)
	if p.Name == "" {
		c.refuse("name", "is missing: what do customers call you?")
	}
	if p.Phone != "" {
		number, err := phonenumbers.Parse(p.Phone, "US")
		if err != nil || !phonenumbers.IsValidNumber(number) {
			c.refuse("phone", "is not a telephone number: it should look like (718) 555-0142")
		} else {
			p.Phone = phonenumbers.Format(number, phonenumbers.E164)
		}
	}
	if p.Email = fibonacco.NormalizeEmail(p.Email); p.Email != "" && !fibonacco.ValidEmail(p.Email) {
		c.refuse("email", "is not an email address: it should look like name@example.com")
	}
	if p.Website != "" {
		site, ok := plaintext.WebAddress(p.Website)
		if !ok {
			c.refuse("website", "is not the address of a website: it should look like www.example.com")
		}
		p.Website = site
	}
	if p.State = strings.ToUpper(p.State); p.State != "" && !stateForm.MatchString(p.State) {
		c.refuse("state", "should be two letters, like NY")
	}
	if p.ZIP != "" && !zipForm.MatchString(p.ZIP) {
		c.refuse("zip", "should be five digits, like 11231")
	}
	return c.err()
}

// checkHours brings spans in order, and says which days are wrong.
func checkHours(hours []fibonacco.OpeningHours) ([]fibonacco.OpeningHours, error) {
	var c checks
	type interval struct{ from, to int } // minutes since the week began
	var all []interval
	for day := time.Sunday; day <= time.Saturday; day++ {
		field := "hours[" + strings.ToLower(day.String()) + "]"
		var spans []interval
		bad := false
		for _, h := range hours {
			if h.Day != day {
				continue
			}
			opens, ok1 := fibonacco.DayMinute(h.Opens)
			closes, ok2 := fibonacco.DayMinute(h.Closes)
			if !ok1 || !ok2 || opens == 24*60 || opens == closes {
				bad = true
				continue
			}
			if closes < opens {
				closes += 24 * 60
			}
			spans = append(spans, interval{opens + int(day)*24*60, closes + int(day)*24*60})
		}
		slices.SortFunc(spans, func(a, b interval) int { return a.from - b.from })
		switch {
		case bad:
			c.refuse(field, "needs an opening and a closing time")
		case len(spans) > spansOfDay:
			c.refuse(field, "has more than two spans of time")
		case len(spans) == 2 && spans[0].to > spans[1].from:
			c.refuse(field, "has two spans of time that overlap")
		default:
			if n := len(all); n > 0 && len(spans) > 0 && all[n-1].to > spans[0].from {
				c.refuse(field, "begins before the night before has ended")
			}
		}
		all = append(all, spans...)
	}
	const week = 7 * 24 * 60
	if n := len(all); len(c) == 0 && n > 1 && all[n-1].to-week > all[0].from {
		c.refuse("hours[sunday]", "begins before the night before has ended")
	}
	for _, h := range hours {
		if h.Day < time.Sunday || h.Day > time.Saturday {
			c.refuse("hours", "name a day that there is not")
		}
	}
	sorted := slices.Clone(hours)
	slices.SortStableFunc(sorted, func(a, b fibonacco.OpeningHours) int {
		if a.Day != b.Day {
			return int(a.Day - b.Day)
		}
		return strings.Compare(a.Opens, b.Opens)
	})
	return sorted, c.err()
}

// checkAnswers cleans services and questions, leaves out what is empty, and says what is wrong.
func checkAnswers(services []string, questions []fibonacco.Answered) ([]string, []fibonacco.Answered, error) {
	var c checks
	kept, answered := []string{}, []fibonacco.Answered{}
	for _, one := range services {
		if one = plaintext.Line(one); one != "" && !slices.Contains(kept, one) {
			if utf8.RuneCountInString(one) > 120 {
				c.refuse("services", "has a line of more than 120 characters: "+plaintext.Cut(one, 30)+"…")
			}
			kept = append(kept, one)
		}
	}
	if len(kept) > mostServices {
		c.refuse("services", fmt.Sprintf("has %d lines: at most %d fit", len(kept), mostServices))
	}
	for i, q := range questions {
		q.Question, q.Answer = plaintext.Line(q.Question), plaintext.Paragraphs(q.Answer)
		field := fmt.Sprintf("questions[%d].", i)
		c.short(field+"question", q.Question, 200)
		c.short(field+"answer", q.Answer, 1000)
		switch {
		case q.Question == "" && q.Answer == "":
			continue
		case q.Question == "":
			c.refuse(field+"question", "is missing")
		case q.Answer == "":
			c.refuse(field+"answer", "is missing")
		}
		answered = append(answered, q)
	}
	if len(answered) > mostQuestions {
		c.refuse("questions", fmt.Sprintf("are %d: at most %d fit", len(answered), mostQuestions))
	}
	return kept, answered, c.err()
}

// checkAlt cleans the words for a photo.
func checkAlt(alt string) (string, error) {
	var c checks
	if alt = plaintext.Line(alt); alt == "" {
		c.refuse("alt", "is missing: say in a few words what the photo shows, for people who cannot see it")
	}
	c.short("alt", alt, 200)
	return alt, fibonacco.InvalidFields("the photo cannot be used", c)
}
