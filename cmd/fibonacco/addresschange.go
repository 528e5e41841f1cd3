package main

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// changeAddress makes a confirmed address the business's own, and tells the one that it had: a mail
// that was passed on may have brought somebody else to the page.
func (a *app) changeAddress(ctx context.Context, tx *db.Tx, smbID int64, address string) error {
	type had struct{ Name, Email string }
	old, err := db.Get[had](ctx, tx, `SELECT business_name AS name, COALESCE(primary_email, '') AS email FROM smbs WHERE id = $1`, smbID)
	if err != nil {
		return fmt.Errorf("read the address of SMB %d: %w", smbID, err)
	}
	if err := a.smb.ChangeEmail(ctx, tx, smbID, address); err != nil {
		return err
	}
	if !fibonacco.ValidEmail(old.Email) {
		return nil
	}
	return a.notices.Post(ctx, tx, fibonacco.Notice{
		Key: fmt.Sprintf("address of %d changed at %d", smbID, tx.Now.UnixMicro()), Purpose: "address.changed", SMBID: smbID, To: old.Email,
		Subject: "Mail for " + old.Name + " goes to another address now",
		Paragraphs: []string{
			"Somebody opened the preference page by the link of a mail to this address, and confirmed another address for " + old.Name + ".",
			"From now on our mail goes there. If that was you, there is nothing to do.",
			"If it was not, reply to this mail: a person reads it and puts it right.",
		},
	})
}
