package law

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed areas.txt
var areasTXT string

// Kind is what an area code says of a number.
type Kind int

// The kinds.
const (
	Unknown  Kind = iota // not a telephone in the United States, as far as we know
	Local                // in one state, in one or two time zones
	TollFree             // rings anywhere
	Nowhere              // made up: nothing is dialled
)

// Area is where a number's area code says that it is. A mobile number may have moved since.
type Area struct {
	Code  string // "718"
	Kind  Kind
	State string           // "NY"; "" unless Local
	Zones []*time.Location // none unless Local
}

var zoneNames = map[string]string{
	"ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "AZ": "America/Phoenix",
	"PT": "America/Los_Angeles", "AK": "America/Anchorage", "HA": "America/Adak", "HI": "Pacific/Honolulu",
	"AT": "America/Puerto_Rico", "CH": "Pacific/Guam", "SM": "Pacific/Pago_Pago",
}

// areas reads the embedded list once; a mistake in it panics, and the tests would not let it out.
var areas = sync.OnceValue(func() map[string]*Area {
	all, err := readAreas(areasTXT)
	if err != nil {
		panic("law: areas.txt: " + err.Error())
	}
	return all
})

func readAreas(text string) (map[string]*Area, error) {
	all, zones := map[string]*Area{}, map[string]*time.Location{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) < 3 {
			return nil, fmt.Errorf("%q has no codes", line)
		}
		a := Area{Kind: Local, State: words[0]}
		switch words[0] {
		case "TOLLFREE":
			a.Kind, a.State = TollFree, ""
		case "NOWHERE":
			a.Kind, a.State = Nowhere, ""
		default:
			for name := range strings.SplitSeq(words[1], "+") {
				if zones[name] == nil {
					zone, err := time.LoadLocation(zoneNames[name])
					if err != nil || zoneNames[name] == "" {
						return nil, fmt.Errorf("%q names an unknown zone", line)
					}
					zones[name] = zone
				}
				a.Zones = append(a.Zones, zones[name])
			}
		}
		for _, code := range words[2:] {
			if n, err := strconv.Atoi(code); err != nil || n < 200 || n > 999 || all[code] != nil {
				return nil, fmt.Errorf("%s is no area code, or named twice", code)
			}
			one := a
			one.Code = code
			all[code] = &one
		}
	}
	return all, nil
}

// stateZones is the time zones of each state that has area codes.
var stateZones = sync.OnceValue(func() map[string][]*time.Location {
	all := map[string][]*time.Location{}
	for _, a := range areas() {
		for _, z := range a.Zones {
			if !slices.Contains(all[a.State], z) {
				all[a.State] = append(all[a.State], z)
			}
		}
	}
	for _, zones := range all {
		slices.SortFunc(zones, func(a, b *time.Location) int { return strings.Compare(a.String(), b.String()) })
	}
	return all
})

// ZonesOf is every time zone that a state's area codes reach into; none for an unknown state.
func ZonesOf(state string) []*time.Location { return stateZones()[state] }

// AreaOf is what a number in E.164 tells by its area code.
func AreaOf(e164 string) Area {
	digits, ok := strings.CutPrefix(e164, "+1")
	if !ok || len(digits) != 10 || strings.Trim(digits, "0123456789") != "" {
		return Area{}
	}
	if a := areas()[digits[:3]]; a != nil {
		return *a
	}
	return Area{Code: digits[:3]}
}
