package approval

import (
	"context"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Provisioner makes one service real, at once and from the database alone (M4-17). What needs the
// network or a person goes the generic way instead.
type Provisioner interface {
	// ServiceType is what it makes: "appointment_booking".
	ServiceType() string
	// Provision makes what was approved, hidden from the public until its owner has filled it in. It
	// may be asked twice for one business, and then finds what it made; what the owner has changed
	// stays. The result is kept with the task and told to the owner:
	//
	//	url     its public address, absolute
	//	manage  where under /my/{token}/ the owner changes it: "booking"
	//	note    one plain sentence on what to do first
	//
	// An error makes the task be tried again; fibonacco.Invalid and NotFound do not.
	Provision(ctx context.Context, tx *db.Tx, task *fibonacco.ProvisioningTask) (result map[string]any, err error)
	// Withdraw takes what was made out of the public's sight; what customers were promised is kept.
	// Provision brings it back. Withdrawing what was never made is no error.
	Withdraw(ctx context.Context, tx *db.Tx, smbID int64) error
}
