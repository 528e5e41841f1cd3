package fibonacco

import (
	"strings"
	"time"
)

// ClockTime is a time of day as American readers write it: "2:00 p.m.". In the hour that comes twice,
// when clocks are set back, it says which one: "1:30 a.m. EDT".
func ClockTime(t time.Time, zone *time.Location) string {
	local := t.In(zone)
	text := local.Format("3:04 ") + map[bool]string{true: "a.m.", false: "p.m."}[local.Hour() < 12]
	const wall = "2006-01-02 15:04"
	for _, apart := range []time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour} {
		if local.Add(apart).Format(wall) == local.Format(wall) || local.Add(-apart).Format(wall) == local.Format(wall) {
			return text + local.Format(" MST")
		}
	}
	return text
}

// LongDay is a date as American readers write it: "Tuesday, March 3, 2026".
func LongDay(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("Monday, January 2, 2006")
}

// ZonePlace says in words whose time a zone is: "New York time" of America/New_York.
func ZonePlace(zone string) string {
	return strings.ReplaceAll(zone[strings.LastIndexByte(zone, '/')+1:], "_", " ") + " time"
}
