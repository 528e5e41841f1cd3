package settings_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/settings"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// describe stands in for package config: two settings that may be stored, one that a file sets, one
// that may not be, and a secret.
func describe(stored map[string]string) (*fibonacco.SettingList, error) {
	if strings.Contains(stored["company.name"], "bad") {
		return nil, fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: "company.name", Reason: "is bad"}})
	}
	list := &fibonacco.SettingList{Settings: []fibonacco.Setting{
		{Key: "company.name", Value: "Default", Storable: true, Editable: true, Source: fibonacco.SourceDefault},
		{Key: "company.address", Storable: true, Editable: true, Source: fibonacco.SourceDefault},
		{Key: "http.url", Value: "https://a.example", Storable: true, Source: fibonacco.SourceFile, Where: "fibonacco.yaml:3"},
		{Key: "data_dir", Value: "./data", Variable: "FIBONACCO_DATA_DIR", Source: fibonacco.SourceDefault},
		{Key: "secret", Value: "[redacted]", Secret: true, Source: fibonacco.SourceEnvironment, Where: "SECRET"},
	}}
	for i := range list.Settings {
		if value, ok := stored[list.Settings[i].Key]; ok {
			list.Settings[i].Value, list.Settings[i].Source = value, fibonacco.SourceDatabase
		}
	}
	return list, nil
}

// board notes what it is told, and tells whoever listens.
type board struct{ heard chan string }

func (b board) Notify(topic string)                      { b.heard <- topic }
func (b board) Listen(ctx context.Context) <-chan string { return b.heard }

func house(d *db.DB) (*settings.Service, board) {
	b := board{make(chan string, 8)}
	return settings.New(settings.Options{DB: d, Describe: describe, Bulletin: b}), b
}

func as(ctx context.Context, role fibonacco.Role, communities ...int64) context.Context {
	return fibonacco.WithPrincipal(ctx, &fibonacco.Principal{UserID: 1, Name: "Dana", Role: role, Communities: communities})
}

func TestChangeSettings(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		values map[string]string
		bad    string // fields that are refused
		stored map[string]string
	}{
		"a value":              {map[string]string{"company.name": " Port Avery "}, "", map[string]string{"company.name": "Port Avery", "company.address": "Here"}},
		"back to the default":  {map[string]string{"company.address": ""}, "", map[string]string{}},
		"the same once more":   {map[string]string{"company.address": "Here"}, "", map[string]string{"company.address": "Here"}},
		"unknown":              {map[string]string{"company.name": "X", "colour": "red"}, "colour", nil},
		"not here":             {map[string]string{"data_dir": "/"}, "data_dir", nil},
		"what a file sets":     {map[string]string{"http.url": "https://b.example"}, "http.url", nil},
		"a wrong value":        {map[string]string{"company.name": "bad", "company.address": "There"}, "company.name", nil},
		"all that is wrong":    {map[string]string{"company.name": "bad", "data_dir": "/"}, "data_dir company.name", nil},
		"longer than anything": {map[string]string{"company.name": strings.Repeat("x", 1001)}, "company.name", nil},
		"a zero character":     {map[string]string{"company.name": "a\x00b"}, "company.name", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
				s, b := house(d)
				ctx := as(t.Context(), fibonacco.Admin)
				before := map[string]string{"company.address": "Here"}
				_, err := s.ChangeSettings(ctx, before)
				must(t, err)
				<-b.heard
				list, err := s.ChangeSettings(ctx, tc.values)
				var known *fibonacco.Error
				bad := ""
				if errors.As(err, &known) && known.Code == fibonacco.Invalid {
					for _, f := range known.Fields {
						bad = strings.TrimSpace(bad + " " + f.Field)
					}
					err = nil
				}
				must(t, err)
				want := tc.stored
				if want == nil {
					want = before
				}
				stored, err := settings.Stored(t.Context(), d)
				must(t, err)
				if bad != tc.bad || len(stored) != len(want) {
					t.Fatalf("refused %q, want %q; stored %v, want %v", bad, tc.bad, stored, want)
				}
				for key, value := range want {
					if stored[key] != value {
						t.Errorf("%s is %q, want %q", key, stored[key], value)
					}
					if list != nil && list.Find(key).Value != value {
						t.Errorf("%s is answered as %+v", key, list.Find(key))
					}
				}
				noticed := len(b.heard) == 1
				if changed := len(stored) != 1 || stored["company.address"] != "Here"; noticed != changed {
					t.Errorf("other nodes hear of it: %v", noticed)
				}
			})
		})
	}
}

func TestChangesAreWrittenDown(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, _ := house(d)
		ctx := as(t.Context(), fibonacco.Admin)
		for _, value := range []string{"One", "Two", "Two"} {
			_, err := s.ChangeSettings(ctx, map[string]string{"company.name": value})
			must(t, err)
		}
		page, err := audit.New(d).ListAudit(t.Context(), fibonacco.ListQuery{Filter: fibonacco.Filter{"action": "settings.changed"}})
		must(t, err)
		if len(page.Data) != 2 || page.Data[0].Before["company.name"] != "One" || page.Data[0].After["company.name"] != "Two" || page.Data[0].ActorName != "Dana" {
			t.Errorf("noted %+v", page.Data)
		}
	})
}

func TestWhoSeesSettings(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, _ := house(d)
		for name, tc := range map[string]struct {
			ctx    context.Context
			code   fibonacco.Code
			hidden bool
		}{
			"the product":         {t.Context(), "", false},
			"an admin":            {as(t.Context(), fibonacco.Admin), "", false},
			"a manager":           {as(t.Context(), fibonacco.Manager), "", true},
			"an admin of a town":  {as(t.Context(), fibonacco.Admin, 3), fibonacco.Forbidden, false},
			"a manager of a town": {as(t.Context(), fibonacco.Manager, 3), fibonacco.Forbidden, false},
		} {
			list, err := s.ListSettings(tc.ctx)
			if fibonacco.CodeOf(err) != tc.code {
				t.Errorf("%s: %v", name, err)
			}
			if err != nil {
				if _, err := s.ChangeSettings(tc.ctx, map[string]string{"company.name": "X"}); fibonacco.CodeOf(err) != tc.code {
					t.Errorf("%s changes them: %v", name, err)
				}
				continue
			}
			secret := list.Find("secret")
			if tc.hidden != (secret.Hidden && secret.Value == "" && secret.Where == "") {
				t.Errorf("%s sees %+v", name, secret)
			}
		}
	})
}

func TestWatch(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, b := house(d)
		known, err := settings.Stored(t.Context(), d)
		must(t, err)
		saw := make(chan bool, 1)
		go func() { saw <- settings.Watch(t.Context(), d, b, known, slog.New(slog.DiscardHandler)) }()
		b.Notify("send") // of something else
		_, err = s.ChangeSettings(t.Context(), map[string]string{"company.name": "Port Avery"})
		must(t, err)
		if !<-saw {
			t.Error("the change goes unseen")
		}
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			saw <- settings.Watch(ctx, d, b, map[string]string{"company.name": "Port Avery"}, slog.New(slog.DiscardHandler))
		}()
		stop()
		if <-saw {
			t.Error("a change is seen where there is none")
		}
	})
}
