package imports_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// as is a context of somebody who sees these communities only.
func (h *house) as(communities ...int64) context.Context {
	return fibonacco.WithPrincipal(h.t.Context(), &fibonacco.Principal{UserID: 7, Name: "Ana Ruiz", Role: fibonacco.Operator, Communities: communities})
}

// audited is the actions of the audit log, each with who did it.
func (h *house) audited() string {
	h.t.Helper()
	type line struct{ Action, ActorName string }
	var all []line
	must(h.t, h.db.View(h.t.Context(), func(tx *db.Tx) (err error) {
		all, err = db.Select[line](h.t.Context(), tx, `SELECT action, actor_name FROM audit_log ORDER BY id`)
		return err
	}))
	var out []string
	for _, l := range all {
		out = append(out, l.Action+" by "+l.ActorName)
	}
	return strings.Join(out, ", ")
}

func TestScope(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		h := newHouse(t, d, supervisors)
		mine, other := h.community, h.addCommunity("queens")
		me, them := h.as(mine), h.as(other)
		req := h.request()
		job, err := h.imports.StartImport(me, req, strings.NewReader("Name\nA\n,\nbad,\n"), 0)
		must(t, err)
		if job.CreatedBy == nil || *job.CreatedBy != 7 {
			t.Errorf("started by %v", job.CreatedBy)
		}
		for what, do := range map[string]func(ctx context.Context) error{
			"find":   func(ctx context.Context) error { _, err := h.imports.ImportJob(ctx, job.UUID); return err },
			"cancel": func(ctx context.Context) error { _, err := h.imports.CancelImport(ctx, job.UUID); return err },
			"undo":   func(ctx context.Context) error { _, err := h.imports.UndoImport(ctx, job.UUID); return err },
			"errors": func(ctx context.Context) error {
				return h.imports.WriteImportErrors(ctx, job.UUID, &strings.Builder{})
			},
		} {
			if err := do(them); fibonacco.CodeOf(err) != fibonacco.NotFound {
				t.Errorf("%s as another: %v", what, err)
			}
		}
		if n, m := len(h.listAs(me, "")), len(h.listAs(them, "")); n != 1 || m != 0 {
			t.Errorf("I see %d, they see %d", n, m)
		}
		for what, do := range map[string]func() error{
			"start": func() error {
				_, err := h.imports.StartImport(them, req, strings.NewReader(one), 0)
				return err
			},
			"preview": func() error {
				_, err := h.imports.PreviewImport(them, req, strings.NewReader(one))
				return err
			},
			"run": func() error {
				_, err := h.imports.Run(them, req, strings.NewReader(one), 0, nil)
				return err
			},
		} {
			err := do()
			var e *fibonacco.Error
			if !errors.As(err, &e) || e.Code != fibonacco.Invalid || len(e.Fields) != 1 || e.Fields[0] != (fibonacco.FieldError{Field: "community_id", Reason: "is not a community"}) {
				t.Errorf("%s elsewhere: %v", what, err)
			}
		}
		must(t, h.imports.Work(t.Context(), job.ID))
		if got := h.audited(); got != "import.started by Ana Ruiz, import.completed by Ana Ruiz" {
			t.Errorf("audited %s", got)
		}
	})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		h := newHouse(t, d, supervisors)
		h.imports.SetBatchRows(10)
		queued, err := h.imports.StartImport(t.Context(), h.request(), strings.NewReader(one), 0)
		must(t, err)
		got, err := h.imports.CancelImport(t.Context(), queued.UUID)
		must(t, err)
		if got.Status != fibonacco.ImportCancelled || got.FinishedAt == nil || got.UndoUntil != nil {
			t.Errorf("cancelled %+v", got)
		}
		must(t, h.imports.Work(t.Context(), queued.ID)) // its job comes, and finds nothing to do

		job, err := h.imports.StartImport(t.Context(), h.request(), strings.NewReader(licences(95)), 0)
		must(t, err)
		n := 0
		h.imports.WhileCommitting(func() {
			if n++; n == 4 {
				go func() {
					_, err := h.imports.CancelImport(context.WithoutCancel(t.Context()), job.UUID)
					if err != nil {
						t.Error(err)
					}
				}()
				if d.Engine() == db.Postgres { // there it need not wait for the batch
					time.Sleep(300 * time.Millisecond)
				}
			}
			if n > 4 {
				time.Sleep(100 * time.Millisecond)
			}
		})
		must(t, h.imports.Work(t.Context(), job.ID))
		h.imports.WhileCommitting(func() {})
		got, err = h.imports.ImportJob(t.Context(), job.UUID)
		must(t, err)
		if got.Status != fibonacco.ImportCancelled || got.Total == 0 || got.Total >= 95 || got.UndoUntil == nil || got.Created != h.count(`SELECT count(*) FROM smbs`) {
			t.Errorf("cancelled %+v with %d stored", got, h.count(`SELECT count(*) FROM smbs`))
		}
		if n := h.count(`SELECT count(*) FROM import_parts`); n != 0 {
			t.Errorf("%d parts of the file are left", n)
		}
		if _, err := h.imports.CancelImport(t.Context(), job.UUID); fibonacco.CodeOf(err) != fibonacco.Conflict {
			t.Errorf("twice: %v", err)
		}
		if n := h.count(`SELECT count(*) FROM smb_search`); n != 0 {
			t.Errorf("%d can be found already", n)
		}
		must(t, h.imports.WorkIndex(t.Context(), job.ID))
		if n := h.count(`SELECT count(*) FROM smb_search`); n != got.Created {
			t.Errorf("%d can be found, want %d", n, got.Created)
		}
		if got := h.undo(job.UUID); got.Removed != h.count(`SELECT count(*) FROM smbs`) || got.Kept != 0 {
			t.Errorf("undone %+v", got)
		}
	})
}

