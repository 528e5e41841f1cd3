package merge

import "github.com/fibonacco/fibonacco"

// programme is the name under which the place in the programme is chosen and shown: its status,
// start, pauses and day are one business's, or they make no sense.
const programme = "programme"

// takesPlace reports whether the other's place remains. One that was never started gives way to
// one that was: else the steps would begin anew.
func takesPlace(survivor, other *record, choose map[string]string) bool {
	switch choose[programme] {
	case survivors:
		return false
	case others:
		return !samePlace(survivor, other)
	}
	return survivor.CampaignStatus == fibonacco.StatusPending && other.CampaignStatus != fibonacco.StatusPending
}

func takePlace(to, from *record) {
	for _, c := range columns {
		if c.rule == placed {
			c.take(to, from)
		}
	}
}

func samePlace(a, b *record) bool {
	for _, c := range columns {
		if c.rule == placed && !c.same(a, b) {
			return false
		}
	}
	return true
}

// sameRun reports whether two versions of a business are on the same run through the programme:
// days go by, it is paused and resumed, and it stays the same run.
func sameRun(a, b *record) bool { return a.ManifestDestinyStartDate == b.ManifestDestinyStartDate }

// placeOf shows a place.
func placeOf(r *record) map[string]any {
	place := map[string]any{}
	for _, c := range columns {
		if c.rule == placed && c.name != "planned_through_day" {
			place[c.name] = c.value(r)
		}
	}
	return place
}
