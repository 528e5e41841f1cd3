package imports_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb/imports"
)

var _ fibonacco.Importer = (*imports.Service)(nil)

var supervisors = []queue.Supervisor{
	{Name: "default", Queues: []string{queue.Default}, Balance: "off", MinProcesses: 2, MaxProcesses: 2, Tries: 3, Timeout: 10 * time.Second},
}

// background is a house whose queue works.
func background(t *testing.T, d *db.DB) *house {
	t.Helper()
	h := newHouse(t, d, supervisors)
	h.imports.Register()
	h.start()
	return h
}

func (h *house) start() {
	h.t.Helper()
	must(h.t, h.queue.Start(h.t.Context()))
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := h.queue.Stop(ctx); err != nil {
			h.t.Error(err)
		}
	})
}

// ended waits until an import is over.
func (h *house) ended(uuid string) *fibonacco.ImportJob {
	h.t.Helper()
	for range 800 {
		job, err := h.imports.ImportJob(h.t.Context(), uuid)
		must(h.t, err)
		if job.Status == "completed" || job.Status == "failed" {
			return job
		}
		time.Sleep(10 * time.Millisecond)
	}
	h.t.Fatal("the import never ended")
	return nil
}

func (h *house) count(query string) int {
	h.t.Helper()
	n := 0
	must(h.t, h.db.View(h.t.Context(), func(tx *db.Tx) (err error) {
		n, err = db.Count(h.t.Context(), tx, query)
		return err
	}))
	return n
}

func TestJob(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		h := background(t, d)
		h.imports.SetBatchRows(20)
		file := licences(120) + "X,,,,,,NYC,\n"
		job, err := h.imports.StartImport(t.Context(), h.request(), strings.NewReader(file), 0)
		must(t, err)
		if job.UUID == "" || job.Filename != "list.csv" || job.CommunityID != h.community || !job.CreatedAt.Equal(clock.Now()) {
			t.Errorf("started %+v", job)
		}
		done := h.ended(job.UUID)
		stored := strings.Count(h.stored(), "\n") + 1
		if done.Status != "completed" || done.Total != 121 || done.Created != stored || done.Failed != 6 || len(done.Errors) != 6 ||
			done.FinishedAt == nil || done.RowsPerSecond <= 0 || done.ETASeconds != nil || done.Message != "" {
			t.Errorf("ended %+v, %d stored", done, stored)
		}
		if n := h.count(`SELECT count(*) FROM import_parts`); n != 0 {
			t.Errorf("%d parts of the file are left", n)
		}

		h.community = h.addCommunity("direct")
		h.run(file)
		if direct := h.stored(); strings.Count(direct, "\n")+1 != stored {
			t.Errorf("the job stored %d, a direct run %d", stored, strings.Count(direct, "\n")+1)
		}
	})
}

func TestJobsThatFail(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		h := background(t, d)
		// Only the end of the file shows that it is broken.
		job, err := h.imports.StartImport(t.Context(), h.request(), strings.NewReader(`[{"name":"A"},{"name":`), 0)
		must(t, err)
		done := h.ended(job.UUID)
		if done.Status != "failed" || done.Created != 1 || !strings.Contains(done.Message, "line 1") {
			t.Errorf("ended %+v", done)
		}
		for name, file := range map[string]string{"empty": "", "no name": "Phone\n1\n"} {
			_, err := h.imports.StartImport(t.Context(), h.request(), strings.NewReader(file), 0)
			if fibonacco.CodeOf(err) != fibonacco.Invalid {
				t.Errorf("%s: %v, want invalid at once", name, err)
			}
		}
		req := h.request()
		req.CommunityID = 999
		if _, err := h.imports.StartImport(t.Context(), req, strings.NewReader(one), 0); fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Errorf("unknown community: %v", err)
		}
		for _, uuid := range []string{"", "x", "0193c2f0-0000-7000-8000-000000000001"} {
			if _, err := h.imports.ImportJob(t.Context(), uuid); fibonacco.CodeOf(err) != fibonacco.NotFound {
				t.Errorf("import %q: %v, want not found", uuid, err)
			}
		}
		if n := h.count(`SELECT count(*) FROM imports`); n != 1 {
			t.Errorf("%d imports, want the one that was queued", n)
		}
	})
}

