package main

import (
	"fmt"
	"os"
	"time"

	"github.com/fibonacco/fibonacco"
)

// importsCommand looks after imports that were made, here or over the network.
type importsCommand struct {
	List   importsList   `cmd:"" help:"Imports, the latest first."`
	Errors importsErrors `cmd:"" help:"Print all that was refused of an import, as CSV."`
	Cancel importsCancel `cmd:"" help:"Stop an import; what it has stored stays."`
	Undo   importsUndo   `cmd:"" help:"Take an import back, for 30 days: what was changed or started since stays."`
}

type importsList struct {
	Status string `help:"Only those that are queued, running, completed, failed, cancelled, undoing or undone." placeholder:"STATUS"`
	JSON   bool   `help:"Print JSON, one import a line."`
}

func (c importsList) Run(e *env) error {
	q := fibonacco.ListQuery{Size: fibonacco.DefaultPage}
	if c.Status != "" {
		q.Filter = fibonacco.Filter{"status": c.Status}
	}
	return e.with(func(a *app) error {
		page, err := a.imports.ListImports(e.ctx, q)
		if err != nil {
			return err
		}
		for i := range page.Data {
			job := &page.Data[i]
			if c.JSON {
				if err := e.printJSON(job); err != nil {
					return err
				}
				continue
			}
			e.say("%s  %s  %-9s  %s", job.UUID, job.CreatedAt.Format("2006-01-02 15:04"), job.Status, describeImport(job))
		}
		return nil
	})
}

// describeImport is an import in a few words.
func describeImport(job *fibonacco.ImportJob) string {
	text := fmt.Sprintf("%s: %d rows, %d created, %d updated, %d skipped, %d failed", job.Filename, job.Total, job.Created, job.Updated, job.Skipped, job.Failed)
	if job.DryRun {
		text += ", tried"
	}
	if job.Status == fibonacco.ImportRunning && job.ETASeconds != nil {
		text += fmt.Sprintf(", %.0f rows/s, %s left", job.RowsPerSecond, time.Duration(*job.ETASeconds*float64(time.Second)).Round(time.Second))
	}
	if u := job.Undo; u != nil {
		text += fmt.Sprintf("; taken back: %d removed, %d restored, %d and %d values kept", u.Removed, u.Restored, u.Kept, u.FieldsKept)
	}
	return text
}

type importsErrors struct {
	UUID string `arg:"" help:"The import's, from imports list." name:"uuid"`
	Out  string `help:"File to write; standard output unless said." placeholder:"FILE"`
}

func (c importsErrors) Run(e *env) error {
	return e.with(func(a *app) error {
		if c.Out == "" {
			return a.imports.WriteImportErrors(e.ctx, c.UUID, e.out)
		}
		f, err := os.OpenFile(c.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return fibonacco.Errorf(fibonacco.Invalid, "cannot write the file: %v", err)
		}
		if err := a.imports.WriteImportErrors(e.ctx, c.UUID, f); err != nil {
			_ = f.Close()
			return err
		}
		return f.Close()
	})
}

type importsCancel struct {
	UUID string `arg:"" help:"The import's, from imports list." name:"uuid"`
}

func (c importsCancel) Run(e *env) error {
	return e.with(func(a *app) error {
		job, err := a.imports.CancelImport(e.ctx, c.UUID)
		if err != nil {
			return err
		}
		e.say("Cancelled %s", describeImport(job))
		return nil
	})
}

type importsUndo struct {
	UUID string `arg:"" help:"The import's, from imports list." name:"uuid"`
	JSON bool   `help:"Print JSON."`
}

func (c importsUndo) Run(e *env) error {
	return e.with(func(a *app) error {
		job, err := a.imports.UndoNow(e.ctx, c.UUID)
		if err != nil {
			return err
		}
		if c.JSON {
			return e.printJSON(job)
		}
		e.say("Took back %s", describeImport(job))
		return nil
	})
}
