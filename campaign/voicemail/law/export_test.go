package law

// ReadBook and ReadAreas read what the package otherwise reads from its own files.
var (
	ReadBook  = func(text string) error { _, err := readBook([]byte(text)); return err }
	ReadAreas = func(text string) error { _, err := readAreas(text); return err }
)
