package normal

import "strings"

// Street is a street address in the form that addresses are compared in: the building, "466 ct st",
// and the part of it that is meant, "apt 2"; both "" when the address is. The usual words are
// shortened, so "466 Court Street" and "466 COURT ST." are one building.
func Street(address string) (building, unit string) {
	words := strings.Fields(NameKey(strings.ReplaceAll(address, "#", " unit ")))
	if len(words) > 1 && words[0] == words[1] && isDigits(words[0]) {
		words = words[1:] // "481-481 Van Brunt St", as registers write it
	}
	for i, w := range words {
		if short, ok := streetWords[w]; ok {
			words[i] = short
		}
	}
	for i, w := range words {
		// A unit ends an address, and a street comes before it: "Suite Street" is a street.
		if i >= 2 && i+1 < len(words) && unitWords[w] {
			if w == "apt" || w == "ste" || w == "rm" {
				words[i] = "unit" // people do not tell them apart
			}
			return strings.Join(words[:i], " "), strings.Join(words[i:], " ")
		}
	}
	return strings.Join(words, " "), ""
}

var streetWords = map[string]string{
	"street": "st", "avenue": "ave", "av": "ave", "boulevard": "blvd", "road": "rd", "drive": "dr", "place": "pl", "lane": "ln",
	"court": "ct", "square": "sq", "highway": "hwy", "parkway": "pkwy", "terrace": "ter", "floor": "fl", "suite": "ste",
	"apartment": "apt", "building": "bldg", "room": "rm", "north": "n", "south": "s", "east": "e", "west": "w",
	"first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th", "sixth": "6th", "seventh": "7th",
	"eighth": "8th", "ninth": "9th", "tenth": "10th", "saint": "st",
}

var unitWords = map[string]bool{"apt": true, "unit": true, "ste": true, "fl": true, "rm": true, "bldg": true, "bsmt": true}

// NoPhone reports whether a number in E.164 is one that people write when there is none:
// 718-999-9999, or directory assistance.
func NoPhone(e164 string) bool {
	if len(e164) < 8 {
		return true
	}
	local := e164[len(e164)-7:]
	return local == "5551212" || strings.Count(local, local[:1]) == len(local)
}
