package privacy_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb/privacy"
)

// archive is the files of an export.
func (w *world) archive(id int64) map[string]string {
	w.t.Helper()
	var b bytes.Buffer
	must(w.t, w.svc.ExportSMB(w.as(1), id, &b))
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	must(w.t, err)
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		must(w.t, err)
		text, err := io.ReadAll(r)
		must(w.t, err)
		files[f.Name] = string(text)
	}
	return files
}

// Every row about a business is in its archive, in every table, and nothing of anybody else.
func TestExport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id := w.business(marisol, 1)
		w.business(rosa, 1)
		for range 1100 { // more than one read takes
			w.row("analytics_events", marisol, map[string]any{"smb_id": id})
		}
		files := w.archive(id)
		page := files["README.html"]
		if !strings.Contains(page, "business no. ") || strings.Contains(page, "ZgotmplZ") {
			t.Errorf("the page says %s", page)
		}
		for _, table := range privacy.Tables() {
			var rows []map[string]any
			text := files[table.Name+".json"]
			must(t, json.Unmarshal([]byte(text), &rows))
			if want := get[int](w, `SELECT count(*) FROM `+table.Name); table.Name != "analytics_events" && table.Name != "audit_log" && len(rows) != want/2 {
				t.Errorf("%s.json has %d rows of %d in the table", table.Name, len(rows), want)
			}
			if strings.Contains(text, rosa.word) {
				t.Errorf("%s.json tells of somebody else", table.Name)
			}
			if !strings.Contains(page, table.Name+".json") {
				t.Errorf("the page does not tell of %s.json", table.Name)
			}
			for name, kind := range table.Columns {
				value, there := rows[0][name]
				if there == (kind == "staff") {
					t.Errorf("%s.%s is in the archive: %v", table.Name, name, there)
				}
				if text, ok := value.(string); kind == "json" && ok {
					t.Errorf("%s.%s is the text %s", table.Name, name, text)
				}
			}
		}
		var events []struct{ ID int64 }
		must(t, json.Unmarshal([]byte(files["analytics_events.json"]), &events))
		equal(t, "events", len(events), 1104)
		for i := range events[1:] {
			if events[i].ID >= events[i+1].ID {
				t.Fatalf("event %d comes before %d", events[i].ID, events[i+1].ID)
			}
		}
		if strings.Contains(files["audit_log.json"], "Ana Ruiz") {
			t.Error("the archive tells of our people")
		}
		equal(t, "noted", get[int](w, `SELECT count(*) FROM audit_log WHERE action = 'smb.exported' AND actor_name = 'Ana Ruiz'`), 1)

		w.exec(`UPDATE smbs SET deleted_at = $1 WHERE id = $2`, clock.Now(), id)
		equal(t, "deleted", strings.Contains(w.archive(id)["smbs.json"], marisol.word), true)
		must(t, w.svc.EraseSMB(w.as(1), id, "they asked"))
		for name, text := range w.archive(id) {
			if strings.Contains(text, marisol.word) {
				t.Errorf("%s of an erased business still tells of it", name)
			}
		}
	})
}

func TestExportRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id := w.business(marisol, 1)
		var b bytes.Buffer
		code(t, "unknown", w.svc.ExportSMB(w.as(), id+1000, &b), fibonacco.NotFound)
		code(t, "another community's", w.svc.ExportSMB(w.as(2), id, &b), fibonacco.NotFound)
		equal(t, "written", b.Len(), 0)
		code(t, "a line that breaks", w.svc.ExportSMB(w.as(), id, broken{}), fibonacco.Internal)
	})
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
