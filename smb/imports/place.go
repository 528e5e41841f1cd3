package imports

import (
	"math"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// fullAddress is the address of a row: the parts of a split one joined, as they are written.
func fullAddress(v *values) string {
	if v[address] != "" && v[street] != "" {
		return joined(v[address], v[unit]) // the number is in it
	}
	return joined(v[building], v[street], v[address], v[unit])
}

// stateCode is the two letters of a state, which may be written out. ok is false for what is
// no state; "" is fine.
func stateCode(s string) (code string, ok bool) {
	if len(s) > 2 {
		s = strings.ReplaceAll(s, ".", "")
	}
	if len(s) == 2 {
		s = strings.ToUpper(s)
		return s, s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
	}
	if s == "" {
		return "", true
	}
	code, ok = states[strings.ToLower(s)]
	if !ok {
		return s, false
	}
	return code, true
}

var states = map[string]string{
	"alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO",
	"connecticut": "CT", "delaware": "DE", "district of columbia": "DC", "florida": "FL", "georgia": "GA", "hawaii": "HI",
	"idaho": "ID", "illinois": "IL", "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY", "louisiana": "LA",
	"maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN", "mississippi": "MS",
	"missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV", "new hampshire": "NH", "new jersey": "NJ",
	"new mexico": "NM", "new york": "NY", "north carolina": "NC", "north dakota": "ND", "ohio": "OH", "oklahoma": "OK",
	"oregon": "OR", "pennsylvania": "PA", "puerto rico": "PR", "rhode island": "RI", "south carolina": "SC",
	"south dakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT", "virgin islands": "VI",
	"virginia": "VA", "washington": "WA", "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY",
}

// zipCode is a ZIP as it is written on letters. Spreadsheets take it for a number: the zeros that
// they take off are put back where the state's ZIPs begin with them, ".0" goes, and nine digits
// get their hyphen.
func zipCode(s, state string) string {
	if whole, ok := strings.CutSuffix(s, ".0"); ok {
		s = whole
	}
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return strings.ToUpper(s)
	}
	if len(s) == 3 && strings.Contains("PR VI NY", state) && state != "" {
		return "00" + s
	}
	if (len(s) == 4 || len(s) == 8) && strings.Contains("CT MA ME NH NJ RI VT", state) && state != "" {
		s = "0" + s
	}
	if len(s) == 9 {
		s = s[:5] + "-" + s[5:]
	}
	return s
}

// place is where a business is. known is false when nothing is said, or 0,0, which is what
// software says when it does not know; ok is false for what is no place on earth.
func place(longitude, latitude string) (p fibonacco.Point, known, ok bool) {
	if longitude == "" && latitude == "" {
		return p, false, true
	}
	p.Longitude, ok = degrees(longitude, 180)
	if !ok {
		return fibonacco.Point{}, false, false
	}
	p.Latitude, ok = degrees(latitude, 90)
	if !ok {
		return fibonacco.Point{}, false, false
	}
	if p == (fibonacco.Point{}) {
		return p, false, true
	}
	return p, true, true
}

// placePair is a place written in one: "40.6782, -73.9442", "(40.6782, -73.9442)", or with the
// longitude first "POINT (-73.9442 40.6782)", as databases write it.
func placePair(s string) (p fibonacco.Point, known, ok bool) {
	upper := strings.ToUpper(s)
	inner, point := strings.CutPrefix(upper, "POINT")
	parts := strings.FieldsFunc(strings.Trim(inner, "() "), func(r rune) bool { return r == ',' || r == ';' || r == ' ' })
	if len(parts) != 2 {
		return p, false, false
	}
	if point {
		return place(parts[0], parts[1])
	}
	return place(parts[1], parts[0])
}

// zip5 is the five digits by which ZIPs are compared: 11231-1234 is in 11231.
func zip5(zip string) string {
	if len(zip) == 10 && zip[5] == '-' {
		return zip[:5]
	}
	return zip
}

func degrees(s string, most float64) (float64, bool) {
	if strings.Count(s, ",") == 1 && !strings.Contains(s, ".") {
		s = strings.Replace(s, ",", ".", 1)
	}
	d, err := strconv.ParseFloat(s, 64)
	return d, err == nil && math.Abs(d) <= most && !strings.ContainsAny(s, "xXpP_")
}

// pointText is a place as both databases take and give it: "(-73.99,40.67)".
func pointText(p fibonacco.Point) string {
	out := append(make([]byte, 0, 48), '(')
	out = strconv.AppendFloat(out, p.Longitude, 'g', -1, 64)
	out = append(out, ',')
	out = strconv.AppendFloat(out, p.Latitude, 'g', -1, 64)
	return string(append(out, ')'))
}

func parsePoint(s string) (p fibonacco.Point, known bool) {
	x, y, ok := strings.Cut(strings.Trim(s, "()"), ",")
	if !ok {
		return p, false
	}
	var err1, err2 error
	p.Longitude, err1 = strconv.ParseFloat(strings.TrimSpace(x), 64)
	p.Latitude, err2 = strconv.ParseFloat(strings.TrimSpace(y), 64)
	return p, err1 == nil && err2 == nil
}

// streetKey is an address in the form that addresses are compared in: "466 Court Street" and
// "466 COURT ST." are the same.
func streetKey(address string) string {
	words := strings.Fields(normal.NameKey(address))
	for i, w := range words {
		if short, ok := streetWords[w]; ok {
			words[i] = short
		}
	}
	return strings.Join(words, " ")
}

var streetWords = map[string]string{
	"street": "st", "avenue": "ave", "av": "ave", "boulevard": "blvd", "road": "rd", "drive": "dr", "place": "pl", "lane": "ln",
	"court": "ct", "square": "sq", "highway": "hwy", "parkway": "pkwy", "terrace": "ter", "floor": "fl", "suite": "ste",
	"apartment": "apt", "unit": "apt", "building": "bldg", "north": "n", "south": "s", "east": "e", "west": "w",
}
