package imports

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// kind is what a value looks like.
type kind int

const (
	likeEmail  kind = iota
	likePhone       // with the punctuation of one
	likeDigits      // a number that could ring, without any
	likeZIP
	likeState
	likeURL
	likeLongitude
	likeLatitude
	likePair
	likeStreet
	likeBusiness
	likePerson
	likeYesNo
	likeDate
	likeIP
	kinds
)

var kindNames = [kinds]string{
	"e-mail addresses", "telephone numbers", "numbers of ten digits", "ZIPs", "states", "web addresses", "longitudes", "latitudes",
	"pairs of coordinates", "street addresses", "names with LLC, Inc. and the like", "names of people", "yes or no", "dates", "IP addresses",
}

// kindOf is what the values of a field look like, where they look like anything.
var kindOf = map[field]kind{
	email: likeEmail, phone: likePhone, zip: likeZIP, state: likeState, longitude: likeLongitude, latitude: likeLatitude, pair: likePair,
	emailConsent: likeYesNo, smsConsent: likeYesNo, rvmConsent: likeYesNo, phoneConsent: likeYesNo, consentDate: likeDate, consentIP: likeIP,
}

// looks is what the values of a column look like.
type looks struct {
	n     int // values that are not blank
	kinds [kinds]int
	first string
	same  bool // all are first
}

// lookAt looks at one column of a sample.
func lookAt(sample [][]string, i int) looks {
	l := looks{same: true}
	for _, row := range sample {
		if i >= len(row) || placeholder(row[i]) && row[i] != "0" && !strings.EqualFold(row[i], "no") && !strings.EqualFold(row[i], "x") {
			continue
		}
		v := row[i]
		if l.n++; l.n == 1 {
			l.first = v
		}
		l.same = l.same && v == l.first
		l.look(v)
	}
	return l
}

func (l *looks) look(v string) {
	is := func(k kind, yes bool) {
		if yes {
			l.kinds[k]++
		}
	}
	address, ok := emailAddress(v)
	is(likeEmail, ok && address != "")
	_, rings := normal.Phone(v)
	plain := strings.Trim(v, "0123456789") == ""
	is(likePhone, rings && (!plain || len(v) == 10 || len(v) == 11))
	is(likeDigits, rings && plain)
	is(likeZIP, plain && len(v) == 5 || len(v) == 10 && v[5] == '-' && strings.Trim(v, "0123456789-") == "")
	is(likeState, realState(v))
	is(likeURL, webAddress(v))
	is(likeLongitude, coordinate(v, -180, -60))
	is(likeLatitude, coordinate(v, 17, 72))
	_, known, ok := placePair(v)
	is(likePair, known && ok && strings.Contains(v, "."))
	is(likeStreet, streetLike(v))
	is(likeBusiness, businessLike(v))
	is(likePerson, personLike(v))
	_, ok = yesOrNo(v)
	is(likeYesNo, ok)
	_, ok = date(v)
	is(likeDate, ok && strings.ContainsAny(v, "-/, "))
	_, err := netip.ParseAddr(v)
	is(likeIP, err == nil)
}

// share is how many of the values look like that, from 0 to 1.
func (l *looks) share(k kind) float64 {
	if l.n == 0 {
		return 0
	}
	return float64(l.kinds[k]) / float64(l.n)
}

// best is what most values look like.
func (l *looks) best() (kind, float64) {
	best := kind(0)
	for k := range kinds {
		if l.kinds[k] > l.kinds[best] {
			best = k
		}
	}
	return best, l.share(best)
}

