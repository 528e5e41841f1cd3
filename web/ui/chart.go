package ui

import (
	"fmt"
	"strings"
)

// Charts are drawn here, as SVG with classes: the style sheet decides colours, and a strict
// policy leaves no other way to give a bar its width.

// bar is one hour of the opens chart.
type bar struct {
	X, Y, W, H float64
	Mid        float64
	Label      string // above the bar; "" when it is empty
	Hour       string // below the axis; "" where there is no room
	Part       bool   // the hour in progress
	Tick       float64
	HasTick    bool // there were opens in this hour a week before
}

type gridLine struct {
	Y     float64
	Label string
}

// barChart is opens per hour, measured for one width.
type barChart struct {
	Wide              bool
	Width, Height     float64
	Left, Right, Zero float64
	Grid              []gridLine
	Bars              []bar
	HereX, HereW      float64
	HasHere           bool
	Summary           string
}

// opensChart draws the hours from first to last. now is the hour in progress, -1 when the day is
// not today.
func opensChart(today, before [24]int, now int, wide bool, beforeName string) barChart {
	first, last := hours(today, before, now)
	c := barChart{Wide: wide, Width: 860, Height: 236, Left: 34, Right: 852, Zero: 212, Summary: opensSummary(today, before, first, last, now, beforeName)}
	every, share, most := 1, .54, 44.0
	if !wide {
		c.Width, c.Height, c.Right, c.Zero = 340, 210, 332, 186
		every, share = 2, .6
	}
	count := last - first + 1
	if wide && count > 14 {
		every = 2
	}
	if !wide && count > 14 {
		every = 4
	}
	step := scale(max(highest(today), highest(before)))
	top, lines := 16.0, 4
	height := c.Zero - top
	ceiling := float64(step * lines)
	for i := 1; i <= lines; i++ {
		c.Grid = append(c.Grid, gridLine{c.Zero - height*float64(i)/float64(lines), number(step * i)})
	}
	slot := (c.Right - c.Left) / float64(count)
	width := min(slot*share, most)
	for h := first; h <= last; h++ {
		mid := c.Left + slot*(float64(h-first)+.5)
		b := bar{X: mid - width/2, W: width, Mid: mid, H: height * float64(today[h]) / ceiling, Part: h == now}
		b.Y = c.Zero - b.H
		if today[h] > 0 {
			b.Label = number(today[h])
			if b.Part && wide {
				b.Label += " so far"
			}
		}
		if (h-first)%every == 0 {
			b.Hour = fmt.Sprintf("%02d:00", h)
		}
		if before[h] > 0 {
			b.HasTick, b.Tick = true, c.Zero-height*float64(before[h])/ceiling
		}
		if b.Part {
			c.HasHere, c.HereX, c.HereW = true, mid-slot*.46, slot*.92
		}
		c.Bars = append(c.Bars, b)
	}
	return c
}

// hours are those worth showing: with opens on either day, the hour in progress, at least ten.
func hours(today, before [24]int, now int) (first, last int) {
	first, last = 24, -1
	for h := range 24 {
		if today[h] > 0 || before[h] > 0 || h == now {
			first, last = min(first, h), max(last, h)
		}
	}
	if last < 0 {
		return 8, 19
	}
	for last-first < 9 {
		if last < 23 {
			last++
		}
		if last-first < 9 && first > 0 {
			first--
		}
	}
	return first, last
}

func highest(of [24]int) int {
	most := 0
	for _, n := range of {
		most = max(most, n)
	}
	return most
}

// scale is the step of four grid lines that hold most: 1, 2, 5, 10, 20, 50, …
func scale(most int) int {
	for step := 1; ; step *= 10 {
		for _, times := range []int{1, 2, 5} {
			if 4*step*times >= most+most/20 {
				return step * times
			}
		}
	}
}

// opensSummary says in words what the chart shows.
func opensSummary(today, before [24]int, first, last, now int, beforeName string) string {
	var parts []string
	for h := first; h <= last; h++ {
		if h == now {
			parts = append(parts, fmt.Sprintf("%02d:00 so far %d against %d for the full hour", h, today[h], before[h]))
		} else if today[h] > 0 || (before[h] > 0 && (now < 0 || h < now)) {
			parts = append(parts, fmt.Sprintf("%02d:00 %d against %d", h, today[h], before[h]))
		}
	}
	if len(parts) == 0 {
		return "Opens per hour today: none yet."
	}
	return "Opens per hour today, with " + beforeName + " marked. " + strings.Join(parts, ", ") + "."
}

// spark is a small line of counts.
type spark struct {
	Area, Line string
	X, Y       float64
	Empty      bool
}

// opensSpark draws opens per hour up to the hour in progress.
func opensSpark(byHour [24]int, now int) spark {
	first := 0
	for first < now && byHour[first] == 0 {
		first++
	}
	first = max(first-1, 0)
	values := byHour[first : now+1]
	if highest(byHour) == 0 || len(values) < 2 {
		return spark{Empty: true}
	}
	const width, bottom, room = 89.0, 23.0, 21.0
	most := float64(highest(byHour))
	var points []string
	s := spark{}
	for i, n := range values {
		s.X = width * float64(i) / float64(len(values)-1)
		s.Y = bottom - room*float64(n)/most
		points = append(points, f(s.X)+" "+f(s.Y))
	}
	s.Line = "M" + strings.Join(points, "L")
	s.Area = s.Line + "L89 24L0 24Z"
	return s
}

// part is one piece of a stacked bar, 100 wide.
type part struct {
	Class string
	X, W  float64
}

// tierBar stacks the tiers, with a gap between them.
func tierBar(tiers [4]int) []part {
	total := 0
	for _, n := range tiers {
		total += n
	}
	var parts []part
	x := 0.0
	for i, n := range tiers {
		if n == 0 {
			continue
		}
		w := rate(n, total)
		parts = append(parts, part{[4]string{"f-ink4", "f-ink3", "f-ink2", "f-ink1"}[i], x, max(w-.4, .4)})
		x += w
	}
	return parts
}

// gauge is how much of 100 a part of a whole takes.
func gauge(n, of int) float64 { return min(rate(n, of), 100) }
