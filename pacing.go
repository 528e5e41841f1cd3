package fibonacco

import (
	"math"
	"strconv"
	"strings"
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
