package static_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/web/static"
)

func TestEveryStyleIsPartOfASheet(t *testing.T) {
	t.Parallel()
	var parts []string
	for _, sheet := range static.Sheets() {
		one := static.Parts(sheet)
		if len(one) == 0 {
			t.Errorf("%s is made of nothing", sheet)
		}
		for i, part := range one {
			if slices.Contains(one[:i], part) {
				t.Errorf("%s has %s twice", sheet, part)
			}
		}
		parts = append(parts, one...)
		if w := get(static.URL(sheet), "Accept-Encoding", "gzip"); w.Code != 200 || w.Header().Get("Content-Encoding") != "gzip" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/css") {
			t.Errorf("%s: %d %v", sheet, w.Code, w.Header())
		}
	}
	for _, file := range static.Styles() {
		if !slices.Contains(parts, file) {
			t.Errorf("styles/%s.css is in no sheet: name it in sheets.go", file)
		}
		if w := get(static.Prefix + file + ".css"); w.Code != 404 {
			t.Errorf("%s is served by itself: %d", file, w.Code)
		}
	}
}

// What a sheet styles is somewhere on the pages that ask for it: each class it names stands in a template, in
// the Go beside it, or in a script of theirs.
func TestSheetsStyleWhatTheirPagesHave(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		sources []string
		beside  []string // of shared components: too little to have a file of its own
	}{
		"public.css": {
			sources: []string{"../public/*.templ", "../public/*.go", "files/chat.js", "files/learn.js", "files/till.js"},
			beside:  []string{"faint", "mono", "t12", "solid", "f-ink1", "f-leaf", "f-brick", "f-stone", "f-track", "f-line"},
		},
		"learn.css": {sources: []string{"../public/*.templ", "../public/*.go", "files/learn.js"}},
		"staff.css": {
			sources: []string{"../ui/*.templ", "../ui/*.go", "files/*.js", "files/vendor/uplot*.js"},
			beside:  []string{"c-status", "c-tier", "c-score", "c-activity", "c-next", "c-reach"}, // columns of businesses: "c-" and a key
		},
	}
	for sheet, tc := range cases {
		used := wordsIn(t, tc.sources...)
		var idle []string
		for _, class := range classesOf(get(static.URL(sheet)).Body.String()) {
			if !used[class] && !slices.Contains(idle, class) {
				idle = append(idle, class)
			}
		}
		slices.Sort(idle)
		slices.Sort(tc.beside)
		if !slices.Equal(idle, tc.beside) {
			t.Errorf("%s styles what none of its pages has: %v, not %v", sheet, idle, tc.beside)
		}
	}
}

var (
	quoted   = regexp.MustCompile("\"[^\"\n]*\"|`[^`]*`|'[^'\n]*'")
	name     = regexp.MustCompile(`[A-Za-z_][\w-]*`)
	selector = regexp.MustCompile(`[^{}]+\{`)
	class    = regexp.MustCompile(`\.([A-Za-z_][\w-]*)`)
	note     = regexp.MustCompile(`(?s)/\*.*?\*/`)
)

// classesOf are the classes that the selectors of a sheet name.
func classesOf(sheet string) (all []string) {
	for _, s := range selector.FindAllString(note.ReplaceAllString(sheet, ""), -1) {
		if strings.HasPrefix(strings.TrimSpace(s), "@") {
			continue
		}
		for _, found := range class.FindAllStringSubmatch(s, -1) {
			all = append(all, found[1])
		}
	}
	return all
}

// wordsIn are the words between quotes in sources, tests and generated files left out.
func wordsIn(t *testing.T, patterns ...string) map[string]bool {
	t.Helper()
	words := map[string]bool{}
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "_templ.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, q := range quoted.FindAllString(string(text), -1) {
				for _, w := range name.FindAllString(q, -1) {
					words[w] = true
				}
			}
		}
	}
	return words
}

// The dark theme is the same whether the system asks for it or the person has chosen it: CSS has no way to
// say it once for both.
func TestDarkThemesAgree(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("styles", "tokens.css"))
	if err != nil {
		t.Fatal(err)
	}
	block := func(selector string) []string {
		_, rest, found := strings.Cut(string(text), selector+" {")
		body, _, ends := strings.Cut(rest, "}")
		if !found || !ends {
			t.Fatalf("%s is not in the tokens", selector)
		}
		return strings.Fields(body)
	}
	asked, chosen := block(`:root:not([data-theme="light"])`), block(`:root[data-theme="dark"]`)
	if len(asked) < 80 || !slices.Equal(asked, chosen) {
		t.Errorf("the two differ:\n%v\n%v", asked, chosen)
	}
}
