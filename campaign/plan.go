package campaign

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// planChunkSize is how many SMBs one planning transaction covers: large enough that the statements
// dominate, small enough that memory is flat and SQLite's one writer is never held long.
const planChunkSize = 5000

// planJob plans one community's local day.
type planJob struct {
	CommunityID int64  `json:"community_id"`
	Date        string `json:"date"` // local
}

func (planJob) Kind() string  { return "campaign.plan_community" }
func (planJob) Queue() string { return queue.EmailHigh }

// PlanDue enqueues the planning of every community whose local planning time has come. The row
// in plan_runs is the lock: of many nodes one enqueues. A plan that was begun and not finished
// within ten minutes is enqueued again; planning twice changes nothing.
func (s *Service) PlanDue(ctx context.Context, _ time.Time) error {
	planTime, err := parseClockTime(s.cfg.ManifestDestiny.PlanTimeLocal)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		type town struct {
			ID       int64
			Timezone string
		}
		towns, err := db.Select[town](ctx, tx, `SELECT id, timezone FROM communities ORDER BY id`)
		if err != nil {
			return err
		}
		var jobs []queue.Job
		for _, c := range towns {
			zone, err := fibonacco.LoadZone(c.Timezone)
			if err != nil {
				s.log.Error("community has no usable time zone: not planned", "community", c.ID)
				continue
			}
			date := localDate(tx.Now, zone)
			if at, err := localMoment(date, planTime, zone); err != nil || tx.Now.Before(at) {
				continue
			}
			n, err := tx.Exec(ctx, `
				INSERT INTO plan_runs (community_id, local_date, started_at) VALUES ($1, $2, $3)
				ON CONFLICT (community_id, local_date) DO UPDATE SET started_at = excluded.started_at
				WHERE plan_runs.finished_at IS NULL AND plan_runs.started_at < $4`,
				c.ID, date, tx.Now, tx.Now.Add(-10*time.Minute))
			if err != nil {
				return fmt.Errorf("begin plan of community %d: %w", c.ID, err)
			}
			if n == 1 {
				jobs = append(jobs, planJob{c.ID, date})
			}
		}
		return s.queue.Enqueue(ctx, tx, jobs...)
	})
}

func (s *Service) planCommunity(ctx context.Context, j planJob) error {
	_, err := s.PlanCommunity(ctx, j.CommunityID, j.Date)
	return err
}

// PlanResult counts what one planning did.
type PlanResult struct {
	Planned   int64 // campaign_sends rows written
	Skipped   int64 // steps not planned, each with a stored reason
	Completed int64 // SMBs past the last day
}

func (r *PlanResult) add(o PlanResult) {
	r.Planned += o.Planned
	r.Skipped += o.Skipped
	r.Completed += o.Completed
}

// planWorkers is how many chunks are planned at once: one in each turn, see turns. SQLite has one
// writer, but one chunk can be worked out while another is written.
const planWorkers = 3

// PlanCommunity plans one local day of a community (M2-01): every active SMB whose programme
// day has a campaign gets one send, or one stored reason why not. It works in chunks, each a
// transaction; two at once, or once more after a crash, plan nothing twice. A date that is no
// longer the community's today plans nothing: its steps are missed, not sent late (R4).
func (s *Service) PlanCommunity(ctx context.Context, communityID int64, date string) (PlanResult, error) {
	steps, err := s.steps(ctx)
	if err != nil {
		return PlanResult{}, err
	}
	var read *habits
	if err := s.db.View(ctx, func(tx *db.Tx) error {
		town, err := loadTown(ctx, tx, communityID)
		if err == nil {
			read, err = s.learnHabits(ctx, tx, town)
		}
		return err
	}); err != nil {
		return PlanResult{}, err
	}
	var total PlanResult
	var mu sync.Mutex
	chunks := make(chan chunk)
	work, running := errgroup.WithContext(ctx)
	work.Go(func() error {
		defer close(chunks)
		return s.eachChunk(running, communityID, chunks)
	})
	for range planWorkers {
		work.Go(func() error {
			for c := range chunks {
				part, err := s.planChunk(running, steps, read, communityID, date, c)
				if err != nil {
					return fmt.Errorf("plan community %d for %s, SMBs %d to %d: %w", communityID, date, c.after, c.last, err)
				}
				mu.Lock()
				total.add(part)
				mu.Unlock()
			}
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		return total, err
	}
	return total, s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `
			UPDATE plan_runs SET finished_at = $1 WHERE community_id = $2 AND local_date = $3`, tx.Now, communityID, date)
		return err
	})
}

// chunk is a range of SMB ids, after < id ≤ last.
type chunk struct{ after, last int64 }

