package listing_test

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"testing"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/listing"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// world is two communities, and three businesses: 1 and 2 in the first, 3 in the second.
type world struct {
	testing.TB
	db    *db.DB
	clock *fibonacco.FakeClock
	svc   *listing.Service
}

func newWorld(t testing.TB, d *db.DB, clock *fibonacco.FakeClock) *world {
	t.Helper()
	w := &world{t, d, clock, listing.New(d, fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: "https://go.example.com/"}})}
	for id, slug := range []string{"port-avery", "red-hook"} {
		w.exec(`INSERT INTO communities (id, uuid, name, slug, state, timezone) VALUES ($1, $2, $3, $3, 'NY', 'America/New_York')`, id+1, uuid.NewString(), slug)
	}
	for id, name := range []string{"Marisol Hair Studio", "Rosa's Bakery", "Café <b>Nord</b>"} {
		w.exec(`
			INSERT INTO smbs (id, uuid, community_id, business_name, category, primary_email, primary_phone, address, city, state, zip, coordinates)
			VALUES ($1, $2, $3, $4, 'Hair salon', 'owner@example.com', '+17185550142', '18 Wharf Street', 'Port Avery', 'NY', '11231', CAST($5 AS point))`,
			id+1, uuid.NewString(), 1+id/2, name, "(-73.98,40.67)")
	}
	return w
}

func each(t *testing.T, do func(w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) { do(newWorld(t, d, clock)) })
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) update(do func(ctx context.Context, tx *db.Tx) error) {
	w.Helper()
	w.must(w.db.Update(w.Context(), func(tx *db.Tx) error { return do(w.Context(), tx) }))
}

func (w *world) exec(query string, args ...any) {
	w.Helper()
	w.update(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
}

func (w *world) count(query string, args ...any) (n int) {
	w.Helper()
	w.must(w.db.View(w.Context(), func(tx *db.Tx) (err error) {
		n, err = db.Count(w.Context(), tx, query, args...)
		return err
	}))
	return n
}

func (w *world) provision(smb int64) (result map[string]any, err error) {
	err = w.db.Update(context.WithoutCancel(w.Context()), func(tx *db.Tx) error {
		result, err = w.svc.Provision(w.Context(), tx, &fibonacco.ProvisioningTask{ID: 1, SMBID: smb, ServiceType: w.svc.ServiceType()})
		return err
	})
	return result, err
}

// provisioned is provision that must work.
func (w *world) provisioned(smb int64) {
	w.Helper()
	_, err := w.provision(smb)
	w.must(err)
}

func (w *world) withdraw(smb int64) {
	w.Helper()
	w.update(func(ctx context.Context, tx *db.Tx) error { return w.svc.Withdraw(ctx, tx, smb) })
}

// merge makes one business part of another, as smb/merge does with the rows of this package.
func (w *world) merge(survivor, other int64) {
	w.Helper()
	w.exec(`
		INSERT INTO merges (uuid, community_id, survivor_id, other_id, merged_at, undo_until) VALUES ($1, 1, $2, $3, $4, $4)`,
		uuid.NewString(), survivor, other, w.clock.Now())
	w.exec(`UPDATE smbs SET deleted_at = $1 WHERE id = $2`, w.clock.Now(), other)
	w.exec(`UPDATE business_profiles SET smb_id = $1 WHERE smb_id = $2 AND NOT EXISTS (SELECT 1 FROM business_profiles own WHERE own.smb_id = $1)`, survivor, other)
}

func (w *world) code(what string, err error, want fibonacco.Code) {
	w.Helper()
	if got := fibonacco.CodeOf(err); got != want {
		w.Errorf("%s: %v has code %q, want %q", what, err, got, want)
	}
}

func equal[T comparable](w *world, what string, got, want T) {
	w.Helper()
	if got != want {
		w.Errorf("%s = %v, want %v", what, got, want)
	}
}

// fields are the fields that an error names.
func fields(err error) (names string) {
	if e, ok := err.(*fibonacco.Error); ok { //nolint:errorlint // the service returns it as it is
		for _, f := range e.Fields {
			names += f.Field + " "
		}
	}
	return names
}

func pixels(w, h int) []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, w, h)), nil) // a buffer takes everything
	return b.Bytes()
}
