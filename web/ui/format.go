package ui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// number writes 1,684; a true minus sign.
func number(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// rate is part of whole in percent; 0 of nothing.
func rate(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

func percent(v float64) string { return fmt.Sprintf("%.1f%%", v) }

// plural is "1 open" or "2 opens".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

var smallNumbers = []string{"none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}

// inWords writes small numbers as words, for sentences.
func inWords(n int) string {
	if n >= 0 && n < len(smallNumbers) {
		return smallNumbers[n]
	}
	return number(n)
}

func capital(text string) string {
	for i, r := range text {
		return strings.ToUpper(string(r)) + text[i+len(string(r)):]
	}
	return text
}

// duration writes 96 ms, 4.2 s, 2 min 25 s, 3 h 5 min, 2 d.
func duration(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d == 0:
		return "0 s"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 10*time.Minute && d%time.Minute >= time.Second:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 24*time.Hour && d%time.Hour >= time.Minute:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

// ago is how long before now something was, in one unit.
func ago(at, now time.Time) string {
	d := now.Sub(at)
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d d ago", int(d.Hours()/24))
}

// since is ago without the word, for "oldest 2 h".
func since(at, now time.Time) string {
	return strings.TrimSuffix(ago(at, now), " ago")
}

func clockTime(t time.Time) string { return t.Format("15:04") }

// day writes 17 Nov, with the weekday when it is within a week of now, with the year when that
// is another one. Both times are taken where they are: put them into a zone first.
func day(t, now time.Time) string {
	switch {
	case t.Year() != now.Year():
		return t.Format("2 Jan 2006")
	case math.Abs(t.Sub(now).Hours()) < 7*24:
		return t.Format("Mon 2 Jan")
	}
	return t.Format("2 Jan")
}

// moment writes 14:02 today, Wed 10:00 within a week, 17 Nov 10:00 else.
func moment(t, now time.Time) string {
	switch {
	case t.Format(time.DateOnly) == now.Format(time.DateOnly):
		return t.Format("15:04")
	case math.Abs(t.Sub(now).Hours()) < 6*24:
		return t.Format("Mon 15:04")
	case t.Year() != now.Year():
		return t.Format("2 Jan 2006 15:04")
	}
	return t.Format("2 Jan 15:04")
}

// fullTime is for titles.
func fullTime(t time.Time) string { return t.Format("Monday, 2 January 2006, 15:04:05 MST") }

// place is what people call a time zone: "New York".
func place(zone string) string {
	name := zone[strings.LastIndexByte(zone, '/')+1:]
	return strings.ReplaceAll(name, "_", " ")
}

// phone writes an American number the way Americans do, any other as it is stored.
func phone(e164 string) string {
	if n, ok := strings.CutPrefix(e164, "+1"); ok && len(n) == 10 {
		return fmt.Sprintf("(%s) %s-%s", n[:3], n[3:6], n[6:])
	}
	return e164
}

// f writes a coordinate or length of a drawing.
func f(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }
