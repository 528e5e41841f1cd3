// Command gen makes brooklyn.csv out of the open data it comes from:
//
//	go run ./library/sample/gen LICENCES.csv >library/sample/brooklyn.csv
//
// LICENCES.csv is NYC Open Data's "Legally Operating Businesses" for one ZIP area. Names, trades and
// places stay as they are in the source; one business under several licences becomes one row.
// Addresses and telephone numbers are made: mail goes to a reserved domain, numbers are from the
// range kept for fiction. People are left out.
package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

var areas = []string{"718", "347", "917", "646", "212", "929"}

func run(args []string, out io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("name the source file")
	}
	f, err := os.Open(args[0]) //nolint:gosec // the caller names the file
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	head, err := r.Read()
	if err != nil {
		return err
	}
	column := map[string]int{}
	for i, name := range head {
		column[strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))] = i
	}
	w := csv.NewWriter(out)
	if err := w.Write([]string{"Business Name", "DBA", "Category", "Contact Name", "Email", "Phone", "Address", "City", "State", "ZIP", "Longitude", "Latitude"}); err != nil {
		return err
	}
	seen, slugs := map[string]bool{}, map[string]int{}
	for n := 0; ; {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		get := func(name string) string {
			if i, ok := column[name]; ok && i < len(row) {
				return strings.Join(strings.Fields(row[i]), " ")
			}
			return ""
		}
		name, dba := get("Business Name"), get("Business Name 2")
		address := strings.TrimSpace(get("Address Building") + " " + get("Address Street Name"))
		// The source writes a sole owner as "SURNAME, FIRST": then only the shop's name is kept.
		if regexp.MustCompile(`^[A-Z' -]+, [A-Z' .-]+$`).MatchString(name) && !strings.Contains(name, " INC") && !strings.Contains(name, "LLC") && !strings.Contains(name, "CORP") {
			if dba == "" || within(dba, name) {
				continue
			}
			name, dba = dba, ""
		}
		// Others stand under their own name without a company's ending.
		if ownName.MatchString(name) && !company.MatchString(name) {
			if dba != "" {
				name, dba = dba, ""
			} else if strings.HasPrefix(get("Industry"), "Secondhand Dealer") {
				continue
			}
		}
		shown := name
		if dba != "" {
			shown = dba
		}
		key := slug(shown) + "|" + slug(address)
		if name == "" || seen[key] {
			continue
		}
		seen[key] = true
		phone := ""
		if n/100 < len(areas) && n%17 != 16 {
			phone = written(areas[n/100], n%100, n%4)
		}
		email := ""
		if n%14 != 13 {
			s := slug(shown)
			if slugs[s]++; slugs[s] > 1 {
				s = fmt.Sprintf("%s-%d", s, slugs[s])
			}
			email = "owner@" + s + ".example"
		}
		n++
		if err := w.Write([]string{name, dba, get("Industry"), "", email, phone, address, get("Address City"), get("Address State"), get("Address ZIP"), get("Longitude"), get("Latitude")}); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// ownName is two or three words of letters.
var ownName = regexp.MustCompile(`(?i)^[a-z]+ ([a-z]+ )?[a-z]+$`)

var company = regexp.MustCompile(`(?i)\b(inc|llc|corp|ltd|co|antiques|[a-z]*shop|store|grocery|cleaners?|market)\b`)

// within reports whether every word of a is one of b's: "KEVIN KERR" is "KERR, KEVIN".
func within(a, b string) bool {
	words := strings.FieldsFunc(strings.ToUpper(b), func(r rune) bool { return r == ',' || r == ' ' })
	for _, w := range strings.Fields(strings.ToUpper(a)) {
		if !slices.Contains(words, w) {
			return false
		}
	}
	return true
}

// written writes a fictitious number as people do.
func written(area string, line, style int) string {
	switch style {
	case 0:
		return fmt.Sprintf("(%s) 555-01%02d", area, line)
	case 1:
		return fmt.Sprintf("%s-555-01%02d", area, line)
	case 2:
		return fmt.Sprintf("%s55501%02d", area, line)
	}
	return fmt.Sprintf("+1 %s 555 01%02d", area, line)
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

func slug(name string) string {
	s := strings.Trim(notSlug.ReplaceAllString(strings.ToLower(strings.ReplaceAll(name, "'", "")), "-"), "-")
	if len(s) > 50 {
		s = strings.Trim(s[:50], "-")
	}
	return s
}
