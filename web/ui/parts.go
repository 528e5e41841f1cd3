package ui

import (
	"fmt"
	"net/http"

	"github.com/a-h/templ"
)

// current marks the link of the page that is open.
func current(is bool) templ.Attributes {
	if !is {
		return nil
	}
	return templ.Attributes{"aria-current": "page"}
}

// liveAttributes say which stream moves a part of a page.
func liveAttributes(stream string) templ.Attributes {
	if stream == "" {
		return nil
	}
	return templ.Attributes{"data-live": stream}
}

func themeAttribute(theme string) templ.Attributes {
	if theme == "" {
		return nil
	}
	return templ.Attributes{"data-theme": theme}
}

// tierRect is one of the four bars that stand for a tier.
type tierRect struct {
	X, Y, H string
	On      bool
}

func tierBars(tier int) []tierRect {
	var bars []tierRect
	for i := range 4 {
		h := 3 * (i + 1)
		bars = append(bars, tierRect{X: fmt.Sprint(5 * i), Y: fmt.Sprint(12 - h), H: fmt.Sprint(h), On: i < 5-tier})
	}
	return bars
}

func statusLine(status int) string { return fmt.Sprintf("%d %s", status, http.StatusText(status)) }

// selected marks the row of a table that matters now.
func selected(is bool) templ.Attributes {
	if !is {
		return nil
	}
	return templ.Attributes{"aria-selected": "true"}
}

// wrongAttributes mark a field that cannot be taken, and lead to why.
func wrongAttributes(why, id string) templ.Attributes {
	if why == "" {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": id}
}
