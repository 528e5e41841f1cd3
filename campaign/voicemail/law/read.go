package law

import (
	"bytes"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed states.yaml
var statesYAML []byte

// theBook reads the embedded file once. It is part of the program, so a mistake in it panics; the
// tests would not let it out.
var theBook = sync.OnceValue(func() *book {
	b, err := readBook(statesYAML)
	if err != nil {
		panic("law: states.yaml: " + err.Error())
	}
	return b
})

// entry is a state as the file has it.
type entry struct {
	Weekdays    string   `yaml:"weekdays"`
	Saturday    string   `yaml:"saturday"`
	Sunday      string   `yaml:"sunday"`
	Holidays    string   `yaml:"holidays"`
	Attempts24h int      `yaml:"attempts_24h"`
	Consent     string   `yaml:"consent"`
	Sources     []string `yaml:"sources"`
	Sure        *bool    `yaml:"sure"`
	Note        string   `yaml:"note"`
}

// readBook reads a file of rules and refuses one that says something it does not understand.
func readBook(text []byte) (*book, error) {
	var file struct {
		Federal  entry                        `yaml:"federal"`
		Sources  map[string]string            `yaml:"sources"`
		States   map[string]entry             `yaml:"states"`
		Holidays map[string]map[string]string `yaml:"holidays"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil {
		return nil, err
	}
	federal, err := file.Federal.rule("", file.Sources)
	if err != nil {
		return nil, fmt.Errorf("federal: %w", err)
	}
	b := &book{federal: *federal, states: map[string]*Rule{}, holidays: map[string][]holiday{}}
	for state, e := range file.States {
		r, err := e.rule(state, file.Sources)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", state, err)
		}
		// No state can allow what federal law forbids.
		for day := range r.Hours {
			r.Hours[day] = r.Hours[day].with(federal.Hours[day])
		}
		b.states[state] = r
	}
	for state, days := range file.Holidays {
		for name, when := range days {
			h, err := readHoliday(name, when)
			if err != nil {
				return nil, fmt.Errorf("holidays of %s: %s: %w", state, name, err)
			}
			b.holidays[state] = append(b.holidays[state], h)
		}
	}
	return b, nil
}

func (e entry) rule(state string, sources map[string]string) (*Rule, error) {
	r := &Rule{State: state, Attempts24h: e.Attempts24h, Sure: e.Sure == nil || *e.Sure, Note: e.Note}
	weekdays, err := readSpan(e.Weekdays)
	if err != nil {
		return nil, fmt.Errorf("weekdays: %w", err)
	}
	for day := 1; day <= 5; day++ {
		r.Hours[day] = weekdays
	}
	if r.Hours[6], err = readSpan(e.Saturday); err != nil {
		return nil, fmt.Errorf("saturday: %w", err)
	}
	if r.Hours[0], err = readSpan(e.Sunday); err != nil {
		return nil, fmt.Errorf("sunday: %w", err)
	}
	if e.Holidays != "" && e.Holidays != "as usual" {
		off, err := readSpan(e.Holidays)
		if err != nil {
			return nil, fmt.Errorf("holidays: %w", err)
		}
		r.DayOff = &off
	}
	switch e.Consent {
	case "always":
		r.Consent = true
	case "":
	default:
		return nil, fmt.Errorf("consent: %q is neither \"always\" nor left out", e.Consent)
	}
	if len(e.Sources) == 0 {
		return nil, fmt.Errorf("names no source")
	}
	for _, s := range e.Sources {
		if full, ok := sources[s]; ok {
			s = full
		}
		r.Sources = append(r.Sources, s)
	}
	return r, nil
}

// readSpan reads "9:00-20:00" or "none".
func readSpan(text string) (Span, error) {
	if text == "none" {
		return Span{}, nil
	}
	from, until, ok := strings.Cut(text, "-")
	if !ok {
		return Span{}, fmt.Errorf("%q is neither \"none\" nor hours like 9:00-20:00", text)
	}
	var s Span
	var err error
	if s.From, err = minutes(from); err != nil {
		return s, err
	}
	if s.Until, err = minutes(until); err != nil {
		return s, err
	}
	if s.None() {
		return s, fmt.Errorf("%q ends before it begins", text)
	}
	return s, nil
}

// minutes reads "9:00" as minutes since midnight; "24:00" is the end of the day.
func minutes(text string) (int, error) {
	hour, minute, ok := strings.Cut(text, ":")
	h, err1 := strconv.Atoi(hour)
	m, err2 := strconv.Atoi(minute)
	if !ok || err1 != nil || err2 != nil || h < 0 || m < 0 || m > 59 || h*60+m > 24*60 {
		return 0, fmt.Errorf("%q is not a time like 9:00", text)
	}
	return h*60 + m, nil
}
