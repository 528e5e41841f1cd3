package imports_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb/imports"
)

func (h *house) exec(query string, args ...any) {
	h.t.Helper()
	must(h.t, h.db.Update(h.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(h.t.Context(), query, args...)
		return err
	}))
}

// last is the import that was started last.
func (h *house) last() *fibonacco.ImportJob {
	h.t.Helper()
	all := h.list("")
	if len(all) == 0 {
		h.t.Fatal("there is no import")
	}
	job, err := h.imports.ImportJob(h.t.Context(), all[0].UUID)
	must(h.t, err)
	return job
}

// undo takes an import back and returns what that did.
func (h *house) undo(uuid string) fibonacco.ImportUndo {
	h.t.Helper()
	job, err := h.imports.UndoImport(h.t.Context(), uuid)
	must(h.t, err)
	if job.Status != fibonacco.ImportUndoing || job.Undo == nil {
		h.t.Errorf("being undone: %+v", job)
	}
	must(h.t, h.imports.WorkUndo(h.t.Context(), job.ID))
	must(h.t, h.imports.WorkUndo(h.t.Context(), job.ID)) // a job that comes twice does nothing more
	job, err = h.imports.ImportJob(h.t.Context(), uuid)
	must(h.t, err)
	if job.Status != fibonacco.ImportUndone || job.UndoUntil != nil {
		h.t.Errorf("undone: %+v", job)
	}
	return *job.Undo
}

func TestUndo(t *testing.T) {
	for _, m := range []string{"fill", "overwrite"} {
		t.Run(m, func(t *testing.T) {
			each(t, func(h *house) {
				h.imports.SetBatchRows(2)
				h.run("Name,Email,City,Latitude,Longitude\nA,a@a.example,,,\nB,b@b.example,Queens,40.1,-73.1\nC,c@c.example,,,\n")
				before := h.stored()
				r := h.run("Name,Email,City,Phone,Latitude,Longitude\nA Inc,a@a.example,Brooklyn,718-555-0101,40.5,-73.5\n"+
					"New 1,n1@n.example,,,,\nB,b@b.example,Brooklyn,718-555-0102,40.2,-73.2\nNew 2,n2@n.example,,,,\nNew 1,n1@n.example,Brooklyn,,,\n", mode(m))
				if r.Created != 2 || r.Updated != 3 {
					h.t.Fatalf("imported %s", counts(r))
				}
				job := h.last()
				if job.UndoUntil == nil || !job.UndoUntil.Equal(job.FinishedAt.AddDate(0, 0, 30)) {
					h.t.Errorf("can be undone until %v", job.UndoUntil)
				}
				if got := h.undo(job.UUID); got != (fibonacco.ImportUndo{Removed: 2, Restored: 2}) {
					h.t.Errorf("undone: %+v", got)
				}
				if got := h.stored(); got != before {
					h.t.Errorf("stored\n%s\nwant\n%s", got, before)
				}
				if n := h.count(`SELECT count(*) FROM smb_search`); n != 3 {
					h.t.Errorf("%d can be found, want 3", n)
				}
				if h.count(`SELECT count(*) FROM audit_log WHERE action = 'import.undone'`) != 1 {
					h.t.Error("the audit log does not say so")
				}
			})
		})
	}
}

// What somebody has done since stays.
func TestUndoLeavesWhatOthersDid(t *testing.T) {
	each(t, func(h *house) {
		h.imports.SetBatchRows(3)
		h.run("Name,Email,Phone\nOld 1,o1@o.example,\nOld 2,o2@o.example,\nOld 3,o3@o.example,\n")
		h.run("Name,Email,Phone,City,Email Opt In\nOld 1,o1@o.example,718-555-0101,Brooklyn,\nOld 2,o2@o.example,718-555-0102,Brooklyn,\nOld 3,o3@o.example,718-555-0103,Brooklyn,\n" +
			"Changed,c@c.example,,,\nStarted,s@s.example,,,\nSent,m@m.example,,,\nGone,g@g.example,,,\nSaid no,n@n.example,,,no\nPlain,p@p.example,,,\n")
		const change = `UPDATE smbs SET version = version + 1, `
		h.exec(change + `city = 'Queens' WHERE business_name = 'Old 1'`)
		h.exec(change + `city = 'Queens', primary_phone = '+17185550999' WHERE business_name = 'Old 2'`)
		h.exec(change + `deleted_at = created_at WHERE business_name = 'Old 3'`)
		h.exec(change + `category = 'Pizza' WHERE business_name = 'Changed'`)
		h.exec(`UPDATE smbs SET campaign_status = 'active' WHERE business_name = 'Started'`)
		h.exec(`INSERT INTO campaigns (id, week, day, type, title, subject, slug, created_at, updated_at) VALUES ('X-001', 1, 1, 'HOOK', 'T', 'S', 's', $1, $1)`, h.db.Clock().Now())
		h.exec(`INSERT INTO campaign_sends (uuid, smb_id, campaign_id, email, status, created_at, updated_at)
			SELECT '0193c2f0-9a8b-7c6d-8e5f-4a3b2c1d0e9f', id, 'X-001', 'm@m.example', 'sent', $1, $1 FROM smbs WHERE business_name = 'Sent'`, h.db.Clock().Now())
		h.exec(change + `deleted_at = created_at WHERE business_name = 'Gone'`)
		got := h.undo(h.last().UUID)
		if want := (fibonacco.ImportUndo{Removed: 2, Kept: 3, Restored: 1, FieldsKept: 3, AlreadyDeleted: 2}); got != want {
			h.t.Errorf("undone: %+v, want %+v", got, want)
		}
		var left []string
		for line := range strings.SplitSeq(h.stored(), "\n") {
			v := strings.Split(line, "|")
			left = append(left, strings.Join([]string{v[0], v[6], v[8]}, "|"))
		}
		if got := strings.Join(left, ", "); got != "Changed|~|~, Old 1|~|Queens, Old 2|+17185550999|Queens, Sent|~|~, Started|~|~" {
			h.t.Errorf("left %s", got)
		}
	})
}