// eachChunk parts a community's SMBs into ranges of planChunkSize active ones.
func (s *Service) eachChunk(ctx context.Context, communityID int64, chunks chan<- chunk) error {
	for after := int64(0); ; {
		var last int64
		if err := s.db.View(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(ctx, `
				SELECT COALESCE(MAX(id), 0) FROM (
					SELECT id FROM smbs WHERE community_id = $1 AND campaign_status = 'active' AND id > $2
					ORDER BY id LIMIT `+fmt.Sprint(planChunkSize)+`) AS page`, communityID, after).Scan(&last)
		}); err != nil {
			return fmt.Errorf("part community %d after SMB %d: %w", communityID, after, err)
		}
		if last == 0 {
			return nil
		}
		select {
		case chunks <- chunk{after, last}:
		case <-ctx.Done():
			return ctx.Err()
		}
		after = last
	}
}

// planChunk reads a range of SMBs, works out what each is due, and writes it down in one
// transaction. What changes in between is caught: a step that another planner wrote by the
// unique key, an opt-out by the claim, a pause by the last WHERE clause of write.
func (s *Service) planChunk(ctx context.Context, steps steps, read *habits, communityID int64, date string, c chunk) (PlanResult, error) {
	var p *dayPlan
	if err := s.db.View(ctx, func(tx *db.Tx) error {
		town, err := loadTown(ctx, tx, communityID)
		if err != nil || town.today(tx.Now) != date {
			return err
		}
		candidates, err := loadCandidates(ctx, tx, `
			smbs.community_id = $1 AND smbs.campaign_status = 'active' AND smbs.id > $2 AND smbs.id <= $3 ORDER BY smbs.id`,
			communityID, c.after, c.last)
		if err != nil {
			return err
		}
		a, err := s.lookAround(ctx, tx, town, candidates, read)
		if err != nil {
			return err
		}
		p, err = s.planDay(steps, town, candidates, tx.Now, a)
		return err
	}); err != nil || p == nil {
		return PlanResult{}, err
	}
	var part PlanResult
	write := func(onConflict string) error {
		return s.db.Update(ctx, func(tx *db.Tx) error {
			var err error
			if part, err = s.writePlan(ctx, tx, p, s.turns, onConflict); err != nil {
				return err
			}
			// Counted with what is counted, so that a death in between cannot part the two; and last,
			// because the chunks that are planned at once wait for each other here.
			_, err = tx.Exec(ctx, `
				UPDATE plan_runs SET planned = planned + $1, skipped = skipped + $2 WHERE community_id = $3 AND local_date = $4`,
				part.Planned, part.Skipped, communityID, date)
			return err
		})
	}
	err := write("")
	if db.IsUnique(err) { // somebody has planned some of them already
		err = write(skipPlanned)
	}
	return part, err
}

// town is what planning needs of a community.
type town struct {
	id   int64
	name string
	zone *time.Location

	holidays map[string]string // its own days without mail, around now
}

func (t town) today(now time.Time) string { return localDate(now, t.zone) }

func loadTown(ctx context.Context, tx *db.Tx, id int64) (town, error) {
	t := town{id: id}
	var zone string
	err := tx.QueryRow(ctx, `SELECT name, timezone FROM communities WHERE id = $1`, id).Scan(&t.name, &zone)
	if db.IsNoRows(err) {
		return t, fibonacco.Errorf(fibonacco.NotFound, "there is no community %d", id)
	}
	if err == nil {
		t.zone, err = fibonacco.LoadZone(zone)
	}
	if err == nil {
		t.holidays, err = loadHolidays(ctx, tx, id, tx.Now)
	}
	return t, err
}

// candidate is an SMB that may have a step due.
type candidate struct {
	ID         int64
	Business   string
	Contact    string
	Category   string
	Email      string
	OptedIn    bool
	DNC        bool
	Suppressed bool
	Start      string // local date of day 1
	PausedDays int
	Through    int // programme day up to which everything is planned
}