// An import is completed when its businesses can be found, and not before.
func TestCompletedMeansFindable(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		h := newHouse(t, d, supervisors)
		h.imports.SetBatchRows(10)
		job, err := h.imports.StartImport(t.Context(), h.request(), strings.NewReader(licences(95)), 0)
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		batches := 0
		h.indexing = func() {
			if batches++; batches == 3 {
				cancel()
			}
		}
		_ = h.imports.Work(ctx, job.ID)
		h.indexing = nil
		half, err := h.imports.ImportJob(t.Context(), job.UUID)
		must(t, err)
		if half.Status != fibonacco.ImportRunning || half.Total != 95 || half.FinishedAt != nil {
			t.Errorf("all stored, not all found: %+v", half)
		}
		must(t, h.imports.Work(t.Context(), job.ID))
		done, err := h.imports.ImportJob(t.Context(), job.UUID)
		must(t, err)
		if n := h.count(`SELECT count(*) FROM smb_search`); done.Status != fibonacco.ImportCompleted || n != done.Created {
			t.Errorf("%s with %d of %d found", done.Status, n, done.Created)
		}
		h.run("Name,Email,City\nSHOP 1,owner@shop-1.example,Hoboken\n", mode("overwrite"))
		if n := h.count(`SELECT count(*) FROM smb_search WHERE city = 'Hoboken'`); n != 1 {
			t.Errorf("%d can be found by the city that was changed", n)
		}
	})
}

// What a command imports can be seen, cancelled and undone like any other import.
func TestImportsOfACommand(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		h := newHouse(t, d, supervisors)
		h.imports.SetBatchRows(10)
		h.run("Name,Email\n")
		h.run(one, dry)
		if n := len(h.list("")); n != 0 {
			t.Errorf("%d imports of nothing", n)
		}
		h.run(licences(30))
		done := h.last()
		if done.Status != fibonacco.ImportCompleted || done.Total != 30 || done.Format != "csv" || done.Filename != "list.csv" || done.Mapping["zip"] != "ZIP" || done.Progress != 1 {
			t.Errorf("%+v", done)
		}

		h.community = h.addCommunity("cancelled")
		n := 0
		_, err := h.imports.Run(t.Context(), h.request(), strings.NewReader(licences(300)), 0, func(fibonacco.ImportResult, int64) {
			if n++; n == 3 {
				if _, err := h.imports.CancelImport(t.Context(), h.last().UUID); err != nil {
					t.Error(err)
				}
			}
		})
		if fibonacco.CodeOf(err) != fibonacco.Conflict || h.last().Status != fibonacco.ImportCancelled || h.last().Total < 20 || h.last().Total > 50 {
			t.Errorf("cancelled: %v, %+v", err, h.last())
		}

		h.community = h.addCommunity("stopped")
		ctx, cancel := context.WithCancel(t.Context())
		_, err = h.imports.Run(ctx, h.request(), strings.NewReader(licences(300)), 0, func(fibonacco.ImportResult, int64) { cancel() })
		if !errors.Is(err, context.Canceled) || h.last().Status != fibonacco.ImportCancelled || h.last().UndoUntil == nil {
			t.Errorf("stopped: %v, %+v", err, h.last())
		}

		// A command that was killed left an import that runs for ever.
		h.run(licences(10), func(r *fibonacco.ImportRequest) { r.Filename = "killed.csv" })
		h.exec(`UPDATE imports SET status = 'running', finished_at = NULL WHERE filename = 'killed.csv'`)
		h.imports.Register()
		clock.Advance(25 * time.Hour)
		h.start()
		for range 500 {
			if h.last().Status != fibonacco.ImportRunning {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if killed := h.last(); killed.Status != fibonacco.ImportFailed || !strings.Contains(killed.Message, "stopped") || killed.Filename != "killed.csv" {
			t.Errorf("killed: %+v", killed)
		}
	})
}

