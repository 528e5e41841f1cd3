package imports_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb/consent"
	"github.com/fibonacco/fibonacco/smb/imports"
	"github.com/fibonacco/fibonacco/smb/search"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// house is a service on an empty database with one community.
type house struct {
	t         testing.TB
	db        *db.DB
	queue     *queue.Queue
	imports   *imports.Service
	community int64
	indexing  func() // called while businesses are made findable; nil: nothing
}

func each(t *testing.T, fn func(h *house)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) { fn(newHouse(t, d, nil)) })
}

func newHouse(t testing.TB, d *db.DB, supervisors []queue.Supervisor) *house {
	t.Helper()
	q, err := queue.New(queue.Options{DB: d, Supervisors: supervisors, Node: "test"})
	must(t, err)
	h := &house{t: t, db: d, queue: q}
	h.imports = imports.New(d, q, fibonacco.Config{},
		imports.WithConsents(consent.Add), imports.WithIndex(h.index), imports.WithStored(consent.Resuppress), imports.WithSuppressions(consent.SuppressAll))
	h.community = h.addCommunity("brooklyn")
	return h
}

func (h *house) index(ctx context.Context, tx *db.Tx, ids []int64) error {
	if h.indexing != nil {
		h.indexing()
	}
	return search.Reindex(ctx, tx, ids)
}

func (h *house) addCommunity(slug string) (id int64) {
	h.t.Helper()
	must(h.t, h.db.Update(h.t.Context(), func(tx *db.Tx) error {
		return tx.QueryRow(h.t.Context(), `
			INSERT INTO communities (uuid, name, slug, state, created_at, updated_at)
			VALUES ($1, $2, $2, 'NY', $3, $3) RETURNING id`, uuid.NewString(), slug, tx.Now).Scan(&id)
	}))
	return id
}

func (h *house) request() fibonacco.ImportRequest {
	return fibonacco.ImportRequest{CommunityID: h.community, Filename: "list.csv"}
}

// run imports a file that is meant to be importable.
func (h *house) run(file string, change ...func(*fibonacco.ImportRequest)) fibonacco.ImportResult {
	h.t.Helper()
	r, err := h.try(file, change...)
	must(h.t, err)
	return r
}

func (h *house) try(file string, change ...func(*fibonacco.ImportRequest)) (fibonacco.ImportResult, error) {
	h.t.Helper()
	req := h.request()
	for _, c := range change {
		c(&req)
	}
	r, err := h.imports.Run(h.t.Context(), req, strings.NewReader(file), int64(len(file)), nil)
	if r.Created+r.Updated+r.Skipped+r.Failed != r.Total {
		h.t.Errorf("the parts of %s do not make its total", counts(r))
	}
	return r, err
}

func mode(m string) func(*fibonacco.ImportRequest) {
	return func(r *fibonacco.ImportRequest) { r.Duplicates = m }
}

func dry(r *fibonacco.ImportRequest) { r.DryRun = true }

// counts is a result in short: total = created + updated + skipped + failed.
func counts(r fibonacco.ImportResult) string {
	return fmt.Sprintf("%d=%d+%d+%d+%d", r.Total, r.Created, r.Updated, r.Skipped, r.Failed)
}

// faults is the errors of a result, "line field" each.
func faults(r fibonacco.ImportResult) string {
	var out []string
	for _, e := range r.Errors {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%d %s", e.Line, e.Field)))
	}
	return strings.Join(out, ", ")
}

func (h *house) want(r fibonacco.ImportResult, want string) {
	h.t.Helper()
	if got := counts(r); got != want {
		h.t.Errorf("result %s, want %s; errors %v", got, want, r.Errors)
	}
}

// stored is what is stored, one business a line in the order of their keys, without ids and times.
func (h *house) stored() string {
	h.t.Helper()
	return h.storedIn(h.community)
}

func (h *house) storedIn(community int64) string {
	h.t.Helper()
	var lines []string
	must(h.t, h.db.View(h.t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Query(h.t.Context(), `
			SELECT business_name, dba_name, business_type, category, primary_contact_name, primary_email, primary_phone,
				address, city, state, zip, CAST(coordinates AS text), email_key, name_key, source,
				CAST(data_quality_score AS text), campaign_status, CAST(engagement_tier AS text)
			FROM smbs WHERE community_id = $1 AND deleted_at IS NULL`, community)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var v [18]*string
			targets := make([]any, len(v))
			for i := range v {
				targets[i] = &v[i]
			}
			if err := rows.Scan(targets...); err != nil {
				return err
			}
			line := make([]string, len(v))
			for i, s := range v {
				if line[i] = "~"; s != nil {
					line[i] = *s
				}
			}
			lines = append(lines, strings.Join(line, "|"))
		}
		return rows.Err()
	}))
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// names is the names of all that is stored, by id.
func (h *house) names() string { return h.column("business_name") }

func (h *house) column(name string) string {
	h.t.Helper()
	var all []string
	must(h.t, h.db.View(h.t.Context(), func(tx *db.Tx) (err error) {
		all, err = db.Select[string](h.t.Context(), tx, `SELECT COALESCE(CAST(`+name+` AS text), '~') FROM smbs ORDER BY id`)
		return err
	}))
	return strings.Join(all, ", ")
}

// events counts the stored events of a type.
func (h *house) events(kind string) int {
	h.t.Helper()
	n := 0
	must(h.t, h.db.View(h.t.Context(), func(tx *db.Tx) (err error) {
		n, err = db.Count(h.t.Context(), tx, `SELECT count(*) FROM analytics_events WHERE event_type = $1`, kind)
		return err
	}))
	return n
}

func sorted(list string) string {
	all := strings.Split(list, ", ")
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func sortedLines(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
