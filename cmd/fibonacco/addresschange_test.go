package main

import (
	"context"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/config"
	"github.com/fibonacco/fibonacco/db"
)

// The address that a business had is told when another one takes its place.
func TestChangeAddress(t *testing.T) {
	dir := t.TempDir()
	settings, err := config.Read(config.Options{Environ: []string{}, Dir: dir, Set: []string{"data_dir=" + dir}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := wire(t.Context(), settings, wiring{migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.close() }()
	town, err := a.smb.CreateCommunity(t.Context(), fibonacco.Community{Name: "Red Hook", Slug: "red-hook", State: "NY", Timezone: "America/New_York"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := a.smb.Create(t.Context(), fibonacco.SMB{CommunityID: town.ID, BusinessName: "Marisol & Sons", PrimaryEmail: "marisol@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	var told, subject, now string
	if err := a.db.Update(t.Context(), func(tx *db.Tx) error {
		if err := a.changeAddress(t.Context(), tx, s.ID, "rosa@example.com"); err != nil {
			return err
		}
		return readBack(t.Context(), tx, s.ID, &told, &subject, &now)
	}); err != nil {
		t.Fatal(err)
	}
	if told != "marisol@example.com" || subject != "Mail for Marisol & Sons goes to another address now" || now != "rosa@example.com" {
		t.Errorf("told %s %q; the address is %s", told, subject, now)
	}
}

func readBack(ctx context.Context, tx *db.Tx, id int64, told, subject, now *string) error {
	if err := tx.QueryRow(ctx, `SELECT recipient, subject FROM notices WHERE smb_id = $1`, id).Scan(told, subject); err != nil {
		return err
	}
	return tx.QueryRow(ctx, `SELECT primary_email FROM smbs WHERE id = $1`, id).Scan(now)
}
