package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
)

// ndjsonRow writes an entry as a line of JSON, its members in the order of columns.
func ndjsonRow(columns []string) exportRow {
	return func(w io.Writer, members map[string]json.RawMessage) error {
		if members == nil {
			return nil
		}
		var line bytes.Buffer
		line.WriteByte('{')
		for _, name := range columns {
			value, ok := members[name]
			if !ok {
				continue // left out when empty
			}
			if line.Len() > 1 {
				line.WriteByte(',')
			}
			line.WriteString(`"` + name + `":`) // our own names need no escaping
			line.Write(value)
		}
		line.WriteString("}\n")
		_, err := w.Write(line.Bytes())
		return err
	}
}

// csvRow writes an entry as a row of cells.
func csvRow(columns []string) exportRow {
	return func(w io.Writer, members map[string]json.RawMessage) error {
		cells := slices.Clone(columns)
		if members != nil {
			for i, name := range columns {
				cells[i] = cell(members[name])
			}
		}
		out := csv.NewWriter(w)
		if err := out.Write(cells); err != nil {
			return err
		}
		out.Flush()
		return out.Error()
	}
}

// CSVCell is a JSON value as a cell of an export: nothing for null, and no text that a spreadsheet
// would take for a formula.
func CSVCell(value json.RawMessage) string { return cell(value) }

// cell is a JSON value as text: nothing for null, a text itself, a list or an object as JSON.
func cell(value json.RawMessage) string {
	if len(value) == 0 || bytes.Equal(value, []byte("null")) {
		return ""
	}
	var text string
	if value[0] != '"' || json.Unmarshal(value, &text) != nil {
		return string(value)
	}
	return harmless(text)
}

// phoneNumber begins with a sign that begins formulas too, but is none.
var phoneNumber = regexp.MustCompile(`^\+[0-9]+$`)

// harmless is a text that a spreadsheet does not take for a formula: what a business is called
// is written by strangers.
func harmless(text string) string {
	trimmed := strings.TrimLeft(text, " \t\r\n\v\f\u00a0\ufeff")
	if trimmed != "" && strings.ContainsAny(trimmed[:1], "=+-@|%") && !phoneNumber.MatchString(text) ||
		strings.HasPrefix(text, "\t") || strings.HasPrefix(text, "\r") || strings.HasPrefix(text, "\n") ||
		startsWide(trimmed) {
		return "'" + text
	}
	return text
}

// startsWide: East Asian spreadsheets read the full-width signs as the signs.
func startsWide(text string) bool {
	for _, sign := range []string{"\uff1d", "\uff0b", "\uff0d", "\uff20"} {
		if strings.HasPrefix(text, sign) {
			return true
		}
	}
	return false
}

// exampleRows is the example of a list, entry by entry.
func exampleRows(example any) (rows []map[string]json.RawMessage) {
	text, err := json.Marshal(tidy(example))
	if err != nil {
		panic(err) // an example that is none: a mistake in the program
	}
	var page struct{ Data []map[string]json.RawMessage }
	if err := json.Unmarshal(text, &page); err != nil {
		panic(err)
	}
	return page.Data
}

// exampleText is the example of an export: the first few members are enough.
func exampleText(rows []map[string]json.RawMessage, form func(columns []string) exportRow) string {
	if len(rows) == 0 {
		return ""
	}
	columns := []string{"id"}
	for name := range rows[0] {
		if name != "id" {
			columns = append(columns, name)
		}
	}
	slices.Sort(columns[1:])
	row := form(columns[:min(4, len(columns))])
	var out bytes.Buffer
	for _, members := range append([]map[string]json.RawMessage{nil}, rows...) {
		_ = row(&out, members) // to memory
	}
	return out.String()
}
