package main

import (
	"context"
	"io/fs"
	"os"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/format"
	"github.com/fibonacco/fibonacco/library"
)

type programmeCommand struct {
	Start  programmeStart  `cmd:"" help:"Start the programme: day 1 is today where each business is."`
	Pause  programmePause  `cmd:"" help:"Pause it: nothing leaves."`
	Resume programmeResume `cmd:"" help:"Resume it with the next day's step."`
}

// filterFlags name some businesses.
type filterFlags struct {
	Community string   `help:"Short name of a community." required:"" placeholder:"SLUG"`
	Filter    []string `help:"Narrow it: category=Laundries, tier=2, source=import, search=pizza, id=17." placeholder:"FIELD=VALUE" sep:"none"`
	JSON      bool     `help:"Print JSON."`
}

func (f filterFlags) filter(e *env, a *app) (fibonacco.SMBFilter, error) {
	town, err := a.smb.FindCommunityBySlug(e.ctx, f.Community)
	if err != nil {
		return fibonacco.SMBFilter{}, err
	}
	out := fibonacco.SMBFilter{CommunityIDs: []int64{town.ID}}
	for _, one := range f.Filter {
		if err := addFilter(&out, one); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (f filterFlags) report(e *env, verb string, res fibonacco.ProgrammeResult) error {
	if f.JSON {
		if err := e.printJSON(res); err != nil {
			return err
		}
	} else {
		e.say("%s %d of %d businesses; %d first steps planned, %d skipped with a reason.", verb, res.Changed, res.Matched, res.Planned, res.Skipped)
		if res.Refused > 0 {
			e.say("%d were in a status that does not allow it.", res.Refused)
		}
	}
	if res.Matched > 0 && res.Changed == 0 {
		return errPartly
	}
	return nil
}

type programmeStart struct{ filterFlags }

func (c programmeStart) Run(e *env) error {
	return e.with(func(a *app) error {
		if err := a.ensureLibrary(e); err != nil {
			return err
		}
		f, err := c.filter(e, a)
		if err != nil {
			return err
		}
		res, err := a.campaign.StartProgramme(e.ctx, f)
		if err != nil {
			return err
		}
		return c.report(e, "Started", res)
	})
}

type programmePause struct {
	filterFlags
	Reason string `help:"Why; it is kept and shown."`
}

func (c programmePause) Run(e *env) error {
	return e.with(func(a *app) error {
		f, err := c.filter(e, a)
		if err != nil {
			return err
		}
		res, err := a.campaign.PauseProgramme(e.ctx, f, c.Reason)
		if err != nil {
			return err
		}
		return c.report(e, "Paused", res)
	})
}

type programmeResume struct{ filterFlags }

func (c programmeResume) Run(e *env) error {
	return e.with(func(a *app) error {
		f, err := c.filter(e, a)
		if err != nil {
			return err
		}
		res, err := a.campaign.ResumeProgramme(e.ctx, f)
		if err != nil {
			return err
		}
		return c.report(e, "Resumed", res)
	})
}

type campaignsCommand struct {
	Lint   campaignsLint   `cmd:"" help:"Check a library and report every irregularity; change nothing."`
	Import campaignsImport `cmd:"" help:"Check a library and bring it in; doing it again changes nothing."`
	Export campaignsExport `cmd:"" help:"Write the library to a folder, in the form that import reads."`
	Stats  campaignsStats  `cmd:"" help:"Count what became of a campaign's mails."`
}

type campaignsLint struct {
	Dir  string `arg:"" help:"Folder of campaign files; the shipped library when left out." optional:"" type:"existingdir"`
	JSON bool   `help:"Print JSON."`
}

func (c campaignsLint) Run(e *env) error {
	entries, problems := loadLibrary(e, c.Dir)
	return e.reportLibrary(entries, problems, c.JSON, nil)
}

type campaignsImport struct {
	Dir  string `arg:"" help:"Folder of campaign files; the shipped library when left out." optional:"" type:"existingdir"`
	JSON bool   `help:"Print JSON."`
}

func (c campaignsImport) Run(e *env) error {
	entries, problems := loadLibrary(e, c.Dir)
	if countErrors(problems) > 0 || len(entries) == 0 {
		return e.reportLibrary(entries, problems, c.JSON, nil)
	}
	return e.with(func(a *app) error {
		changed, err := a.storeLibrary(e.ctx, entries)
		if err != nil {
			return err
		}
		return e.reportLibrary(entries, problems, c.JSON, &changed)
	})
}

func loadLibrary(e *env, dir string) ([]format.Entry, []format.Problem) {
	fsys := fs.FS(library.FS)
	if dir != "" {
		fsys = os.DirFS(dir)
	}
	return libraryRules(e).Load(fsys)
}

func libraryRules(e *env) format.Rules { return rulesOf(e.settings.Config) }

func rulesOf(cfg fibonacco.Config) format.Rules {
	return format.Rules{TotalDays: cfg.ManifestDestiny.TotalDays, CampaignsPerDay: cfg.ManifestDestiny.CampaignsPerDay}
}

func countErrors(problems []format.Problem) (n int) {
	for _, p := range problems {
		if p.Severity == format.Error {
			n++
		}
	}
	return n
}

func (e *env) reportLibrary(entries []format.Entry, problems []format.Problem, asJSON bool, changed *int) error {
	errs := countErrors(problems)
	if asJSON {
		if problems == nil {
			problems = []format.Problem{}
		}
		if err := e.printJSON(map[string]any{"campaigns": len(entries), "errors": errs, "problems": problems, "changed": changed}); err != nil {
			return err
		}
	} else {
		for _, p := range problems {
			e.say("%s", p)
		}
		switch {
		case errs > 0:
			e.say("%d campaigns, %d errors: nothing was changed.", len(entries), errs)
		case changed != nil:
			e.say("%d campaigns are in, %d of them new or changed.", len(entries), *changed)
		default:
			e.say("%d campaigns, no errors.", len(entries))
		}
	}
	if errs > 0 {
		return fibonacco.Errorf(fibonacco.Invalid, "the library has %d errors", errs)
	}
	return nil
}

func (a *app) storeLibrary(ctx context.Context, entries []format.Entry) (int, error) {
	var campaigns []fibonacco.Campaign
	var contents []fibonacco.Content
	for _, entry := range entries {
		campaigns = append(campaigns, entry.Campaign)
		contents = append(contents, entry.Content)
	}
	return a.campaign.StoreLibrary(ctx, campaigns, contents)
}

// ensureLibrary brings the shipped library into a database that has none, so that a first
// programme can start.
func (a *app) ensureLibrary(e *env) error {
	there, err := a.campaign.ListCampaigns(e.ctx, "", 0)
	if err != nil || len(there) > 0 {
		return err
	}
	entries, problems := loadLibrary(e, "")
	if n := countErrors(problems); n > 0 {
		return fibonacco.Errorf(fibonacco.Internal, "the shipped library has %d errors: %s", n, problems[0])
	}
	n, err := a.storeLibrary(e.ctx, entries)
	if err == nil {
		a.log.Info("brought in the shipped programme library", "campaigns", n)
	}
	return err
}

// addFilter reads one FIELD=VALUE; values may be several, separated by commas.
func addFilter(f *fibonacco.SMBFilter, text string) error {
	field, value, ok := strings.Cut(text, "=")
	values := strings.Split(value, ",")
	bad := func(reason string) error {
		return &fibonacco.Error{Code: fibonacco.Invalid, Message: "the filter cannot be read", Fields: []fibonacco.FieldError{{Field: text, Reason: reason}}}
	}
	if !ok || value == "" {
		return bad("must be FIELD=VALUE")
	}
	switch field {
	case "category":
		f.Categories = append(f.Categories, values...)
	case "source":
		f.Sources = append(f.Sources, values...)
	case "service_model":
		f.ServiceModels = append(f.ServiceModels, values...)
	case "subscription_tier":
		f.SubscriptionTiers = append(f.SubscriptionTiers, values...)
	case "status", "campaign_status":
		for _, v := range values {
			f.CampaignStatuses = append(f.CampaignStatuses, fibonacco.CampaignStatus(v))
		}
	case "search":
		f.Search = value
	case "tier", "engagement_tier", "id":
		for _, v := range values {
			n, err := parseID(v)
			if err != nil {
				return bad("must be a whole number")
			}
			if field == "id" {
				f.IDs = append(f.IDs, n)
			} else {
				f.EngagementTiers = append(f.EngagementTiers, int(n))
			}
		}
	default:
		return bad("is not one of category, source, status, tier, service_model, subscription_tier, id, search")
	}
	return nil
}
