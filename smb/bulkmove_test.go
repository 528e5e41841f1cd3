package smb_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb"
)

// stage is a programme that moves SMBs and plans nothing. It dies once when it is told to, after it
// has moved them.
type stage struct {
	d    *db.DB
	dies bool
}

func (s *stage) to(ctx context.Context, f fibonacco.SMBFilter, from, to fibonacco.CampaignStatus) (fibonacco.ProgrammeResult, error) {
	err := s.d.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE smbs SET campaign_status = $1 WHERE id IN ($2...) AND campaign_status = $3`, string(to), f.IDs, string(from))
		return err
	})
	if err == nil && s.dies {
		s.dies = false
		return fibonacco.ProgrammeResult{}, fmt.Errorf("the lights went out")
	}
	return fibonacco.ProgrammeResult{}, err
}

func (s *stage) StartProgramme(ctx context.Context, f fibonacco.SMBFilter) (fibonacco.ProgrammeResult, error) {
	return s.to(ctx, f, fibonacco.StatusPending, fibonacco.StatusActive)
}

func (s *stage) PauseProgramme(ctx context.Context, f fibonacco.SMBFilter, _ string) (fibonacco.ProgrammeResult, error) {
	return s.to(ctx, f, fibonacco.StatusActive, fibonacco.StatusPaused)
}

func (s *stage) ResumeProgramme(ctx context.Context, f fibonacco.SMBFilter) (fibonacco.ProgrammeResult, error) {
	return s.to(ctx, f, fibonacco.StatusPaused, fibonacco.StatusActive)
}

// moving is a service whose bulk changes run a programme.
func moving(t *testing.T, d *db.DB, p fibonacco.Programme) *smb.Service {
	t.Helper()
	q, err := queue.New(queue.Options{DB: d, Supervisors: bulkSupervisors, Node: "node"})
	must(t, err)
	s := smb.New(d, q, settings())
	s.Moves(p)
	s.Register()
	must(t, q.Start(t.Context()))
	t.Cleanup(func() { must(t, q.Stop(context.WithoutCancel(t.Context()))) })
	return s
}

// A change of many through the programme says beforehand whom it will move, moves these once though
// it is cut off, says why the others stayed, and can be taken back for those that it moved.
func TestBulkMovesThroughTheProgramme(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		p := &stage{d: d}
		s := moving(t, d, p)
		town := newCommunity(t, s, "town", "America/New_York")
		last := many(t, d, town, 620) // two parts
		exec(t, d, `UPDATE smbs SET campaign_status = 'active' WHERE id > $1`, last-600)
		exec(t, d, `UPDATE smbs SET campaign_status = 'completed' WHERE id > $1`, last-5)
		exec(t, d, `UPDATE smbs SET campaign_status = 'paused' WHERE id > $1 AND id <= $2`, last-9, last-5)
		all := fibonacco.SMBFilter{CommunityIDs: []int64{town}}
		pause := fibonacco.BulkRequest{Filter: all, Action: fibonacco.BulkPause, Reason: "fair week"}
		preview, err := s.PreviewBulk(t.Context(), pause)
		must(t, err)
		equal(t, "preview", fmt.Sprint(preview.Matched, preview.Changes, preview.Left), "620 591 map[completed:5 paused:4 pending:20]")

		p.dies = true
		job, err := s.StartBulk(t.Context(), pause)
		must(t, err)
		job = done(t, t.Context(), s, job)
		equal(t, "paused", fmt.Sprint(job.Status, job.Changed, job.Left, job.Undoable), "completed591 map[completed:5 paused:4 pending:20] true")
		equal(t, "stand still", count(t, d, `SELECT count(*) FROM smbs WHERE campaign_status = 'paused'`), 595)

		var file strings.Builder
		must(t, s.WriteBulkLeft(t.Context(), job.UUID, &file))
		lines := strings.Split(strings.TrimSpace(file.String()), "\n")
		equal(t, "lines", len(lines), 30)
		equal(t, "last line", lines[29], fmt.Sprintf("%d,%s,completed", last, find(t, s, last).BusinessName))

		clock.Advance(minute)
		back, err := s.UndoBulk(t.Context(), job.UUID)
		must(t, err)
		back = done(t, t.Context(), s, back)
		equal(t, "taken back", fmt.Sprint(back.Action, back.Changed, *back.UndoOf == job.UUID, back.Undoable), "resume_programme591 true false")
		equal(t, "those that were paused before", count(t, d, `SELECT count(*) FROM smbs WHERE campaign_status = 'paused'`), 4)
		_, err = s.UndoBulk(t.Context(), job.UUID)
		code(t, "twice", err, fibonacco.Conflict)
		_, err = s.UndoBulk(t.Context(), back.UUID)
		code(t, "the way back", err, fibonacco.Conflict)
	})
}

// A preview is what happens, whatever the change.
func TestBulkPreviewIsExact(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := moving(t, d, &stage{d: d})
		town, other := newCommunity(t, s, "town", "America/New_York"), newCommunity(t, s, "other", "America/New_York")
		make := func(name string, change fibonacco.SMBChange) {
			t.Helper()
			_, err := s.Update(t.Context(), newSMB(t, s, town, name).ID, change)
			must(t, err)
		}
		make("Plain", fibonacco.SMBChange{})
		make("Baker", fibonacco.SMBChange{Category: ptr("Bakery"), Tags: []string{"vip"}, EmailOptedIn: ptr(false)})
		make("Full", fibonacco.SMBChange{Tags: manyTags(49), State: ptr("NY")})
		make("=Silent", fibonacco.SMBChange{EmailOptedIn: ptr(false), RVMOptedIn: ptr(false), DoNotContact: ptr(true), Tags: []string{"gold", "vip"}})
		all := fibonacco.SMBFilter{Where: fibonacco.Filter{"community_id": fmt.Sprintf("%d,%d", town, other)}}
		for name, tc := range map[string]struct {
			r    fibonacco.BulkRequest
			want string
		}{
			"add tags":        {fibonacco.BulkRequest{Action: fibonacco.BulkTag, Tags: []string{"vip", "gold"}}, "2 map[same:1 too_many_tags:1]"},
			"take tags off":   {fibonacco.BulkRequest{Action: fibonacco.BulkUntag, Tags: []string{"vip", "none"}}, "2 map[same:2]"},
			"set":             {fibonacco.BulkRequest{Action: fibonacco.BulkSet, Change: fibonacco.SMBChange{Category: ptr(" Bakery ")}}, "3 map[same:1]"},
			"set two":         {fibonacco.BulkRequest{Action: fibonacco.BulkSet, Change: fibonacco.SMBChange{Category: ptr(""), State: ptr("ny")}}, "3 map[same:1]"},
			"opt out":         {fibonacco.BulkRequest{Action: fibonacco.BulkOptOut}, "2 map[same:2]"},
			"block":           {fibonacco.BulkRequest{Action: fibonacco.BulkBlock}, "3 map[same:1]"},
			"move":            {fibonacco.BulkRequest{Action: fibonacco.BulkSet, Change: fibonacco.SMBChange{CommunityID: &other}}, "4 map[]"},
			"stay":            {fibonacco.BulkRequest{Action: fibonacco.BulkSet, Change: fibonacco.SMBChange{CommunityID: &town}}, "0 map[same:4]"},
			"resume":          {fibonacco.BulkRequest{Action: fibonacco.BulkResume}, "0 map[pending:4]"},
			"delete":          {fibonacco.BulkRequest{Action: fibonacco.BulkDelete}, "4 map[]"},
			"delete of other": {fibonacco.BulkRequest{Action: fibonacco.BulkDelete, Filter: fibonacco.SMBFilter{CommunityIDs: []int64{other}}}, "0 map[]"},
		} {
			if tc.r.Filter.CommunityIDs == nil {
				tc.r.Filter = all
			}
			preview, err := s.PreviewBulk(t.Context(), tc.r)
			must(t, err)
			equal(t, name, fmt.Sprint(preview.Changes, preview.Left), tc.want)
		}
		_, err := s.PreviewBulk(t.Context(), fibonacco.BulkRequest{Action: fibonacco.BulkSet, Filter: all, Change: fibonacco.SMBChange{CommunityID: ptr(int64(999))}})
		equal(t, "nowhere", strings.Join(fieldNames(err), " "), "change.community_id")

		// Doing is what was previewed, and one tag can be taken back from those that got it.
		run := func(r fibonacco.BulkRequest) *fibonacco.BulkJob {
			t.Helper()
			r.Filter = all
			job, err := s.StartBulk(t.Context(), r)
			must(t, err)
			return done(t, t.Context(), s, job)
		}
		moved := run(fibonacco.BulkRequest{Action: fibonacco.BulkSet, Change: fibonacco.SMBChange{CommunityID: &other}})
		equal(t, "moved", fmt.Sprint(moved.Changed, moved.Left, moved.Undoable, count(t, d, `SELECT count(*) FROM smbs WHERE community_id = $1`, other)), "4 map[] false 4")
		equal(t, "found there", len(listIDs(t, s, fibonacco.SMBFilter{CommunityIDs: []int64{other}})), 4)
		tagged := run(fibonacco.BulkRequest{Action: fibonacco.BulkTag, Tags: []string{"vip"}})
		equal(t, "tagged", fmt.Sprint(tagged.Changed, tagged.Left), "2 map[same:2]")
		var file strings.Builder
		must(t, s.WriteBulkLeft(t.Context(), tagged.UUID, &file))
		if !strings.Contains(file.String(), ",'=Silent,same\n") {
			t.Errorf("the file is %q", file.String())
		}
		back, err := s.UndoBulk(t.Context(), tagged.UUID)
		must(t, err)
		done(t, t.Context(), s, back)
		equal(t, "who had it before has it", count(t, d, `SELECT count(*) FROM smb_tags WHERE tag = 'vip'`), 2)
		both := run(fibonacco.BulkRequest{Action: fibonacco.BulkTag, Tags: []string{"x", "y"}})
		_, err = s.UndoBulk(t.Context(), both.UUID)
		code(t, "two tags", err, fibonacco.Conflict)
	})
}
