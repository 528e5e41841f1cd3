package merge_test

import (
	"slices"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb/merge"
)

// namesBusiness is every column that is called smb_id or refers to smbs, as "table.column".
var namesBusiness = map[db.Engine]string{
	db.Postgres: `
		SELECT table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema = current_schema() AND column_name = 'smb_id'
		UNION
		SELECT CAST(c.conrelid::regclass AS text) || '.' || a.attname
		FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
		WHERE c.contype = 'f' AND c.confrelid = 'smbs'::regclass`,
	db.SQLite: `
		SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'smb_id'
		UNION
		SELECT m.name || '.' || f."from" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND f."table" = 'smbs'`,
}

var columnsOfSMBs = map[db.Engine]string{
	db.Postgres: `SELECT CAST(column_name AS text) FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = 'smbs'`,
	db.SQLite:   `SELECT name FROM pragma_table_info('smbs')`,
}

// A table that is added later, and holds rows of a business, must say what a merge does with them.
func TestEveryTableIsKnown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		owned := merge.OwnedColumns()
		live := column(w, namesBusiness[d.Engine()])
		if len(live) < 15 {
			t.Fatalf("found only %d columns that name a business: %v", len(live), live)
		}
		for _, name := range live {
			if _, except := merge.Exceptions[name]; slices.Contains(owned, name) == except {
				t.Errorf("%s names a business: it belongs either into tables or into exceptions of smb/merge/tables.go", name)
			}
		}
		for _, name := range owned {
			if !slices.Contains(live, name) {
				t.Errorf("%s is listed, and not in the schema", name)
			}
		}
	})
}

func TestEveryColumnOfABusinessIsKnown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		known, live := merge.SMBColumns(), column(w, columnsOfSMBs[d.Engine()])
		for _, name := range live {
			if !slices.Contains(known, name) {
				t.Errorf("smbs.%s: say in smb/merge/columns.go what a merge does with it", name)
			}
		}
		for _, name := range known {
			if !slices.Contains(live, name) {
				t.Errorf("smbs.%s is listed, and not in the schema", name)
			}
		}
	})
}

func column(w *world, query string) []string {
	w.t.Helper()
	var names []string
	must(w.t, w.db.View(w.t.Context(), func(tx *db.Tx) (err error) {
		names, err = db.Select[string](w.t.Context(), tx, query)
		return err
	}))
	return names
}
