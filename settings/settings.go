// Package settings keeps the settings that are made on a page, and shows all of them with their
// sources. It owns the table stored_settings.
//
// What a setting means, whether a value is right and what a file, a variable or a flag says is package
// config's, which is handed in: this package never knows a key by name. It applies nothing either.
// Whoever runs the product calls Watch, and starts over with what is stored.
package settings

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// Topic is what the Bulletin is told after a change.
const Topic = "settings"

// Service implements fibonacco.SettingsService. Safe for concurrent use.
type Service struct{ o Options }

var _ fibonacco.SettingsService = (*Service)(nil)

// Options are what New leans on; all of them are needed.
type Options struct {
	DB *db.DB
	// Describe is every setting as it would be with these stored; Invalid names each key that is wrong.
	Describe func(stored map[string]string) (*fibonacco.SettingList, error)
	Bulletin fibonacco.Bulletin
}

// New makes a Service.
func New(o Options) *Service { return &Service{o} }

// Stored is what is stored, by key.
func Stored(ctx context.Context, d *db.DB) (values map[string]string, err error) {
	err = d.View(ctx, func(tx *db.Tx) error {
		values, err = read(ctx, tx)
		return err
	})
	return values, err
}

func read(ctx context.Context, tx *db.Tx) (map[string]string, error) {
	type pair struct{ SettingKey, Value string }
	all, err := db.Select[pair](ctx, tx, `SELECT setting_key, value FROM stored_settings`)
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	values := make(map[string]string, len(all))
	for _, p := range all {
		values[p.SettingKey] = p.Value
	}
	return values, nil
}

// ListSettings implements fibonacco.SettingsService.
func (s *Service) ListSettings(ctx context.Context) (*fibonacco.SettingList, error) {
	if err := everywhere(ctx); err != nil {
		return nil, err
	}
	stored, err := Stored(ctx, s.o.DB)
	if err != nil {
		return nil, err
	}
	return s.shown(ctx, stored)
}

// shown hides from all but admins whether a secret is set: it tells what there is to look for.
func (s *Service) shown(ctx context.Context, stored map[string]string) (*fibonacco.SettingList, error) {
	list, err := s.o.Describe(stored)
	if err != nil {
		return nil, err
	}
	if p := fibonacco.PrincipalOf(ctx); p == nil || p.Role.AtLeast(fibonacco.Admin) {
		return list, nil
	}
	for i := range list.Settings {
		if one := &list.Settings[i]; one.Secret {
			one.Hidden, one.Value, one.Where, one.Source = true, "", "", ""
		}
	}
	return list, nil
}

func everywhere(ctx context.Context) error {
	if fibonacco.ScopeOf(ctx) != nil {
		return fibonacco.Errorf(fibonacco.Forbidden, "settings are one for all communities, and you are limited to some")
	}
	return nil
}

// mostRunes bounds a stored value: an address of many lines is far shorter.
const mostRunes = 1000

// ChangeSettings implements fibonacco.SettingsService.
func (s *Service) ChangeSettings(ctx context.Context, values map[string]string) (list *fibonacco.SettingList, err error) {
	if err := everywhere(ctx); err != nil {
		return nil, err
	}
	err = s.o.DB.Update(ctx, func(tx *db.Tx) error {
		if err := tx.Lock(ctx, "settings"); err != nil { // two changes are checked one behind the other
			return err
		}
		before, err := read(ctx, tx)
		if err != nil {
			return err
		}
		after, err := s.changed(before, values)
		if err != nil {
			return err
		}
		if maps.Equal(before, after) {
			return nil
		}
		if err := store(ctx, tx, before, after); err != nil {
			return err
		}
		tx.AfterCommit(func() { s.o.Bulletin.Notify(Topic) })
		was, is := audit.Changed(fields(before), fields(after))
		return audit.Record(ctx, tx, fibonacco.AuditEntry{Action: "settings.changed", Entity: "settings", Before: was, After: is})
	})
	if err != nil {
		return nil, err
	}
	return s.ListSettings(ctx)
}

// changed is what would be stored, once all of it is known to be right.
func (s *Service) changed(before, values map[string]string) (map[string]string, error) {
	now, err := s.o.Describe(before)
	if err != nil {
		return nil, err
	}
	after := maps.Clone(before)
	var bad []fibonacco.FieldError
	refuse := func(key, reason string) { bad = append(bad, fibonacco.FieldError{Field: key, Reason: reason}) }
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value, setting := strings.TrimSpace(values[key]), now.Find(key)
		switch {
		case setting == nil:
			refuse(key, "is not a setting")
		case !setting.Storable:
			refuse(key, "cannot be stored: set "+setting.Variable)
		case !setting.Editable:
			refuse(key, fmt.Sprintf("is set by %s, which counts for more", setting.Where))
		case utf8.RuneCountInString(value) > mostRunes || !utf8.ValidString(value) || strings.ContainsRune(value, 0):
			refuse(key, fmt.Sprintf("must be text of at most %d characters", mostRunes))
		case value == "":
			delete(after, key)
		default:
			after[key] = value
		}
	}
	_, err = s.o.Describe(after)
	return after, fibonacco.JoinInvalid("the settings cannot be saved", fibonacco.InvalidFields("", bad), err)
}

func store(ctx context.Context, tx *db.Tx, before, after map[string]string) error {
	rows := db.NewBatch("setting_key text", "value text")
	for key, value := range after {
		rows.Add(key, value)
	}
	if len(before) > 0 {
		if _, err := tx.Exec(ctx, `DELETE FROM stored_settings WHERE setting_key IN ($1...)`, slices.Sorted(maps.Keys(before))); err != nil {
			return fmt.Errorf("clear the settings: %w", err)
		}
	}
	if len(after) == 0 {
		return nil
	}
	if _, err := tx.ExecBatch(ctx, rows, `INSERT INTO stored_settings (setting_key, value, updated_at) SELECT setting_key, value, $1 FROM rows`, tx.Now); err != nil {
		return fmt.Errorf("store the settings: %w", err)
	}
	return nil
}

func fields(values map[string]string) map[string]any {
	all := make(map[string]any, len(values))
	for key, value := range values {
		all[key] = value
	}
	return all
}
