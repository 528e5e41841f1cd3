package xlsx

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// epoch is the day before day 1 of a workbook's calendar. Day 60 of the usual one is 29 February
// 1900, which never was; days before it count from one day later.
type epoch int

const (
	epoch1900 epoch = iota // the zero value
	epoch1904
)

// style is what the number format of a cell makes of a number.
type style struct {
	date  bool
	zeros string // "00000": digits that are always written, with hyphens between them; "" when it is no such format
}

// mostStyles is how many formats a workbook may have; Excel stops at 65,490.
const mostStyles = 100_000

// readStyles reads which cell formats are dates, and which write leading zeros.
func (w *Workbook) readStyles(part string) error {
	codes := map[int]style{}
	cells := false
	return w.scan(part, func(s *scanner) error {
		switch {
		case s.is(startTag, "numFmt") && len(codes) < mostStyles:
			if id, err := strconv.Atoi(s.value("numFmtId")); err == nil {
				codes[id] = parseFormat(s.value("formatCode"))
			}
		case s.is(startTag, "cellXfs"):
			cells = !s.ended
		case s.is(endTag, "cellXfs"):
			cells = false
		case cells && s.is(startTag, "xf"):
			if len(w.styles) == mostStyles {
				return malformed("has more formats than any real one")
			}
			id, _ := strconv.Atoi(s.value("numFmtId")) // 0 is the general format
			st, own := codes[id]
			if !own {
				st.date = builtinDate(id)
			}
			w.styles = append(w.styles, st)
		}
		return nil
	})
}

// builtinDate reports whether a format that every workbook has is one of dates or times.
func builtinDate(id int) bool {
	return id >= 14 && id <= 22 || id >= 27 && id <= 36 || id >= 45 && id <= 47 || id >= 50 && id <= 58
}

// parseFormat looks at a format's code: quoted texts, colours and languages left out, letters of
// days, months, years, hours and seconds make it one of dates.
func parseFormat(code string) style {
	var plain strings.Builder
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '"':
			end := strings.IndexByte(code[i+1:], '"')
			if end < 0 {
				end = len(code) - i - 2
			}
			i += end + 1
		case '\\', '_', '*': // the next character stands for itself, is a width, or fills
			i++
			if c == '\\' && i < len(code) && code[i] == '-' {
				plain.WriteByte('-')
			}
		case '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				end = len(code) - i - 1
			}
			if inner := strings.ToLower(code[i+1 : i+end]); inner != "" && strings.Trim(inner, "hms") == "" {
				return style{date: true} // [h]:mm
			}
			i += end
		case ';':
			i = len(code) // the other sections are for what is negative, zero or text
		default:
			plain.WriteByte(c)
		}
	}
	text := plain.String()
	if strings.EqualFold(text, "General") {
		return style{}
	}
	if strings.Trim(text, "0-") == "" && strings.HasPrefix(text, "00") {
		return style{zeros: text}
	}
	return style{date: strings.ContainsAny(strings.ToLower(text), "dmyhs")}
}

// appendNumber appends a number as people see it: a date as 2026-03-02, an integer without an
// exponent, a ZIP with its zeros.
func (w *Workbook) appendNumber(to, raw []byte, style int) []byte {
	number, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsNaN(number) || math.IsInf(number, 0) {
		return append(to, raw...)
	}
	if style >= 0 && style < len(w.styles) {
		st := w.styles[style]
		if st.date {
			if text, ok := w.dates.text(number); ok {
				return append(to, text...)
			}
		}
		if st.zeros != "" && number >= 0 && number == math.Trunc(number) && number < 1e15 {
			return append(to, padded(strconv.FormatInt(int64(number), 10), st.zeros)...)
		}
	}
	if number == math.Trunc(number) && math.Abs(number) < 1e15 {
		return strconv.AppendInt(to, int64(number), 10)
	}
	return strconv.AppendFloat(to, number, 'f', -1, 64)
}

// padded writes digits into a pattern of zeros and hyphens, from the right.
func padded(digits, zeros string) string {
	out := []byte(zeros)
	d := len(digits)
	for i := len(out) - 1; i >= 0; i-- {
		if out[i] == '0' && d > 0 {
			d--
			out[i] = digits[d]
		}
	}
	return digits[:d] + string(out)
}

// text is the day number of a calendar as a date, a date and time, or a time; ok is false for
// what is no day that Excel knows.
func (e epoch) text(days float64) (text string, ok bool) {
	if days < 0 || days >= 2_958_466 { // after 9999-12-31
		return "", false
	}
	whole := math.Floor(days)
	seconds := math.Round((days - whole) * 86_400)
	if whole == 0 && e == epoch1900 {
		return time.Unix(int64(seconds), 0).UTC().Format(time.TimeOnly), true
	}
	start := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case e == epoch1904:
		start = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case whole < 60:
		start = start.AddDate(0, 0, 1)
	}
	at := start.AddDate(0, 0, int(whole)).Add(time.Duration(seconds) * time.Second)
	if at.Year() > 9999 {
		return "", false
	}
	if seconds == 0 {
		return at.Format(time.DateOnly), true
	}
	return at.Format("2006-01-02T15:04:05"), true
}
