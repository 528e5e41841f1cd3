package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/template"
	"github.com/fibonacco/fibonacco/db"
)

// PlanCase is an SMB and its history on one day, without a database.
type PlanCase struct {
	Zone       *time.Location
	Now        time.Time
	Email      string
	OptedIn    bool
	DNC        bool
	Suppressed bool
	Start      string // local date of day 1
	PausedDays int
	Through    int // programme day up to which everything is planned
	Recent     int // mails in the days that the frequency cap looks at
	Holidays   map[string]string
}

// PlannedDay is what planDay made of a case.
type PlannedDay struct {
	Sends  int       // 0 or 1
	At     time.Time // when it leaves
	Skips  int       // steps that are not sent, each with its reason
	Moved  bool      // it then stands at Day
	Day    int
	Waits  bool // the programme stands still today
	Status fibonacco.CampaignStatus
}

// Planner plans cases.
type Planner struct {
	s     *Service
	steps steps
}

// NewPlanner is a planner with a step on each of the given days.
func NewPlanner(cfg fibonacco.ManifestDestinyConfig, days []int) *Planner {
	p := &Planner{s: &Service{cfg: fibonacco.Config{ManifestDestiny: cfg}}, steps: steps{byDay: map[int]*step{}}}
	subject, err := template.Compile("For {{ business_name }}", template.Header)
	if err != nil {
		panic(err) // a constant
	}
	for _, day := range days {
		c := &fibonacco.Campaign{ID: fmt.Sprintf("STEP-%03d", day), Version: 1, Type: fibonacco.Hook, Day: day}
		p.steps.byDay[day] = &step{Campaign: c, subjects: []*template.Template{subject}, winner: 1}
	}
	return p
}

// Plan plans one case.
func (p *Planner) Plan(c PlanCase) (out PlannedDay, err error) {
	t := town{zone: c.Zone, name: "Town", holidays: c.Holidays}
	plan, err := p.s.planDay(p.steps, t, []candidate{{
		ID: 7, Business: "Shop", Email: c.Email, OptedIn: c.OptedIn, DNC: c.DNC, Suppressed: c.Suppressed,
		Start: c.Start, PausedDays: c.PausedDays, Through: c.Through,
	}}, c.Now, around{recent: map[int64]int{7: c.Recent}})
	if err != nil {
		return out, err
	}
	out = PlannedDay{Sends: plan.sends.Len(), At: plan.at, Skips: plan.skips.Len(), Waits: len(plan.waits) > 0}
	for to := range plan.places {
		out.Moved, out.Day, out.Status = true, to.day, to.status
	}
	for w := range plan.waits {
		out.Day = w.through
	}
	return out, nil
}

// LocalMoment is when a local day's clocks show a time since midnight.
func LocalMoment(date string, sinceMidnight time.Duration, zone *time.Location) (time.Time, error) {
	return localMoment(date, sinceMidnight, zone)
}

// StatsOfAll is the figures of a campaign as they are in those of all campaigns, without its skips.
func StatsOfAll(ctx context.Context, d *db.DB, id string, version int) (out *fibonacco.CampaignStats, err error) {
	err = d.View(ctx, func(tx *db.Tx) error {
		all, err := countLedger(ctx, tx, `TRUE`)
		out, _ = all.stats(id, version)
		return err
	})
	return out, err
}
