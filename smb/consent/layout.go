package consent

import (
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// layout is how the lines of a do-not-contact file are made.
type layout struct {
	separator byte     // 0 when there is one column only
	names     []string // of the columns, by the header; nil without one
	columns   []int    // those that hold addresses or numbers, by the header; nil means: look at each
	area      int      // columns of an area code and the rest of the number, as the national registry
	number    int      // has them; -1 when there are none
}

// layoutOf tells from the first line with something in it, and whether that is a header.
func layoutOf(first string) (l *layout, header bool) {
	l = &layout{separator: separatorOf(first), area: -1, number: -1}
	cells := l.cells(first)
	if len(cells) >= 2 && isAreaAndNumber(cells[0], cells[1]) {
		l.area, l.number = 0, 1
		return l, false
	}
	if slices.ContainsFunc(cells, func(c string) bool { return len(targetsIn(c, false)) > 0 }) {
		return l, false
	}
	worded := true // words only, in several columns
	for i, c := range cells {
		worded = worded && !strings.ContainsAny(c, "@0123456789") && len(cells) > 1
		switch name := headerWord(c); {
		case slices.Contains(areaNames, name):
			l.area = i
		case slices.Contains(emailNames, name), slices.Contains(phoneNames, name):
			l.columns = append(l.columns, i)
			if slices.Contains(phoneNames, name) {
				l.number = i
			}
		}
	}
	if l.area < 0 || l.number < 0 {
		l.area, l.number = -1, -1
	} else {
		l.columns = slices.DeleteFunc(l.columns, func(i int) bool { return i == l.number })
	}
	if !worded && l.columns == nil && l.area < 0 {
		return l, false
	}
	l.names = cells
	return l, true
}

// What the columns are called, without anything but letters.
var (
	emailNames = []string{"email", "emails", "emailaddress", "emailaddresses", "mail", "primaryemail", "contactemail", "businessemail", "workemail"}
	phoneNames = []string{
		"phone", "phones", "phonenumber", "telephone", "telephonenumber", "tel", "mobile", "mobilenumber", "mobilephone", "cell", "cellphone",
		"cellnumber", "number", "primaryphone", "contactphone", "businessphone", "workphone", "homephone", "fax", "dncnumber",
	}
	areaNames = []string{"area", "areacode", "npa"}
)

func headerWord(cell string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(cell))
}

// read is what a line says. A line that holds nothing to suppress is bad as a whole.
func (l *layout) read(line string) (targets []target, bad []fibonacco.ImportError) {
	cells := l.cells(line)
	refuse := func(column int, reason string) {
		field := ""
		if column >= 0 && column < len(l.names) {
			field = cut(strings.ToValidUTF8(l.names[column], ""), 100)
		}
		bad = append(bad, fibonacco.ImportError{Field: field, Reason: reason})
	}
	if l.area >= 0 && max(l.area, l.number) < len(cells) {
		switch t, ok := readTarget(cells[l.area] + cells[l.number]); {
		case ok:
			targets = append(targets, t)
		case !nothing(cells[l.number]):
			refuse(l.number, "is not a telephone number")
		}
	}
	for i, c := range cells {
		named := slices.Contains(l.columns, i)
		if !named && (l.columns != nil || l.area >= 0) {
			continue
		}
		found := targetsIn(c, !named)
		targets = append(targets, found...)
		if len(found) == 0 && named && !nothing(c) {
			refuse(i, "is neither an e-mail address nor a telephone number")
		}
	}
	if len(targets) == 0 && len(bad) == 0 {
		refuse(-1, "holds neither an e-mail address nor a telephone number")
	}
	return targets, bad
}

// targetsIn is the addresses and numbers of a cell: one, or several that are separated. Where
// columns are not to be told (loose), other words may stand between them.
func targetsIn(cell string, loose bool) []target {
	parts := strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(";|,/", r) })
	var several []target
	for _, p := range parts {
		if t, ok := readTarget(p); ok {
			several = append(several, t)
		}
	}
	if len(several) > 0 && len(several) == len(parts) {
		return several
	}
	if t, ok := readTarget(cell); ok {
		return []target{t}
	}
	if loose {
		return several
	}
	return nil
}

// nothing reports whether a cell is what people write for "there is none".
func nothing(cell string) bool {
	switch strings.ToLower(strings.Trim(cell, ".-_ ")) {
	case "", "n/a", "na", "none", "null", "unknown", "0":
		return true
	}
	return false
}

func isAreaAndNumber(area, number string) bool {
	digits := func(s string, n int) bool {
		return len(s) == n && strings.Trim(s, "0123456789") == ""
	}
	return digits(area, 3) && digits(number, 7)
}

// separatorOf is what the columns of a line are separated by.
func separatorOf(line string) (separator byte) {
	most := 0
	for _, c := range []byte{',', ';', '\t', '|'} {
		if n := len((&layout{separator: c}).cells(line)); n > max(most, 1) {
			separator, most = c, n
		}
	}
	return separator
}

// cells is the cells of a line, without the space and the quotes around them. Separators inside
// quotes belong to the cell, unless the quotes are never closed.
func (l *layout) cells(line string) []string {
	if l.separator == 0 {
		return []string{unquoted(line)}
	}
	var cells []string
	quoted, from := false, 0
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '"':
			quoted = !quoted
		case line[i] == l.separator && !quoted:
			cells = append(cells, unquoted(line[from:i]))
			from = i + 1
		}
	}
	if quoted {
		cells = strings.Split(line, string(l.separator))
		for i, c := range cells {
			cells[i] = unquoted(strings.Trim(c, "\" "))
		}
		return cells
	}
	return append(cells, unquoted(line[from:]))
}

func unquoted(cell string) string {
	cell = strings.TrimSpace(cell)
	if len(cell) >= 2 && cell[0] == '"' && cell[len(cell)-1] == '"' {
		cell = strings.TrimSpace(strings.ReplaceAll(cell[1:len(cell)-1], `""`, `"`))
	}
	return cell
}