func TestUndoOfADoNotContactFile(t *testing.T) {
	each(t, func(h *house) {
		h.run("Name,Email\nA,a@a.example\nB,b@b.example\n")
		h.run("Email\na@a.example\nnew@new.example\n", dnc)
		if got := h.undo(h.last().UUID); got != (fibonacco.ImportUndo{Restored: 1}) {
			h.t.Errorf("undone: %+v", got)
		}
		if n := h.count(`SELECT count(*) FROM smbs WHERE do_not_contact = TRUE`); n != 0 || h.suppressed() != "new@new.example" {
			h.t.Errorf("%d are blocked; suppressed %s", n, h.suppressed())
		}
	})
}

func TestWhatCannotBeUndone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		h := newHouse(t, d, supervisors)
		refused := func(what, uuid string, code fibonacco.Code) {
			t.Helper()
			if _, err := h.imports.UndoImport(t.Context(), uuid); fibonacco.CodeOf(err) != code {
				t.Errorf("%s: %v, want %s", what, err, code)
			}
		}
		refused("unknown", "0193c2f0-0000-7000-8000-000000000001", fibonacco.NotFound)
		refused("no uuid", "x", fibonacco.NotFound)
		req := h.request()
		req.DryRun = true
		job, err := h.imports.StartImport(t.Context(), req, strings.NewReader(one), 0)
		must(t, err)
		refused("not begun", job.UUID, fibonacco.Conflict)
		must(t, h.imports.Work(t.Context(), job.ID))
		refused("a dry run", job.UUID, fibonacco.Conflict)
		h.run(one)
		h.run(one)
		refused("nothing changed", h.last().UUID, fibonacco.Conflict)
		first := h.list("")[1].UUID
		clock.Advance(31 * 24 * time.Hour)
		refused("too late", first, fibonacco.Conflict)
		clock.Advance(-31 * 24 * time.Hour)
		h.undo(first)
		refused("twice", first, fibonacco.Conflict)
		if other := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Communities: []int64{h.community + 1}}); true {
			if _, err := h.imports.UndoImport(other, first); fibonacco.CodeOf(err) != fibonacco.NotFound {
				t.Errorf("of another community: %v", err)
			}
		}
	})
}

// An undo that is broken off goes on and ends the same; what the import was is gone for good.
func TestUndoIsTheReverse(t *testing.T) {
	for _, m := range []string{"fill", "overwrite"} {
		t.Run(m, func(t *testing.T) {
			each(t, func(h *house) {
				h.imports.SetBatchRows(7)
				h.run(licences(60))
				before := h.stored()
				h.run(strings.ReplaceAll(licences(200), "COURT ST", "MAIN ST"), mode(m))
				job := h.last()
				_, err := h.imports.UndoImport(h.t.Context(), job.UUID)
				must(h.t, err)
				for _, stop := range []int{3, 5} {
					ctx, cancel := context.WithCancel(h.t.Context())
					left := stop
					h.indexing = func() {
						if left--; left == 0 {
							cancel()
						}
					}
					_ = h.imports.WorkUndo(ctx, job.ID)
					cancel()
				}
				h.indexing = nil
				must(h.t, h.imports.WorkUndo(h.t.Context(), job.ID))
				if got := h.stored(); got != before {
					h.t.Errorf("stored\n%s\nwant\n%s", got, before)
				}
				done, err := h.imports.ImportJob(h.t.Context(), job.UUID)
				must(h.t, err)
				if done.Undo.Removed != job.Created || done.Undo.Kept+done.Undo.FieldsKept+done.Undo.AlreadyDeleted != 0 {
					h.t.Errorf("undone: %+v of %s", done.Undo, counts(job.ImportResult))
				}
			})
		})
	}
}

