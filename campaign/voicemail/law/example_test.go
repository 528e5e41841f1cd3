package law_test

import (
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco/campaign/voicemail/law"
)

// A business in New York with a telephone from Los Angeles: the hours of both places are kept.
func ExampleParty_Next() {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	office := law.Company{Hours: law.Span{From: 10 * 60, Until: 18 * 60}, Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}}
	party := law.NewParty(zone, law.AreaOf("+12135550142"), "NY")
	thursday := time.Date(2026, 7, 2, 16, 0, 0, 0, zone) // on Friday, Independence Day is kept
	when, ok := party.Next(office, thursday, 10*60)
	fmt.Println(when.In(zone).Format("Monday 2 January, 15:04"), ok)
	// Output: Monday 6 July, 13:00 true
}
