package ui

import (
	"fmt"
	"net/http"
	"time"

	"github.com/fibonacco/fibonacco"
)

// speed is how fast a virtual clock runs.
type speed struct {
	Scale   float64
	Name    string // of the setting that is on; "" for any other scale
	Meaning string // "A day takes 20 s."
}

type speedChoice struct {
	Name, Label string
	Scale       float64 // virtual seconds per second
}

// speedChoices are what the page offers: a day in half a minute, in eight seconds, in three.
var speedChoices = []speedChoice{
	{"pause", "Pause", 0}, {"slow", "Slow", 2880}, {"normal", "Normal", 10800}, {"fast", "Fast", 28800},
}

func speedOf(scale float64) *speed {
	s := &speed{Scale: scale, Meaning: "The clock stands still."}
	if scale > 0 {
		s.Meaning = "A day takes " + duration(time.Duration(24*float64(time.Hour)/scale)) + "."
	}
	for _, c := range speedChoices {
		if c.Scale == scale {
			s.Name = c.Name
		}
	}
	return s
}

// setSpeed is the clock panel's form.
func (u *ui) setSpeed(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	for _, c := range speedChoices {
		if c.Name == r.PostFormValue("speed") {
			if err := u.ClockControl.SetScale(r.Context(), c.Scale); err != nil {
				return fmt.Errorf("set the clock's speed: %w", err)
			}
			http.Redirect(w, r, "/overview", http.StatusSeeOther)
			return nil
		}
	}
	return fibonacco.Errorf(fibonacco.Invalid, "Choose one of the speeds: pause, slow, normal or fast.")
}