func TestPackedIDs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.OneOf(rapid.Int64Range(1, 60), rapid.Int64Range(1, 1<<40)), 0, 80, rapid.ID).Draw(t, "ids")
		got, err := imports.UnpackIDs(imports.PackIDs(ids))
		want := map[int64]bool{}
		for _, id := range ids {
			want[id] = true
		}
		if err != nil || len(got) != len(ids) {
			t.Fatalf("%v, %v", got, err)
		}
		for i, id := range got {
			if !want[id] || i > 0 && id <= got[i-1] {
				t.Fatalf("%v of %v", got, ids)
			}
		}
	})
	many := make([]int64, 5000)
	for i := range many {
		many[i] = int64(1_000_000 + i)
	}
	if n := len(imports.PackIDs(many)); n > 20 {
		t.Errorf("5,000 ids take %d bytes", n)
	}
}

func FuzzUnpackIDs(f *testing.F) {
	f.Add([]byte{})
	f.Add(imports.PackIDs([]int64{1, 2, 3, 9}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 100 {
			return
		}
		_, _ = imports.UnpackIDs(b)
	})
}

func (h *house) errorsCSV(uuid string) string {
	h.t.Helper()
	var b strings.Builder
	must(h.t, h.imports.WriteImportErrors(h.t.Context(), uuid, &b))
	return b.String()
}

func TestErrorsAsCSV(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		h := background(t, d)
		h.imports.SetBatchRows(700)
		var b strings.Builder
		b.WriteString("Name,Email,=Shoe Size\nGood,g@g.example,1\n")
		for i := range 2500 {
			fmt.Fprintf(&b, "A,=cmd|'/c calc'!%d,1\n", i)
		}
		b.WriteString("B,\"@a \"\"b\"\"\x00, é\",1\n\"C\"x,,1\n")
		for _, dryRun := range []bool{true, false} {
			req := h.request()
			req.DryRun = dryRun
			job, err := h.imports.StartImport(t.Context(), req, strings.NewReader(b.String()), 0)
			must(t, err)
			done := h.ended(job.UUID)
			if done.Failed != 2502 || len(done.Errors) < 1000 || len(done.Problems) != 3 {
				t.Errorf("ended %d failed, %d errors, problems %+v", done.Failed, len(done.Errors), done.Problems)
			}
			if p := done.Problems[0]; p.Field != "primary_email" || p.Count != 2501 || fmt.Sprint(p.Lines) != "[3 4 5 6 7]" {
				t.Errorf("problem %+v", p)
			}
			got := h.errorsCSV(job.UUID)
			lines := strings.Split(strings.TrimSpace(got), "\n")
			if len(lines) != 1+2503 || lines[0] != "line,field,reason,value" || lines[1] != "3,primary_email,is not an e-mail address,'=cmd|'/c calc'!0" ||
				lines[2501] != `2503,primary_email,is not an e-mail address,"'@a ""b""`+"\uFFFD"+`, é"` || !strings.HasPrefix(lines[2503], "2504,,") {
				t.Errorf("%d lines: %s … %s %s", len(lines), lines[1], lines[2501], lines[2503])
			}
		}
		req := h.request()
		req.DryRun = true
		job, err := h.imports.StartImport(t.Context(), req, strings.NewReader("Name,=Shoe Size\nA,1\n"), 0)
		must(t, err)
		h.ended(job.UUID)
		if got := h.errorsCSV(job.UUID); got != "line,field,reason,value\n1,'=Shoe Size,is not a field of a business; the column is left out,\n" {
			t.Errorf("the columns that are left out: %s", got)
		}
		h.run("Name,Email\nGood,g@g.example\n")
		job, err = h.imports.StartImport(t.Context(), req, strings.NewReader("Name,Email,City\nGood,g@g.example,Brooklyn\n"), 0)
		must(t, err)
		if tried := h.ended(job.UUID); len(tried.Duplicates) != 1 {
			t.Errorf("found %+v", tried.Duplicates)
		}
		// After a while values and the errors beyond the first are gone.
		clock.Advance(31 * 24 * time.Hour)
		for range 500 {
			if h.count(`SELECT count(*) FROM import_errors`)+h.count(`SELECT count(*) FROM import_batches`)+h.count(`SELECT count(*) FROM import_changes`)+
				h.count(`SELECT count(*) FROM imports WHERE CAST(report AS text) LIKE '%duplicates%'`) == 0 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if tried := h.last(); len(tried.Duplicates) != 0 || tried.Total != 1 {
			t.Errorf("the dry run still knows %+v", tried)
		}
		got := h.errorsCSV(h.list("")[3].UUID)
		if n := strings.Count(got, "\n"); n != 1001 || strings.Contains(got, "calc") {
			t.Errorf("%d lines after 31 days: %.200s", n, got)
		}
		if err := h.imports.WriteImportErrors(t.Context(), "x", io.Discard); fibonacco.CodeOf(err) != fibonacco.NotFound {
			t.Errorf("unknown: %v", err)
		}
	})
}
