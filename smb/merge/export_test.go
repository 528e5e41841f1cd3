package merge

// What the tests compare with the live schema.

// OwnedColumns is every column that a merge moves: "campaign_sends.smb_id".
func OwnedColumns() []string {
	names := make([]string, len(tables))
	for i, o := range tables {
		names[i] = o.name()
	}
	return names
}

// Exceptions is the columns that name a business and are left alone.
var Exceptions = exceptions

// SMBColumns is every column of smbs that merges know of.
func SMBColumns() []string {
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	for name := range derived {
		names = append(names, name)
	}
	return names
}