func TestListOfImports(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		h := newHouse(t, d, supervisors)
		for i := range 5 {
			h.run(fmt.Sprintf("Name,Email\nA%d,bad\nB%d,\n", i, i))
		}
		_, err := h.imports.StartImport(t.Context(), h.request(), strings.NewReader(one), 0)
		must(t, err)
		h.exec(`UPDATE imports SET status = 'uploading' WHERE status = 'queued'`)
		if n, m := len(h.list("completed")), len(h.list("queued")); n != 5 || m != 1 {
			t.Errorf("%d completed, %d queued", n, m)
		}
		page, err := h.imports.ListImports(t.Context(), fibonacco.ListQuery{Size: 4, Sort: []string{"id"}, Total: true})
		must(t, err)
		if len(page.Data) != 4 || *page.Total != 6 || page.Data[0].ID > page.Data[3].ID || page.Data[0].Failed != 1 || len(page.Data[0].Errors) != 0 {
			t.Errorf("page %+v", page)
		}
		rest, err := h.imports.ListImports(t.Context(), fibonacco.ListQuery{Size: 4, Sort: []string{"id"}, Cursor: page.Next})
		must(t, err)
		if len(rest.Data) != 2 || rest.Data[1].Status != fibonacco.ImportQueued {
			t.Errorf("the rest %+v", rest.Data)
		}
		if _, err := h.imports.ListImports(t.Context(), fibonacco.ListQuery{Filter: fibonacco.Filter{"colour": "red"}}); fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Errorf("an unknown filter: %v", err)
		}
	})
}

func TestReportOfADryRun(t *testing.T) {
	each(t, func(h *house) {
		h.run("Name,Email,City\nA,a@a.example,\nB,b@b.example,Queens\n")
		r := h.run("Name,Email,City,Latitude,Longitude\nA Inc,a@a.example,Brooklyn,40.5,-73.5\nB,b@b.example,Queens,,\nNew,n@n.example,,,\nNew,n@n.example,Hoboken,,\nC,bad,,x,\nD,bad,,,\n", dry, mode("overwrite"))
		h.want(r, "6=1+2+1+2")
		var got []string
		for _, d := range r.Duplicates {
			s := fmt.Sprintf("%d %s %s %v", d.Line, d.Name, d.By, d.SMBID != nil)
			for _, c := range d.Change {
				s += fmt.Sprintf(" %s:%s→%s", c.Field, c.Before, c.After)
			}
			got = append(got, s)
		}
		want := "2 A email true business_name:A→A Inc city:→Brooklyn coordinates:→(-73.5,40.5)\n3 B email true\n5 New email false city:→Hoboken"
		if s := strings.Join(got, "\n"); s != want {
			h.t.Errorf("duplicates\n%s\nwant\n%s", s, want)
		}
		if len(r.Problems) != 2 || r.Problems[0].Field != "primary_email" || r.Problems[0].Count != 2 || fmt.Sprint(r.Problems[0].Lines) != "[6 7]" {
			h.t.Errorf("problems %+v", r.Problems)
		}
	})
}
