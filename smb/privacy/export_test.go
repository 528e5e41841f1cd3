package privacy

// Exceptions is exceptions.
var Exceptions = exceptions

// Table is a table for tests: its columns with their kinds, and those of them that are personal
// and not erased.
type Table struct {
	Name    string
	Columns map[string]string
	Kept    []string
	Blank   bool // erased column by column
}

// Tables is tables.
func Tables() []Table {
	var all []Table
	for _, t := range tables {
		one := Table{Name: t.name, Columns: map[string]string{}, Blank: t.fate == blank}
		for _, c := range t.columns {
			one.Columns[c.name] = string(c.kind)
			if c.kind.personal() == (c.erased == "") {
				one.Kept = append(one.Kept, c.name)
			}
		}
		all = append(all, one)
	}
	return all
}
