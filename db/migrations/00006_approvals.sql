-- +goose Up
CREATE TABLE approvals (
    id {{.ID}},
    uuid {{.UUID}} NOT NULL UNIQUE,
    smb_id bigint NOT NULL REFERENCES smbs (id),
    service_type varchar(100) NOT NULL,
    task_id bigint,
    approver_name varchar(255) NOT NULL,
    approver_email varchar(255) NOT NULL,
    approver_phone varchar(50),
    approver_role varchar(100),
    source_type varchar(50) NOT NULL,
    source_id varchar(100),
    source_url text,
    contact_consent boolean NOT NULL DEFAULT FALSE,
    status varchar(50) NOT NULL DEFAULT 'pending',
    approved_at {{.Timestamp}} NOT NULL,
    provisioning_started_at {{.Timestamp}},
    provisioned_at {{.Timestamp}},
    metadata {{.JSON}} NOT NULL DEFAULT '{}',
    created_at {{.Timestamp}},
    updated_at {{.Timestamp}}
);
CREATE INDEX approvals_smb_id_index ON approvals (smb_id);
CREATE INDEX approvals_service_type_index ON approvals (service_type);
CREATE INDEX approvals_status_index ON approvals (status);

-- +goose Down
DROP TABLE approvals;
