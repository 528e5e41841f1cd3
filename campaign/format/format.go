// Package format reads a library of campaigns: a folder of files, each with front matter in YAML
// and the sections "# Email" and "# Article" in Markdown; or the same keys, email and article
// included, in JSON.
//
// It checks everything that can be checked without a person, and says file, line and field of
// each irregularity. An error means the product could not work with the file; a warning is the
// editor's business: lengths, tone, a day that is taken. It stores nothing.
package format

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// Severity says what a problem prevents.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // the file cannot be used
	Warning Severity = "warning" // it can, but somebody should look
)

// Problem is one irregularity.
type Problem struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`  // from 1; 0 when it is about the file as a whole
	Field    string   `json:"field"` // "subject", "slides[2].narration", "email"; "" for the file
	Message  string   `json:"message"`
	Severity Severity `json:"severity"`
}

// String is "HOOK-001.md:7: error: subject: is missing".
func (p Problem) String() string {
	s := p.File
	if p.Line > 0 {
		s += fmt.Sprintf(":%d", p.Line)
	}
	s += ": " + string(p.Severity) + ": "
	if p.Field != "" {
		s += p.Field + ": "
	}
	return s + p.Message
}

// Entry is one campaign of a library, with its learning page.
type Entry struct {
	Campaign fibonacco.Campaign // inactive when Unplaced
	Content  fibonacco.Content
	File     string
	Unplaced bool // its programme day belongs to another campaign, or to no campaign of its type
}

// Rules is what a library is measured against.
type Rules struct {
	TotalDays       int                            // length of the programme
	CampaignsPerDay map[int]fibonacco.CampaignType // weekday of the programme 1–7 → type
}

// DefaultRules is the specification's programme.
func DefaultRules() Rules {
	return Rules{
		TotalDays: 90,
		CampaignsPerDay: map[int]fibonacco.CampaignType{
			1: fibonacco.Hook, 2: fibonacco.Edu, 4: fibonacco.HowTo, 6: fibonacco.HowTo,
		},
	}
}

// Load reads the library in fsys's top folder by the default rules; see Rules.Load.
func Load(fsys fs.FS) ([]Entry, []Problem) { return DefaultRules().Load(fsys) }

// Load reads every .md and .json file of fsys's top folder but README.md. It returns the files
// without errors, by programme day and those outside the programme last, and all problems by file
// and line. It never panics, whatever the files hold.
func (r Rules) Load(fsys fs.FS) ([]Entry, []Problem) {
	files, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, []Problem{{File: ".", Message: "cannot be read: " + err.Error(), Severity: Error}}
	}
	var docs []*document
	for _, f := range files {
		ext := strings.ToLower(path.Ext(f.Name()))
		if f.IsDir() || ext != ".md" && ext != ".json" || strings.EqualFold(f.Name(), "README.md") {
			continue
		}
		docs = append(docs, r.read(fsys, f.Name()))
	}
	return r.collect(docs)
}

// Parse reads one file by the default rules. The entry is nil when a problem is an error.
func Parse(name string, data []byte) (*Entry, []Problem) {
	r := DefaultRules()
	d := parse(name, data)
	r.lint(d)
	entries, problems := r.collect([]*document{d})
	if len(entries) == 0 {
		return nil, problems
	}
	return &entries[0], problems
}

// maxFile is how long a file may be, in bytes; a campaign is about 9,000.
const maxFile = 256 << 10

func (r Rules) read(fsys fs.FS, name string) *document {
	d := &document{file: name}
	info, err := fs.Stat(fsys, name)
	if err != nil {
		d.fileError("cannot be read: " + err.Error())
		return d
	}
	if info.Size() > maxFile {
		d.fileError(fmt.Sprintf("is longer than %d KB", maxFile>>10))
		return d
	}
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		d.fileError("cannot be read: " + err.Error())
		return d
	}
	d = parse(name, data)
	r.lint(d)
	return d
}

// collect looks at all files together: ids, slugs and days are given once.
func (r Rules) collect(docs []*document) ([]Entry, []Problem) {
	slices.SortStableFunc(docs, func(a, b *document) int { return inProgramme(&a.campaign, &b.campaign) })
	ids, slugs, days := map[string]string{}, map[string]string{}, map[int]string{}
	var entries []Entry
	var problems []Problem
	for _, lenient := range []bool{false, true} { // what is made to fit gives way
		for _, d := range docs {
			if d.lenient == lenient {
				d.unique("id", &d.campaign.ID, ids)
				d.unique("slug", &d.campaign.Slug, slugs)
			}
		}
	}
	for _, d := range docs {
		c := &d.campaign
		if !d.failed() {
			unplaced := r.place(d, days)
			c.IsActive, d.content.IsActive = !unplaced, true
			entries = append(entries, Entry{Campaign: *c, Content: d.content, File: d.file, Unplaced: unplaced})
		}
		problems = append(problems, d.problems...)
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return entries, problems
}

// place gives the campaign its day, or warns that it gets none (M2-02).
func (r Rules) place(d *document, days map[int]string) (unplaced bool) {
	c := &d.campaign
	switch {
	case d.idle || strings.TrimSpace(c.BodyMarkdown) == "":
		return true
	case c.Day == 0 && d.lenient && c.Type != fibonacco.Intro:
		d.warn("day", "is unplaced: the programme begins with day 1")
		return true
	case c.Day == 0:
		return false
	}
	fits := r.CampaignsPerDay[weekday(c.Day)] == c.Type
	if d.lenient { // its own days are what counts, as far as the programme goes
		fits = c.Day <= r.TotalDays && slices.Contains(slices.Collect(maps.Values(r.CampaignsPerDay)), c.Type)
	}
	if !fits {
		d.warn("day", "is unplaced: day %d has no campaign of type %s", c.Day, c.Type)
		return true
	}
	if first, taken := days[c.Day]; taken {
		d.warn("day", "is unplaced: day %d belongs to %s", c.Day, first)
		return true
	}
	days[c.Day] = c.ID
	return false
}

// unique sees to it that no two campaigns have the same id or slug. A lenient one gets another.
func (d *document) unique(field string, value *string, seen map[string]string) {
	if *value == "" {
		return
	}
	if first, taken := seen[*value]; taken {
		if !d.lenient {
			d.error(field, "is %q, as in %s", *value, first)
			return
		}
		given := *value
		*value = numbered(given, seen)
		d.warn(field, "is %q, as in %s; this one is %q", given, first, *value)
		d.complete()
	}
	seen[*value] = d.file
}

// weekday is the programme's, 1–7.
func weekday(day int) int { return (day-1)%7 + 1 }

// typeOrder decides who keeps a day.
var typeOrder = []fibonacco.CampaignType{fibonacco.Hook, fibonacco.Edu, fibonacco.HowTo, fibonacco.Conv, fibonacco.Intro}

// inProgramme orders campaigns by day, those without one last; then HOOK, EDU, HOWTO; then id.
func inProgramme(a, b *fibonacco.Campaign) int {
	outside := func(c *fibonacco.Campaign) int {
		if c.Day == 0 {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(outside(a), outside(b)), cmp.Compare(a.Day, b.Day),
		cmp.Compare(slices.Index(typeOrder, a.Type), slices.Index(typeOrder, b.Type)), cmp.Compare(a.ID, b.ID),
	)
}
