package chat

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/address"
	"github.com/fibonacco/fibonacco/db"
)

// ServiceType implements approval.Provisioner.
func (s *Service) ServiceType() string { return "ai_receptionist" }

// Provision implements approval.Provisioner: it makes a helper that is off. One that is there stays as its
// owner left it.
func (s *Service) Provision(ctx context.Context, tx *db.Tx, task *fibonacco.ProvisioningTask) (map[string]any, error) {
	slug, err := address.Of(ctx, tx, task.SMBID)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, `
		INSERT INTO chat_assistants (smb_id, created_at, updated_at) VALUES ($1, $2, $2)
		ON CONFLICT (smb_id) DO UPDATE SET withdrawn = FALSE, updated_at = $2`, task.SMBID, tx.Now); err != nil {
		return nil, fmt.Errorf("make the assistant of SMB %d: %w", task.SMBID, err)
	}
	return map[string]any{
		"url":    s.base + "/chat/" + slug,
		"manage": "assistant",
		"note":   "Look at what it knows, try it, and turn it on. It talks to nobody but you before that.",
	}, nil
}

// Withdraw implements approval.Provisioner. Conversations stay for as long as their owner could read them
// anyway.
func (s *Service) Withdraw(ctx context.Context, tx *db.Tx, smbID int64) error {
	if _, err := tx.Exec(ctx, `UPDATE chat_assistants SET withdrawn = TRUE, enabled = FALSE, updated_at = $2 WHERE smb_id = $1`, smbID, tx.Now); err != nil {
		return fmt.Errorf("withdraw the assistant of SMB %d: %w", smbID, err)
	}
	return nil
}
