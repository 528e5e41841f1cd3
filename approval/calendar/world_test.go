package calendar_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/calendar"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// world is two communities, and three businesses: 1 and 2 in the first, 3 in the second.
type world struct {
	testing.TB
	db    *db.DB
	clock *fibonacco.FakeClock
	svc   *calendar.Service
}

func each(t *testing.T, do func(w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := &world{t, d, clock, calendar.New(d, fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: "https://go.example.com/"}})}
		for id, slug := range []string{"port-avery", "red-hook"} {
			w.exec(`INSERT INTO communities (id, uuid, name, slug, state, timezone) VALUES ($1, $2, $3, $4, 'NY', 'America/New_York')`, id+1, uuid.NewString(), []string{"Port Avery", "Red Hook"}[id], slug)
		}
		for id, name := range []string{"Marisol Hair Studio", "Rosa's Bakery", "Café Nord"} {
			w.exec(`INSERT INTO smbs (id, uuid, community_id, business_name) VALUES ($1, $2, $3, $4)`, id+1, uuid.NewString(), 1+id/2, name)
		}
		do(w)
	})
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

func (w *world) provision(smb int64) (result map[string]any, err error) {
	err = w.db.Update(context.WithoutCancel(w.Context()), func(tx *db.Tx) error {
		result, err = w.svc.Provision(w.Context(), tx, &fibonacco.ProvisioningTask{ID: 1, SMBID: smb, ServiceType: w.svc.ServiceType()})
		return err
	})
	return result, err
}

func (w *world) provisioned(smb int64) {
	w.Helper()
	_, err := w.provision(smb)
	w.must(err)
}

// saved is SaveEvent that must work.
func (w *world) saved(smb, id int64, d fibonacco.EventDraft) int64 {
	w.Helper()
	id, err := w.svc.SaveEvent(w.Context(), smb, id, d)
	w.must(err)
	return id
}

// titles are those of a community's calendar, with their states.
func (w *world) titles(community string) (text string) {
	w.Helper()
	c, err := w.svc.CommunityCalendar(w.Context(), community)
	w.must(err)
	for _, e := range c.Events {
		text += e.Title + " " + string(e.State) + ". "
	}
	return text
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

// party is a draft that is right: Saturday evening, 2026-03-07.
func party() fibonacco.EventDraft {
	return fibonacco.EventDraft{Title: "Block party", Place: "Wharf Street", Audience: "Everybody", About: "Bring a chair.", Day: "2026-03-07", Starts: "18:00", Ends: "22:00"}
}
