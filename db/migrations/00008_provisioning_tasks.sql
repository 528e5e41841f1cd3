-- +goose Up
CREATE TABLE provisioning_tasks (
    id {{.ID}},
    approval_id bigint NOT NULL REFERENCES approvals (id),
    smb_id bigint NOT NULL REFERENCES smbs (id),
    service_type varchar(100) NOT NULL,
    status varchar(50) NOT NULL DEFAULT 'queued',
    priority integer NOT NULL DEFAULT 5,
    started_at {{.Timestamp}},
    completed_at {{.Timestamp}},
    failed_at {{.Timestamp}},
    failure_reason text,
    result_data {{.JSON}} NOT NULL DEFAULT '{}',
    created_at {{.Timestamp}},
    updated_at {{.Timestamp}}
);
CREATE INDEX provisioning_tasks_status_priority_index ON provisioning_tasks (status, priority);

-- +goose Down
DROP TABLE provisioning_tasks;