// loadCandidates reads SMBs that are not deleted by a condition on table smbs. It locks nothing:
// of two planners at once, the unique key of campaign_sends lets one write each step.
func loadCandidates(ctx context.Context, tx *db.Tx, where string, args ...any) ([]candidate, error) {
	rows, err := tx.Query(ctx, `
		SELECT smbs.id, smbs.business_name, COALESCE(smbs.primary_contact_name, ''), COALESCE(smbs.category, ''),
			COALESCE(smbs.primary_email, ''), smbs.email_opted_in, smbs.do_not_contact,
			EXISTS (SELECT 1 FROM suppressions WHERE suppressions.email_key = smbs.email_key),
			COALESCE(CAST(smbs.manifest_destiny_start_date AS text), ''), smbs.paused_days, smbs.planned_through_day
		FROM smbs WHERE smbs.deleted_at IS NULL AND `+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []candidate
	for rows.Next() {
		var c candidate
		if err := rows.Scan(&c.ID, &c.Business, &c.Contact, &c.Category, &c.Email, &c.OptedIn, &c.DNC, &c.Suppressed,
			&c.Start, &c.PausedDays, &c.Through); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// contactable is "" when the SMB may get e-mail (M1-25), else why not.
func contactable(email string, optedIn, dnc, suppressed bool) fibonacco.SkipReason {
	switch {
	case dnc:
		return fibonacco.DoNotContact
	case !optedIn:
		return fibonacco.NotOptedIn
	case email == "":
		return fibonacco.NoAddress
	case !fibonacco.ValidEmail(email):
		return fibonacco.InvalidAddress
	case suppressed:
		return fibonacco.Suppressed
	}
	return ""
}

// dayPlan is what the SMBs of a chunk are due on one local day, ready to be written.
type dayPlan struct {
	town      town
	today     string
	at        time.Time // when the mails leave
	completed int64
	sends     *db.Batch
	skips     *db.Batch
	places    map[place][]int64 // the SMBs that then stand there

	others map[time.Time]*db.Batch // sends that leave at another time; nil where hours are fixed
	waits  map[waiting][]int64     // SMBs that stand still today; nil on other than quiet days
}

// place is where an SMB stands in the programme once a day of it is planned.
type place struct {
	day      int
	status   fibonacco.CampaignStatus
	campaign string    // of today's send; "" when there is none
	at       time.Time // of today's send
}

// leavesToday is when a mail leaves that is planned now: at the day's time, or at once when that is over.
func (s *Service) leavesToday(t town, now time.Time) (time.Time, error) {
	sendTime, err := parseClockTime(s.cfg.ManifestDestiny.SendTimeLocal)
	if err != nil {
		return now, err
	}
	at, err := localMoment(t.today(now), sendTime, t.zone)
	if at.Before(now) {
		at = now
	}
	return at, err
}

func (p *dayPlan) move(smbID int64, to place) { p.places[to] = append(p.places[to], smbID) }

// planDay works out what active SMBs of one community are due today. It touches nothing.
func (s *Service) planDay(steps steps, t town, candidates []candidate, now time.Time, a around) (*dayPlan, error) {
	p := &dayPlan{
		town: t, today: t.today(now),
		sends:  newSends(),
		skips:  db.NewBatch("smb bigint", "campaign text", "day integer", "reason text"),
		places: map[place][]int64{},
	}
	var err error
	if p.at, err = s.leavesToday(t, now); err != nil {
		return nil, err
	}
	lastDay, most := s.cfg.ManifestDestiny.TotalDays, s.cfg.ManifestDestiny.FrequencyCap.Mails
	quiet := s.quiet(t, p.today) != ""
	for _, c := range candidates {
		day, err := programmeDay(c.Start, p.today, c.PausedDays)
		if err != nil {
			s.log.Error("SMB is active without a start date: not planned", "smb", c.ID)
			continue
		}
		if day <= c.Through {
			continue
		}
		for missed := max(c.Through+1, 1); missed < min(day, lastDay+1); missed++ {
			if m := steps.byDay[missed]; m != nil {
				p.skips.Add(c.ID, m.ID, missed, string(fibonacco.Missed))
			}
		}
		if day > lastDay {
			p.move(c.ID, place{day: lastDay, status: fibonacco.StatusCompleted})
			p.completed++
			continue
		}
		step := steps.byDay[day]
		wish := a.wishes[c.ID]
		if p.at.Before(wish.pausedUntil) && contactable(c.Email, c.OptedIn, c.DNC, c.Suppressed) == "" {
			p.rest(c, step, day)
			continue
		}
		if step == nil {
			p.move(c.ID, place{day: day, status: fibonacco.StatusActive})
			continue
		}
		if why := contactable(c.Email, c.OptedIn, c.DNC, c.Suppressed); why != "" {
			p.skips.Add(c.ID, step.ID, day, string(why))
			p.move(c.ID, place{day: day, status: fibonacco.StatusActive})
			continue
		}
		if wish.unwanted[step.Type.Topic()] {
			p.skips.Add(c.ID, step.ID, day, string(fibonacco.UnwantedTopic))
			p.move(c.ID, place{day: day, status: fibonacco.StatusActive})
			continue
		}
		if quiet {
			p.quietStep(c, step, day, s.cfg.ManifestDestiny.Quiet.Action == "skip")
			continue
		}
		if a.recent != nil && a.recent[c.ID] >= most {
			p.skips.Add(c.ID, step.ID, day, string(fibonacco.FrequencyCap))
			p.move(c.ID, place{day: day, status: fibonacco.StatusActive})
			continue
		}
		if wish.weekly && wish.mailed {
			p.skips.Add(c.ID, step.ID, day, string(fibonacco.AtMostWeekly))
			p.move(c.ID, place{day: day, status: fibonacco.StatusActive})
			continue
		}
		at, err := p.leavesAt(a, step.ID, c, now)
		if err != nil {
			return nil, err
		}
		variant := step.variant(c.ID)
		subject, err := step.subject(variant, c, t)
		if err != nil {
			return nil, fmt.Errorf("subject of %s for SMB %d: %w", step.ID, c.ID, err)
		}
		p.sendsAt(at).Add(newUUID(), c.ID, step.ID, step.Version, variant, c.Email, subject)
		p.move(c.ID, place{day, fibonacco.StatusActive, step.ID, at})
	}
	return p, nil
}