func TestUpload(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		h := newHouse(t, d, supervisors)
		h.imports.Register()
		var b bytes.Buffer
		b.WriteString("name,note\n")
		for b.Len() < 2_500_000 {
			b.WriteString("A," + strings.Repeat("x", 100_000) + "\n")
		}
		boom := errors.New("boom")
		_, err := h.imports.StartImport(t.Context(), h.request(), io.MultiReader(bytes.NewReader(b.Bytes()), broken{boom}), 0)
		if !errors.Is(err, boom) {
			t.Errorf("a broken upload: %v", err)
		}
		_, err = h.imports.StartImport(t.Context(), h.request(), bytes.NewReader(b.Bytes()), int64(b.Len()+1))
		if fibonacco.CodeOf(err) != fibonacco.Malformed {
			t.Errorf("a short upload: %v", err)
		}
		if n := h.count(`SELECT (SELECT count(*) FROM imports) + (SELECT count(*) FROM import_parts)`); n != 0 {
			t.Errorf("%d rows of broken uploads are left", n)
		}
		job, err := h.imports.StartImport(t.Context(), h.request(), bytes.NewReader(b.Bytes()), int64(b.Len()))
		must(t, err)
		if n := h.count(`SELECT count(*) FROM import_parts`); n != 3 || job.Status != "queued" {
			t.Errorf("%d parts, %s; want 3, queued", n, job.Status)
		}
		// An upload whose process was killed.
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `
				INSERT INTO imports (uuid, community_id, status, created_at, updated_at)
				VALUES ('0193c2f0-0000-7000-8000-000000000001', $1, 'uploading', $2, $2)`, h.community, tx.Now)
			return err
		}))
		clock.Advance(25 * time.Hour)
		h.start()
		if done := h.ended(job.UUID); done.Status != "completed" || done.Total != b.Len()/100_003 || done.Created != 1 {
			t.Errorf("ended %+v", done)
		}
		for range 500 {
			if h.count(`SELECT count(*) FROM imports`) == 1 {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Error("the upload that was never finished is still there")
	})
}

// A worker that dies between two batches, or in the middle of one, leaves an import that goes on
// and ends as if nothing had happened: same rows, same counts.
func TestJobSurvivesItsWorkers(t *testing.T) {
	t.Parallel()
	for _, m := range []string{"fill", "overwrite"} {
		t.Run(m, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
				file := licences(200) + "SHOP 1 LLC,last,owner@shop-1.example,,,,,\nSHOP 1 LLC,,bad,,,,,\n"
				file = strings.Replace(file, "Email,Phone", "Email,Opt,Phone", 1)
				file = strings.ReplaceAll(file, ".example,", ".example,yes,")
				file = strings.ReplaceAll(file, "bad,", "bad,no,")
				file = strings.ReplaceAll(file, ",,718", ",,,718")
				consents := func(r *fibonacco.ImportRequest) { r.Mapping = map[string]string{"email_consent": "Opt"} }
				clean := newHouse(t, d, supervisors)
				clean.imports.SetBatchRows(10)
				want := clean.run(file, mode(m), consents)
				stored := clean.stored()
				if want.Consents == 0 || want.Updated == 0 || want.Failed == 0 {
					t.Fatalf("the file shows little: %s, %d consents", counts(want), want.Consents)
				}

				h := newHouse(t, d2(t, d), supervisors)
				h.imports.SetBatchRows(10)
				req := h.request()
				req.Duplicates = m
				consents(&req)
				job, err := h.imports.StartImport(t.Context(), req, strings.NewReader(file), 0)
				must(t, err)
				for _, stop := range []int64{1, 4, 9} {
					ctx, cancel := context.WithCancel(t.Context())
					h.imports.StopAfter(stop, cancel)
					_ = h.imports.Work(ctx, job.ID)
					cancel()
				}
				h.imports.StopAfter(1<<30, func() {})
				half, err := h.imports.ImportJob(t.Context(), job.UUID)
				must(t, err)
				if half.Status != "running" || half.Total == 0 || half.Total >= want.Total {
					t.Fatalf("half way: %+v", half)
				}
				must(t, h.imports.Work(t.Context(), job.ID))
				done := h.ended(job.UUID)
				if counts(done.ImportResult) != counts(want) || len(done.Errors) != len(want.Errors) {
					t.Errorf("ended %s with %d errors, want %s with %d", counts(done.ImportResult), len(done.Errors), counts(want), len(want.Errors))
				}
				if got := h.stored(); got != stored {
					t.Errorf("stored\n%s\nwant\n%s", got, stored)
				}
				if got, want := sortedLines(h.consents()), sortedLines(clean.consents()); got != want || done.Consents != strings.Count(got, "\n")+1 {
					t.Errorf("%d consents\n%s\nwant\n%s", done.Consents, got, want)
				}
				if got, want := h.errorsCSV(job.UUID), clean.errorsCSV(clean.last().UUID); got != want || strings.Count(got, "\n") < 8 {
					t.Errorf("errors\n%s\nwant\n%s", got, want)
				}
				if u := h.undo(job.UUID); u.Removed != done.Created || h.stored() != "" {
					t.Errorf("undone %+v of %s", u, counts(done.ImportResult))
				}
			})
		})
	}
}

