package reviews

// ReadCustomers is for the fuzz test of what owners paste.
func ReadCustomers(text string) (names, emails []string, ok bool) {
	all, bad := readCustomers(text)
	for _, c := range all {
		names, emails = append(names, c.name), append(emails, c.email)
	}
	return names, emails, len(bad) == 0
}
