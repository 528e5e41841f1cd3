package consent_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb/consent"
)

// world is a database with two communities, 1 and 2, one campaign, and the service.
type world struct {
	t     testing.TB
	db    *db.DB
	clock *fibonacco.FakeClock
	svc   *consent.Service
}

func newWorld(t testing.TB, d *db.DB, clock *fibonacco.FakeClock) *world {
	t.Helper()
	w := newServices(&world{t: t, db: d, clock: clock})
	for id, slug := range map[int64]string{1: "port-avery", 2: "red-hook"} {
		w.exec(`INSERT INTO communities (id, uuid, name, slug, state, created_at) VALUES ($1, $2, $3, $3, 'NY', $4)`, id, uuid.NewString(), slug, clock.Now())
	}
	w.exec(`INSERT INTO campaigns (id, type, week, day, title, subject, slug) VALUES ('HOOK-001', 'HOOK', 1, 1, 'A', 'A', 'a')`)
	return w
}

func newServices(w *world) *world {
	w.t.Helper()
	q, err := queue.New(queue.Options{DB: w.db})
	must(w.t, err)
	w.svc = consent.New(w.db, q)
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func code(t testing.TB, what string, err error, want fibonacco.Code) {
	t.Helper()
	if got := fibonacco.CodeOf(err); got != want {
		t.Errorf("%s: error %v has code %q, want %q", what, err, got, want)
	}
}

// fields is the refused fields of an error, in order.
func fields(err error) string {
	var names []string
	var e *fibonacco.Error
	if errors.As(err, &e) {
		for _, f := range e.Fields {
			names = append(names, f.Field)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func (w *world) update(do func(ctx context.Context, tx *db.Tx) error) {
	w.t.Helper()
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error { return do(w.t.Context(), tx) }))
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	w.update(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
}

func get[T any](w *world, query string, args ...any) (v T) {
	w.t.Helper()
	must(w.t, w.db.View(w.t.Context(), func(tx *db.Tx) (err error) {
		v, err = db.Get[T](w.t.Context(), tx, query, args...)
		return err
	}))
	return v
}

// all is the texts of a column, joined.
func all(w *world, query string, args ...any) string {
	w.t.Helper()
	var texts []string
	must(w.t, w.db.View(w.t.Context(), func(tx *db.Tx) (err error) {
		texts, err = db.Select[string](w.t.Context(), tx, query, args...)
		return err
	}))
	return strings.Join(texts, " ")
}

// smb is a new business with an address and a number, in a community.
func (w *world) smb(community int64, email, phone string) (id int64) {
	w.t.Helper()
	w.update(func(ctx context.Context, tx *db.Tx) error {
		return tx.QueryRow(ctx, `
			INSERT INTO smbs (uuid, community_id, business_name, primary_email, email_key, primary_phone, created_at, updated_at)
			VALUES ($1, $2, 'Marisol Hair Studio', $3, $4, $5, $6, $6) RETURNING id`,
			uuid.NewString(), community, db.Null(email), db.Null(strings.ToLower(email)), db.Null(phone), tx.Now).Scan(&id)
	})
	return id
}

func (w *world) send(smb int64, email, status string) (id int64) {
	w.t.Helper()
	w.update(func(ctx context.Context, tx *db.Tx) error {
		return tx.QueryRow(ctx, `
			INSERT INTO campaign_sends (uuid, smb_id, campaign_id, email, status, occurrence, created_at, updated_at)
			VALUES ($1, $2, 'HOOK-001', $3, $4, (SELECT count(*) + 1 FROM campaign_sends WHERE smb_id = $2), $5, $5) RETURNING id`,
			uuid.NewString(), smb, email, status, tx.Now).Scan(&id)
	})
	return id
}

func (w *world) drop(smb int64, phone string) (id int64) {
	w.t.Helper()
	w.update(func(ctx context.Context, tx *db.Tx) error {
		return tx.QueryRow(ctx, `INSERT INTO rvm_drops (uuid, smb_id, phone, created_at) VALUES ($1, $2, $3, $4) RETURNING id`,
			uuid.NewString(), smb, phone, tx.Now).Scan(&id)
	})
	return id
}

// sendState is "suppressed/not_opted_in".
func (w *world) sendState(id int64) string {
	w.t.Helper()
	return get[string](w, `SELECT status || '/' || COALESCE(skip_reason, '') FROM campaign_sends WHERE id = $1`, id)
}

func (w *world) dropState(id int64) string {
	w.t.Helper()
	return get[string](w, `SELECT status || '/' || COALESCE(delivery_status, '') FROM rvm_drops WHERE id = $1`, id)
}

// optIns is the channels that an SMB is opted in to.
func (w *world) optIns(id int64) string {
	w.t.Helper()
	type row struct{ Email, SMS, RVM, Phone bool }
	r := get[row](w, `SELECT email_opted_in AS email, sms_opted_in AS sms, rvm_opted_in AS rvm, phone_opted_in AS phone FROM smbs WHERE id = $1`, id)
	var in []string
	for i, on := range []bool{r.Email, r.SMS, r.RVM, r.Phone} {
		if on {
			in = append(in, string(fibonacco.Channels[i]))
		}
	}
	return strings.Join(in, " ")
}

// add is consent.Add; it returns the columns that became different of the first SMB.
func (w *world) add(list ...fibonacco.Consent) (changed string) {
	w.t.Helper()
	w.update(func(ctx context.Context, tx *db.Tx) error {
		by, err := consent.Add(ctx, tx, list)
		changed = strings.Join(by[list[0].SMBID], " ")
		return err
	})
	return changed
}

// as is the context of somebody who is limited to communities; of nobody in particular without any.
func (w *world) as(communities ...int64) context.Context {
	return fibonacco.WithPrincipal(w.t.Context(), &fibonacco.Principal{UserID: 5, Name: "Ana Ruiz", Role: fibonacco.Manager, Communities: communities})
}

func (w *world) audited(action string) int {
	w.t.Helper()
	return get[int](w, `SELECT count(*) FROM audit_log WHERE action = $1`, action)
}

func address(i int) string { return fmt.Sprintf("owner%d@example.com", i) }