// d2 is one more database of the same engine.
func d2(t *testing.T, d *db.DB) *db.DB {
	t.Helper()
	return dbtest.Open(t, d.Engine(), fibonacco.NewFakeClock(dbtest.Start))
}

// Two workers with the same job store each row once.
func TestTwoWorkersOneJob(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		h := newHouse(t, d, supervisors)
		h.imports.SetBatchRows(10)
		job, err := h.imports.StartImport(t.Context(), h.request(), strings.NewReader(licences(300)), 0)
		must(t, err)
		var ended atomic.Int64
		for range 3 {
			go func() {
				_ = h.imports.Work(t.Context(), job.ID)
				ended.Add(1)
			}()
		}
		for range 1000 {
			if ended.Load() == 3 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		done, err := h.imports.ImportJob(t.Context(), job.UUID)
		must(t, err)
		if done.Status != "completed" || done.Total != 300 || done.Created != strings.Count(h.stored(), "\n")+1 {
			t.Errorf("ended %+v", done)
		}
	})
}

// A job whose time is up makes room, and goes on.
func TestJobMakesRoom(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		h := newHouse(t, d, []queue.Supervisor{{
			Name: "default", Queues: []string{queue.Default}, Balance: "off", MinProcesses: 1, MaxProcesses: 1, Tries: 1, Timeout: 200 * time.Millisecond,
		}})
		h.imports.Register()
		h.imports.SetBatchRows(10)
		slow := func() { time.Sleep(20 * time.Millisecond) }
		h.imports.WhileCommitting(slow)
		h.start()
		job, err := h.imports.StartImport(t.Context(), h.request(), strings.NewReader(licences(150)), 0)
		must(t, err)
		if done := h.ended(job.UUID); done.Status != "completed" || done.Total != 150 {
			t.Errorf("ended %+v", done)
		}
	})
}

func TestDryRunJob(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		h := background(t, d)
		h.imports.SetBatchRows(2)
		req := h.request()
		req.DryRun = true
		job, err := h.imports.StartImport(t.Context(), req, strings.NewReader("Name,Shoe Size\nA,1\nB,2\nA,3\nC,4\nA,5\n"), 0)
		must(t, err)
		done := h.ended(job.UUID)
		h.want(done.ImportResult, "5=3+0+2+0")
		if !done.DryRun || faults(done.ImportResult) != "1 Shoe Size" || h.stored() != "" {
			t.Errorf("ended %+v, stored %q", done, h.stored())
		}
	})
}
