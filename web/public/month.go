package public

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
)

// monthView is a month of free times as links.
type monthView struct {
	*fibonacco.BookingCalendar
	Zone    *time.Location
	What    string // is to be booked
	Minutes int
	Day     string // that is picked, "2026-03-05"; "" when none can be
	Back    string // URL of the step before; "" when there is none
	Gone    bool   // the time that was asked for is not free any more
	path    string
	carry   url.Values // what every link goes on saying
}

// cell is a day of the month's table.
type cell struct {
	Number int // 0 is a day of another month
	Date   string
	Free   int
}

// pick shows the times of a day; of the first that has any, when that one is not there.
func (v *monthView) pick(day string) {
	v.Day = ""
	for _, d := range v.Days {
		if len(d.Free) > 0 && (d.Date == day || v.Day == "") {
			v.Day = d.Date
		}
	}
	if slices.ContainsFunc(v.Days, func(d fibonacco.BookingDay) bool { return d.Date == day && len(d.Free) == 0 }) {
		v.Day = day
	}
}

// offers reports whether a time is free.
func (v *monthView) offers(at time.Time) bool {
	return slices.ContainsFunc(v.Days, func(d fibonacco.BookingDay) bool { return slices.ContainsFunc(d.Free, at.Equal) })
}

// link is the same page with something else picked.
func (v *monthView) link(name, value string) string {
	q := maps.Clone(v.carry)
	if q == nil {
		q = url.Values{}
	}
	if name == "day" {
		q.Set("month", v.Month)
	}
	q.Set(name, value)
	to := v.path + "?" + q.Encode()
	if name == "day" {
		to += "#times" // on a telephone they are further down
	}
	return to
}

func (v *monthView) timeLink(t time.Time) string { return v.link("at", t.UTC().Format(time.RFC3339)) }

// weeks is the month as rows from Sunday to Saturday.
func (v *monthView) weeks() (rows [][]cell) {
	first := dateOf(v.Days[0].Date)
	row := make([]cell, first.Weekday())
	for i, d := range v.Days {
		row = append(row, cell{Number: i + 1, Date: d.Date, Free: len(d.Free)})
		if len(row) == 7 {
			rows, row = append(rows, row), nil
		}
	}
	for len(row) > 0 && len(row) < 7 {
		row = append(row, cell{})
	}
	if row != nil {
		rows = append(rows, row)
	}
	return rows
}

// parts is the times of the day that is picked, by part of the day.
func (v *monthView) parts() (all []dayPart) {
	for _, d := range v.Days {
		if d.Date != v.Day {
			continue
		}
		for _, t := range d.Free {
			name := "Evening"
			if hour := t.In(v.Zone).Hour(); hour < 12 {
				name = "Morning"
			} else if hour < 17 {
				name = "Afternoon"
			}
			if n := len(all); n == 0 || all[n-1].Name != name {
				all = append(all, dayPart{Name: name})
			}
			all[len(all)-1].Times = append(all[len(all)-1].Times, t)
		}
	}
	return all
}

type dayPart struct {
	Name  string
	Times []time.Time
}

// dateOf is a local date as a time that may be written, and nothing else.
func dateOf(date string) time.Time {
	t, _ := time.Parse(time.DateOnly, date) // it is the module's
	return t
}

func monthName(month string) string { return dateOf(month + "-01").Format("January 2006") }

func dayName(date string) string { return dateOf(date).Format("Monday, January 2") }

func timesFree(n int) string {
	if n == 1 {
		return "1 time free"
	}
	return fmt.Sprintf("%d times free", n)
}
