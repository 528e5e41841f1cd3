package static

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// The styles are kept by component, and put together once into the sheets that pages ask for. Rules later in a
// sheet win over equal ones before them: the lists are the order.
//
//go:embed styles
var styles embed.FS

// What staff and public pages share, what only staff see, and what only the public sees.
var (
	shared = inFolder("components",
		"base", "icon", "text", "layout", "brand", "button", "badge", "fill", "list", "check", "field", "note",
	)
	staffOnly = inFolder("staff",
		"base", "shell", "find", "nav", "avatar", "pagehead", "crumbs", "tabbar", "columns", "live", "segment", "tabs",
		"badge", "panel", "figures", "chart", "feed", "timeline", "table", "filter", "views", "bulk", "pager", "toast",
		"empty", "dialog", "palette", "strip", "calendar", "device", "gate", "editor", "text", "overview", "pick",
		"ledger", "menu", "account", "keys", "form", "settings", "setup", "businessfilter", "businesses", "inline",
		"record", "consents", "merge", "fold", "mailbox", "programme", "compare", "learning", "queues",
	)
	publicOnly = inFolder("public",
		"page", "field", "slide", "promise", "approve", "preferences", "article", "booking", "owner", "reviews", "coupons",
		"business", "events", "chat",
	)
)

// sheets are what pages ask for, and what each is made of. What the public never sees is not sent to it, nor the
// other way round.
var sheets = map[string][]string{
	"staff.css":  slices.Concat([]string{"tokens"}, shared, staffOnly, last),
	"public.css": slices.Concat([]string{"tokens"}, shared, publicOnly, last),
	"learn.css":  {"public/learn"}, // beside public.css, on the pages with slides
	"docs.css": slices.Concat([]string{"tokens"}, shared,
		inFolder("staff", "find", "nav", "pagehead", "panel", "filter", "empty"), last, []string{"reference"}),
}

// last has the last word everywhere.
var last = []string{"components/motion"}

func inFolder(folder string, names ...string) []string {
	for i, name := range names {
		names[i] = folder + "/" + name
	}
	return names
}

// putTogether is the text of one sheet.
func putTogether(sheet string) []byte {
	var all []byte
	for _, part := range sheets[sheet] {
		text, err := styles.ReadFile("styles/" + part + ".css")
		if err != nil {
			panic(fmt.Sprintf("static: %s is made of a file that is not there: %v", sheet, err)) // the lists are constants of the program
		}
		all = append(append(all, text...), '\n')
	}
	return all
}

// Styles lists the files that sheets are made of, and Parts those of one sheet: "components/button" and so on.
func Styles() (all []string) {
	err := fs.WalkDir(styles, "styles", func(name string, _ fs.DirEntry, err error) error {
		if err == nil && path.Ext(name) == ".css" {
			all = append(all, strings.TrimSuffix(strings.TrimPrefix(name, "styles/"), ".css"))
		}
		return err
	})
	if err != nil {
		panic(err) // the files are part of the binary
	}
	return all
}

// Parts are the files of one sheet in their order; none of a sheet that is not there.
func Parts(sheet string) []string { return slices.Clone(sheets[sheet]) }

// Sheets are the names of all sheets.
func Sheets() []string { return []string{"docs.css", "learn.css", "public.css", "staff.css"} }