// byValues is what a column whose name says nothing seems to hold. A few values, or the same one
// over and over, say nothing either.
func byValues(name string, l *looks, taken *[fields]bool) suggestion {
	none := suggestion{}
	if l.n < 3 || l.same {
		return none
	}
	free := func(fs ...field) bool {
		for _, f := range fs {
			if taken[f] {
				return false
			}
		}
		return true
	}
	says := func(f field, k kind, confidence float64) suggestion {
		return suggestion{field: f, found: true, confidence: confidence, why: fmt.Sprintf("%.0f %% of the values are %s", 100*l.share(k), kindNames[k])}
	}
	counts := strings.ContainsAny(sound(name), "0123456789") || strings.Contains(sound(name), "number") || strings.HasSuffix(sound(name), "id") ||
		strings.HasSuffix(sound(name), "no") || strings.Contains(sound(name), "license") || strings.Contains(sound(name), "fax")
	switch {
	case l.share(likeEmail) >= 0.5 && free(email):
		if l.share(likeEmail) < 0.8 {
			return says(email, likeEmail, 0.6)
		}
		return says(email, likeEmail, 0.6+0.35*l.share(likeEmail))
	case l.share(likePair) >= 0.9 && free(pair, longitude, latitude):
		return says(pair, likePair, 0.85)
	case l.share(likePhone) >= 0.5 && free(phone):
		confidence := 0.55 + 0.3*l.share(likePhone)
		if counts || l.share(likeDigits) > 0.5 || l.share(likePhone) < 0.8 {
			confidence = 0.5
		}
		return says(phone, likePhone, confidence)
	case l.share(likeState) >= 0.9 && free(state):
		return says(state, likeState, 0.75)
	case l.share(likeZIP) >= 0.9 && free(zip):
		if counts {
			return says(zip, likeZIP, 0.4)
		}
		return says(zip, likeZIP, 0.75)
	case l.share(likeLongitude) >= 0.9 && free(longitude, pair):
		return says(longitude, likeLongitude, 0.75)
	case l.share(likeLatitude) >= 0.9 && free(latitude, pair):
		return says(latitude, likeLatitude, 0.75)
	case l.share(likeStreet) >= 0.7 && free(address, building, street):
		return says(address, likeStreet, 0.75)
	case l.share(likeBusiness) >= 0.3 && free(businessName):
		return says(businessName, likeBusiness, min(0.4+0.3*l.share(likeBusiness), 0.65))
	case l.share(likePerson) >= 0.8 && free(contactName, firstName, lastName):
		return says(contactName, likePerson, 0.55)
	}
	return none
}

// realState reports whether s is a state's two letters or its name.
func realState(s string) bool {
	code, ok := stateCode(s)
	return ok && stateCodes[code]
}

var stateCodes = func() map[string]bool {
	codes := map[string]bool{}
	for _, code := range states {
		codes[code] = true
	}
	return codes
}()

func webAddress(s string) bool {
	lower := strings.ToLower(s)
	if strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://") || strings.HasPrefix(lower, "www.") {
		return true
	}
	host, _, _ := strings.Cut(lower, "/")
	return !strings.ContainsAny(host, " @,()") && strings.Count(host, ".") >= 1 && fibonacco.ValidEmail("x@"+host) && strings.ContainsFunc(host, unicode.IsLetter)
}

// coordinate reports whether s is a number of degrees in the range that American ones are in, with
// the decimals of a measured one.
func coordinate(s string, low, high float64) bool {
	_, fraction, ok := strings.Cut(s, ".")
	if !ok || len(fraction) < 3 {
		return false
	}
	d, ok := degrees(s, 180)
	return ok && d >= low && d <= high
}

// streetLike is a number and the name of a street.
func streetLike(s string) bool {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return false
	}
	words := strings.Fields(normal.NameKey(s))
	for _, w := range words[min(1, len(words)):] {
		if short, ok := streetWords[w]; ok && short != "apt" || streetEnds[w] {
			return true
		}
	}
	return false
}

var streetEnds = func() map[string]bool {
	ends := map[string]bool{"broadway": true}
	for _, short := range streetWords {
		ends[short] = len(short) > 1
	}
	return ends
}()

var companyWords = map[string]bool{
	"llc": true, "inc": true, "incorporated": true, "corp": true, "corporation": true, "co": true, "company": true, "ltd": true,
	"limited": true, "llp": true, "pllc": true, "pc": true, "lp": true, "restaurant": true, "pizza": true, "deli": true, "salon": true,
	"market": true, "cafe": true, "bakery": true, "services": true, "group": true, "associates": true, "enterprises": true, "shop": true, "store": true,
}

func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' && r != '-' })
}

func businessLike(s string) bool {
	words := wordsOf(strings.ReplaceAll(s, ".", ""))
	for i, w := range words {
		if i > 0 && companyWords[w] {
			return true
		}
	}
	return false
}

// personLike is two or three words of letters, each beginning with a capital.
func personLike(s string) bool {
	words := strings.Fields(strings.NewReplacer(",", " ", ".", "").Replace(s))
	if len(words) < 2 || len(words) > 4 || businessLike(s) {
		return false
	}
	for _, w := range words {
		for i, r := range w {
			if !unicode.IsLetter(r) && r != '\'' && r != '-' || i == 0 && !unicode.IsUpper(r) {
				return false
			}
		}
	}
	return true
}
