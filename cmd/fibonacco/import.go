package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

type importCommand struct {
	File         string   `arg:"" help:"CSV, JSON, NDJSON or Excel file; - is standard input."`
	Community    string   `help:"Short name of the community." required:"" placeholder:"SLUG"`
	Map          []string `help:"Which column holds a field, where the header does not say." placeholder:"FIELD=COLUMN" sep:"none"`
	Sheet        string   `help:"Sheet of a workbook; the first that is not hidden unless said." placeholder:"NAME"`
	Match        []string `help:"By what known businesses are found, the surest first: email, phone, name_zip, fuzzy_name_zip." placeholder:"RULE"`
	Duplicates   string   `help:"What to do with a business that is there already: fill its blanks, overwrite, or skip it." enum:"fill,overwrite,skip" default:"fill"`
	Policy       []string `help:"The same for one field." placeholder:"FIELD=fill|overwrite|skip" sep:"none"`
	DoNotContact bool     `help:"The file is of those who want to hear nothing: block the known ones, suppress the others' addresses and numbers."`
	Source       string   `help:"Where the list comes from; kept with each business." default:"import"`
	DryRun       bool     `help:"Read and report, store nothing."`
	JSON         bool     `help:"Print JSON; the last line is the result."`
}

func (c importCommand) Run(e *env) error {
	req, err := c.request()
	if err != nil {
		return err
	}
	file, size, err := openImport(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	var result fibonacco.ImportResult
	err = e.with(func(a *app) error {
		town, err := a.smb.FindCommunityBySlug(e.ctx, c.Community)
		if err != nil {
			return err
		}
		req.CommunityID = town.ID
		show := newProgress(e.err, size)
		result, err = a.imports.Run(e.ctx, req, file, size, show.update)
		show.end()
		return err
	})
	if err != nil {
		return err
	}
	if result.Errors == nil {
		result.Errors = []fibonacco.ImportError{}
	}
	if c.JSON {
		if err := e.printJSON(result); err != nil {
			return err
		}
	} else {
		c.say(e, &result)
	}
	if result.Failed > 0 {
		return errPartly
	}
	return nil
}

func (c importCommand) request() (fibonacco.ImportRequest, error) {
	req := fibonacco.ImportRequest{
		Filename: filepath.Base(c.File), Sheet: c.Sheet, Duplicates: c.Duplicates, Source: c.Source, DryRun: c.DryRun,
		Mapping: map[string]string{}, Policies: map[string]string{},
	}
	for _, m := range c.Map {
		field, column, ok := strings.Cut(m, "=")
		if !ok || field == "" || column == "" {
			return req, fibonacco.Errorf(fibonacco.Invalid, "--map %q must be FIELD=COLUMN", m)
		}
		req.Mapping[field] = column
	}
	for _, p := range c.Policy {
		field, mode, ok := strings.Cut(p, "=")
		if !ok || field == "" || mode == "" {
			return req, fibonacco.Errorf(fibonacco.Invalid, "--policy %q must be FIELD=fill, FIELD=overwrite or FIELD=skip", p)
		}
		req.Policies[field] = mode
	}
	for _, rule := range c.Match {
		req.Match = append(req.Match, fibonacco.MatchRule(rule))
	}
	if c.DoNotContact {
		req.Mode = fibonacco.DoNotContactFile
	}
	return req, nil
}

// say reports for people: each error of a short list, the kinds of a long one, and what would
// change of known businesses.
func (c importCommand) say(e *env, r *fibonacco.ImportResult) {
	const few = 20
	if len(r.Errors) <= few {
		for _, problem := range r.Errors {
			e.say("line %d: %s %s", problem.Line, problem.Field, problem.Reason)
		}
	} else {
		for _, p := range r.Problems {
			e.say("%d × %s %s (line %s)", p.Count, p.Field, p.Reason, strings.Trim(strings.ReplaceAll(fmt.Sprint(p.Lines), " ", ", "), "[]"))
		}
	}
	for _, d := range r.Duplicates[:min(len(r.Duplicates), few)] {
		var changes []string
		for _, change := range d.Change {
			changes = append(changes, fmt.Sprintf("%s %q → %q", change.Field, change.Before, change.After))
		}
		what := "nothing"
		if len(changes) > 0 {
			what = strings.Join(changes, ", ")
		}
		e.say("line %d is known by %s, and would change %s", d.Line, d.By, what)
	}
	verb := "Read"
	if c.DryRun {
		verb = "Tried (nothing was stored)"
	}
	created, updated := "created", "updated"
	if c.DoNotContact {
		created, updated = "suppressed", "blocked"
	}
	e.say("%s %d rows: %d %s, %d %s, %d skipped, %d failed.", verb, r.Total, r.Created, created, r.Updated, updated, r.Skipped, r.Failed)
}

func openImport(path string) (io.ReadCloser, int64, error) {
	if path == "-" {
		return io.NopCloser(os.Stdin), 0, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, fibonacco.Errorf(fibonacco.Invalid, "cannot open the file: %v", err)
	}
	stat, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if stat.IsDir() {
		return nil, 0, fibonacco.Errorf(fibonacco.Invalid, "%s is a folder", path)
	}
	return f, stat.Size(), nil
}

func parseID(text string) (int64, error) { return strconv.ParseInt(strings.TrimSpace(text), 10, 64) }

// progress is one line about a long piece of work: rewritten in place on a terminal, with a bar where
// the size is known; a new line every few seconds elsewhere.
type progress struct {
	w        io.Writer
	size     int64
	terminal bool
	began    time.Time
	last     time.Time
	shown    bool
}

func newProgress(w io.Writer, size int64) *progress {
	p := &progress{w: w, size: size, began: fibonacco.RealTime()}
	p.last = p.began
	if f, ok := w.(*os.File); ok {
		if stat, err := f.Stat(); err == nil {
			p.terminal = stat.Mode()&os.ModeCharDevice != 0
		}
	}
	return p
}

func (p *progress) update(res fibonacco.ImportResult, bytesDone int64) {
	now := fibonacco.RealTime()
	every := 5 * time.Second
	if p.terminal {
		every = 200 * time.Millisecond
	}
	if now.Sub(p.last) < every {
		return
	}
	p.last, p.shown = now, true
	line := progressLine(res, bytesDone, p.size, now.Sub(p.began), p.terminal)
	if p.terminal {
		fmt.Fprintf(p.w, "\r\x1b[K%s", line)
	} else {
		fmt.Fprintln(p.w, line)
	}
}

const barWidth = 30

// progressLine is how far an import is; size 0 is unknown.
func progressLine(res fibonacco.ImportResult, done, size int64, took time.Duration, bar bool) string {
	line := fmt.Sprintf("%d rows, %.0f rows/s", res.Total, float64(res.Total)/max(took.Seconds(), 0.001))
	if size > 0 && done > 0 {
		share := min(float64(done)/float64(size), 1)
		left := time.Duration(float64(took) * (1/share - 1)).Round(time.Second)
		line += fmt.Sprintf(", %.0f %%, %s left", 100*share, left)
		if bar {
			full := int(share * barWidth)
			line = "[" + strings.Repeat("█", full) + strings.Repeat("░", barWidth-full) + "] " + line
		}
	}
	if res.Failed > 0 {
		line += fmt.Sprintf(", %d failed", res.Failed)
	}
	return line
}

func (p *progress) end() {
	if p.terminal && p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
