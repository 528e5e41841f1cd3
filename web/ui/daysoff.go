package ui

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// daysOff are the days on which one community gets no programme mail.
type daysOff struct {
	Town  int64
	Towns []fibonacco.CommunityCount
	Days  []dayOff
	From  string // today, there
}

type dayOff struct {
	fibonacco.Holiday
	Text string
}

// daysOff takes the community of the address, or the largest.
func (u *ui) daysOff(ctx context.Context, town string) (daysOff, error) {
	d := daysOff{}
	t, err := u.towns(ctx)
	if err != nil || u.Holidays == nil || len(t.all) == 0 {
		return d, err
	}
	d.Towns = t.all
	if d.Town, err = strconv.ParseInt(town, 10, 64); err != nil || t.byID[d.Town] == nil {
		largest := slices.MaxFunc(t.all, func(a, b fibonacco.CommunityCount) int { return cmp.Compare(a.SMBs, b.SMBs) })
		d.Town = largest.ID
	}
	all, err := u.Holidays.ListHolidays(ctx, d.Town)
	if err != nil {
		return d, fmt.Errorf("days off of community %d: %w", d.Town, err)
	}
	now := u.Clock.Now().In(zone(t.zone(d.Town)))
	d.From = now.Format(time.DateOnly)
	for _, h := range all {
		at, err := time.ParseInLocation(time.DateOnly, h.Day, now.Location())
		if err != nil || h.Day < d.From {
			continue
		}
		d.Days = append(d.Days, dayOff{Holiday: h, Text: at.Format("Mon 2 Jan 2006")})
	}
	return d, nil
}

// setDayOff keeps a day free of mail, or lets mail go again when its name is empty.
func (u *ui) setDayOff(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PostFormValue("town"))
	if err != nil {
		return err
	}
	name, done := strings.TrimSpace(r.PostFormValue("name")), "dayoff"
	if r.PostFormValue("do") == "free" {
		name, done = "", "dayon"
	} else if name == "" {
		return fibonacco.Errorf(fibonacco.Invalid, "Give the day a name, for example Founders Day. It is what people read when they ask why nothing went.")
	}
	err = u.Holidays.SetHoliday(r.Context(), id, r.PostFormValue("day"), name)
	return u.redone(w, r, "/programme?town="+strconv.FormatInt(id, 10), done, err)
}
