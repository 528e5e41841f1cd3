-- A business has one approval of a service that is under way or done (M4-06); those that failed or
-- were cancelled do not stand in the way of another. One offer of a service follows an approval, and
-- one task makes it.
-- +goose Up
UPDATE approvals SET status = 'cancelled' WHERE status IN ('pending', 'provisioning', 'provisioned') AND id NOT IN (
    SELECT MIN(id) FROM approvals WHERE status IN ('pending', 'provisioning', 'provisioned') GROUP BY smb_id, service_type);
CREATE UNIQUE INDEX approvals_live_index ON approvals (smb_id, service_type) WHERE status IN ('pending', 'provisioning', 'provisioned');
CREATE UNIQUE INDEX approval_upsells_offer_index ON approval_upsells (approval_id, upsell_service_type);
CREATE UNIQUE INDEX provisioning_tasks_approval_id_index ON provisioning_tasks (approval_id);

-- +goose Down
DROP INDEX provisioning_tasks_approval_id_index;
DROP INDEX approval_upsells_offer_index;
DROP INDEX approvals_live_index;
