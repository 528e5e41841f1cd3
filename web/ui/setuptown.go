package ui

import (
	"errors"
	"net/http"
	"strings"

	"github.com/fibonacco/fibonacco"
)

func (u *ui) createFirstCommunity(w http.ResponseWriter, r *http.Request) error {
	if u.Setup == nil {
		return noSetup()
	}
	field := posted(w, r)
	town := fibonacco.Community{
		Name: strings.TrimSpace(field("name")), State: strings.ToUpper(strings.TrimSpace(field("state"))), County: strings.TrimSpace(field("county")), Timezone: field("timezone"),
	}
	town.Slug = slugOf(town.Name)
	_, err := u.Communities.CreateCommunity(r.Context(), town)
	if fibonacco.CodeOf(err) == fibonacco.Conflict { // there is a Springfield in every state
		town.Slug = slugOf(town.Name + " " + town.State)
		_, err = u.Communities.CreateCommunity(r.Context(), town)
	}
	var known *fibonacco.Error
	if errors.As(err, &known) && (known.Code == fibonacco.Invalid || known.Code == fibonacco.Conflict) {
		return u.showSetup(w, r, http.StatusUnprocessableEntity, "community", func(d *setupData) {
			d.Town, d.Wrong = town, known.Fields
			if len(known.Fields) == 0 {
				d.Error = "There is a community of this name in this state already."
			}
		})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/setup/businesses", http.StatusSeeOther)
	return nil
}

// zones are the time zones of the United States, by what people there call them.
var zones = [][2]string{
	{"America/New_York", "Eastern (New York)"},
	{"America/Chicago", "Central (Chicago)"},
	{"America/Denver", "Mountain (Denver)"},
	{"America/Phoenix", "Mountain, no daylight saving (Phoenix)"},
	{"America/Los_Angeles", "Pacific (Los Angeles)"},
	{"America/Anchorage", "Alaska (Anchorage)"},
	{"America/Adak", "Aleutian (Adak)"},
	{"Pacific/Honolulu", "Hawaii (Honolulu)"},
	{"America/Puerto_Rico", "Atlantic (Puerto Rico)"},
	{"Pacific/Guam", "Chamorro (Guam)"},
}

// sampleFile is what a list may look like. Its columns are those that lists have most often.
func sampleFile(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="sample-businesses.csv"`)
	_, _ = w.Write([]byte("Business Name,Category,Contact First Name,Email,Phone,Address,City,State,ZIP\r\n" + // who has gone away cannot be told
		"Marisol Hair Studio,Hair salon,Marisol,marisol@marisolhair.example,(555) 555-0142,12 Harbor Street,Port Avery,NY,11231\r\n" +
		"Blue Door Framing,Picture framer,Ben,ben@bluedoor.example,(555) 555-0177,48 Mill Road,Port Avery,NY,11231\r\n"))
	return nil
}
