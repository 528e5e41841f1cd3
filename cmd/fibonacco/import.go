package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

type importCommand struct {
	File       string   `arg:"" help:"CSV or JSON file; - is standard input."`
	Community  string   `help:"Short name of the community." required:"" placeholder:"SLUG"`
	Map        []string `help:"Which column holds a field, where the header does not say." placeholder:"FIELD=COLUMN" sep:"none"`
	Duplicates string   `help:"What to do with a business that is there already: fill its blanks, overwrite, or skip it." enum:"fill,overwrite,skip" default:"fill"`
	Source     string   `help:"Where the list comes from; kept with each business." default:"import"`
	DryRun     bool     `help:"Read and report, store nothing."`
	JSON       bool     `help:"Print JSON; the last line is the result."`
}

func (c importCommand) Run(e *env) error {
	mapping := map[string]string{}
	for _, m := range c.Map {
		field, column, ok := strings.Cut(m, "=")
		if !ok || field == "" || column == "" {
			return fibonacco.Errorf(fibonacco.Invalid, "--map %q must be FIELD=COLUMN", m)
		}
		mapping[field] = column
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
		show := newProgress(e.err, size)
		result, err = a.imports.Run(e.ctx, fibonacco.ImportRequest{
			CommunityID: town.ID, Filename: c.File, Mapping: mapping, Duplicates: c.Duplicates, Source: c.Source, DryRun: c.DryRun,
		}, file, size, show.update)
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
		for _, problem := range result.Errors {
			e.say("line %d: %s %s", problem.Line, problem.Field, problem.Reason)
		}
		verb := "Read"
		if c.DryRun {
			verb = "Tried (nothing was stored)"
		}
		e.say("%s %d rows: %d created, %d updated, %d skipped, %d failed.", verb, result.Total, result.Created, result.Updated, result.Skipped, result.Failed)
	}
	if result.Failed > 0 {
		return errPartly
	}
	return nil
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

// progress is one line about a long piece of work: rewritten in place on a terminal, a new line
// every few seconds elsewhere.
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
	took := now.Sub(p.began).Seconds()
	line := fmt.Sprintf("%d rows, %.0f rows/s", res.Total, float64(res.Total)/took)
	if p.size > 0 && bytesDone > 0 {
		share := float64(bytesDone) / float64(p.size)
		left := time.Duration((took/share - took) * float64(time.Second)).Round(time.Second)
		line += fmt.Sprintf(", %.0f %%, %s left", 100*share, max(left, 0))
	}
	if res.Failed > 0 {
		line += fmt.Sprintf(", %d failed", res.Failed)
	}
	if p.terminal {
		fmt.Fprintf(p.w, "\r\x1b[K%s", line)
	} else {
		fmt.Fprintln(p.w, line)
	}
}

func (p *progress) end() {
	if p.terminal && p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
