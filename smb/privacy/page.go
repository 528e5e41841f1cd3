package privacy

import (
	_ "embed" // the page
	"html/template"
	"io"
	"time"
)

// page is README.html: what is in the archive, for the people it is about.
type page struct {
	SMBID int64
	At    time.Time
	Files []pageFile
}

type pageFile struct {
	Name  string
	About string
	Rows  int
}

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

func (p page) write(w io.Writer) error { return pageTemplate.Execute(w, p) }
