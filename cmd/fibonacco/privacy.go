package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/fibonacco/fibonacco"
)

type suppressCommand struct {
	Import suppressImport `cmd:"" help:"Take in a do-not-contact file: CSV with or without a header, or a line each."`
}

type suppressImport struct {
	File   string `arg:"" help:"CSV or text file; - is standard input."`
	Reason string `help:"Why: manual, dnc, unsubscribe, bounce, complaint or legal." enum:"manual,dnc,unsubscribe,bounce,complaint,legal" default:"dnc"`
	Source string `help:"Whose list it is; kept with each entry." required:""`
	JSON   bool   `help:"Print JSON; the last line is the result."`
}

func (c suppressImport) Run(e *env) error {
	file, _, err := openImport(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	var result *fibonacco.SuppressionResult
	if err := e.with(func(a *app) error {
		result, err = a.consents.ImportSuppressions(e.ctx, file, c.Reason, c.Source)
		return err
	}); err != nil {
		return err
	}
	if c.JSON {
		if err := e.printJSON(result); err != nil {
			return err
		}
	} else {
		for _, problem := range result.Errors {
			e.say("line %d: %s %s", problem.Line, problem.Field, problem.Reason)
		}
		e.say("Read %d addresses and numbers: %d suppressed, %d known already, %d failed. %d businesses have one of the new ones.",
			result.Total, result.Added, result.Known, result.Failed, result.Reached)
	}
	if result.Failed > 0 {
		return errPartly
	}
	return nil
}

type smbCommand struct {
	Export smbExport `cmd:"" help:"Write everything that is stored about a business into a ZIP archive."`
	Erase  smbErase  `cmd:"" help:"Erase a business for good: its history stays, and tells nobody whose it was."`
}

type smbExport struct {
	SMB  string `arg:"" help:"Id, uuid or e-mail address; of a deleted one its id." name:"smb"`
	File string `arg:"" help:"ZIP file to write. It must not be there yet." name:"file"`
}

func (c smbExport) Run(e *env) error {
	return e.with(func(a *app) error {
		id, err := a.smbID(e, c.SMB)
		if err != nil {
			return err
		}
		if _, err := os.Stat(c.File); err == nil {
			return fibonacco.Errorf(fibonacco.Invalid, "%s is there already", c.File)
		}
		// Beside its place first: what carries the name is whole.
		f, err := os.CreateTemp(filepath.Dir(c.File), ".fibonacco-export-")
		if err != nil {
			return fibonacco.Errorf(fibonacco.Invalid, "cannot write the file: %v", err)
		}
		defer func() { _ = os.Remove(f.Name()) }()
		if err := errors.Join(a.privacy.ExportSMB(e.ctx, id, f), f.Close()); err != nil {
			return err
		}
		if err := os.Rename(f.Name(), c.File); err != nil {
			return err
		}
		e.say("Wrote everything about business %d to %s.", id, c.File)
		return nil
	})
}

type smbErase struct {
	SMB    string `arg:"" help:"Id, uuid or e-mail address; of a deleted one its id." name:"smb"`
	Reason string `help:"Why, for the audit log. It stays there: do not say who it is about." required:""`
	Yes    bool   `help:"Do it: it cannot be undone."`
}

func (c smbErase) Run(e *env) error {
	if !c.Yes {
		return fibonacco.Errorf(fibonacco.Invalid, "an erasure cannot be undone: say --yes")
	}
	return e.with(func(a *app) error {
		id, err := a.smbID(e, c.SMB)
		if err != nil {
			return err
		}
		if err := a.privacy.EraseSMB(e.ctx, id, c.Reason); err != nil {
			return err
		}
		e.say("Erased business %d.", id)
		return nil
	})
}

// smbID is the id of what a person has at hand. A number is taken as it is: it may be that of a
// deleted business, which findSMB does not know.
func (a *app) smbID(e *env, handle string) (int64, error) {
	if id, err := parseID(handle); err == nil {
		return id, nil
	}
	business, err := a.findSMB(e, handle)
	if err != nil {
		return 0, err
	}
	return business.ID, nil
}
