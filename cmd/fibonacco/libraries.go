package main

import (
	"context"
	"io/fs"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/format"
)

// libraries brings campaign libraries in, as `campaigns import` does.
type libraries struct{ *app }

// ImportLibrary implements fibonacco.CampaignLibraries.
func (l libraries) ImportLibrary(ctx context.Context, files fs.FS, dry bool) (*fibonacco.LibraryReport, error) {
	entries, problems := rulesOf(l.cfg).Load(files)
	if len(entries) == 0 && len(problems) == 0 {
		problems = []format.Problem{{File: ".", Message: "holds no campaign: a campaign is a .md or .json file in the top folder", Severity: format.Error}}
	}
	report := &fibonacco.LibraryReport{Campaigns: len(entries), Errors: countErrors(problems), DryRun: dry}
	for _, e := range entries {
		if e.Unplaced {
			report.Unplaced = append(report.Unplaced, e.Campaign.ID)
		}
	}
	for _, p := range problems {
		report.Problems = append(report.Problems, fibonacco.LibraryFinding{File: p.File, Line: p.Line, Field: p.Field, Message: p.Message, Severity: string(p.Severity)})
	}
	if dry || report.Errors > 0 {
		return report, nil
	}
	var err error
	report.Changed, err = l.storeLibrary(ctx, entries)
	return report, err
}
