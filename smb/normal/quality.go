package normal

import (
	"strings"

	"github.com/fibonacco/fibonacco"
)

// DataQuality is how complete the record of a business is, 0 to 100: the sum of what is known.
//
//	e-mail 25 · phone 20 · business name 15 · contact name 15 · category 10
//	address 4 · city 3 · state 2 · ZIP 3 · coordinates 3
//
// The programme runs by e-mail and voicemail and speaks to a person, so what reaches and names
// them weighs most. It says that a value is there, not that it is right.
func DataQuality(s *fibonacco.SMB) int {
	score := 0
	add := func(known bool, points int) {
		if known {
			score += points
		}
	}
	text := func(value string) bool { return strings.TrimSpace(value) != "" }
	add(text(s.PrimaryEmail), 25)
	add(text(s.PrimaryPhone), 20)
	add(text(s.BusinessName), 15)
	add(text(s.PrimaryContactName), 15)
	add(text(s.Category), 10)
	add(text(s.Address), 4)
	add(text(s.City), 3)
	add(text(s.State), 2)
	add(text(s.ZIP), 3)
	add(s.Coordinates != nil, 3)
	return score
}
