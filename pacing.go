package fibonacco

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// DomainLimit is how much mail the recipients of one domain get. A zero sets no limit.
type DomainLimit struct {
	Connections int     // mails under way at once, on each node
	Rate        float64 // mails a second, all nodes together
}

// ParseDomainLimits reads limits by domain, each as "gmail.com connections=4 rate=20". Returns
// Invalid for what it cannot read.
func ParseDomainLimits(texts []string) (map[string]DomainLimit, error) {
	limits := map[string]DomainLimit{}
	for _, text := range texts {
		words := strings.Fields(strings.ToLower(text))
		if len(words) < 2 || !strings.Contains(words[0], ".") || strings.ContainsAny(words[0], "@=/:") {
			return nil, Errorf(Invalid, "a domain's limit must look like gmail.com connections=4 rate=20")
		}
		name := strings.TrimSuffix(words[0], ".")
		if _, twice := limits[name]; twice {
			return nil, Errorf(Invalid, "%s is named twice", name)
		}
		var limit DomainLimit
		for _, word := range words[1:] {
			key, value, _ := strings.Cut(word, "=")
			var err error
			switch key {
			case "connections":
				limit.Connections, err = strconv.Atoi(value)
			case "rate":
				limit.Rate, err = strconv.ParseFloat(value, 64)
			default:
				return nil, Errorf(Invalid, "%s has connections and rate, not %s", name, key)
			}
			if err != nil || limit.Connections < 0 || !(limit.Rate >= 0) || math.IsInf(limit.Rate, 0) {
				return nil, Errorf(Invalid, "%s of %s must be a number, 0 or more", key, name)
			}
		}
		limits[name] = limit
	}
	return limits, nil
}

// WarmupConfig lets the volume grow day by day while a new domain or address becomes known. Days
// are UTC.
type WarmupConfig struct {
	Start   string  `yaml:"start"`   // MAIL_WARMUP_START; "2026-11-02"; "" is no warm-up
	First   int     `yaml:"first"`   // mails on the first day
	Growth  float64 `yaml:"growth"`  // each day's volume by the one before
	Most    int     `yaml:"most"`    // the warm-up is over when a day's volume would reach it
	Volumes []int   `yaml:"volumes"` // mails on each day, instead of First and Growth; then it is over
}

// Volume is how many mails may leave on a day like "2026-11-02". limited is false before the warm-up
// and after it.
func (c WarmupConfig) Volume(date string) (volume int, limited bool) {
	start, err := time.Parse(time.DateOnly, c.Start)
	if err != nil {
		return 0, false
	}
	day, err := time.Parse(time.DateOnly, date)
	if err != nil || day.Before(start) {
		return 0, false
	}
	n := int(day.Sub(start) / (24 * time.Hour))
	if len(c.Volumes) > 0 {
		if n >= len(c.Volumes) {
			return 0, false
		}
		return c.Volumes[n], true
	}
	grown := math.Floor(float64(c.First)*math.Pow(c.Growth, float64(n)) + 1e-9)
	if grown >= float64(c.Most) {
		return 0, false
	}
	return int(grown), true
}
