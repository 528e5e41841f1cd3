-- +goose Up
CREATE TABLE approval_upsells (
    id {{.ID}},
    approval_id bigint NOT NULL REFERENCES approvals (id),
    upsell_service_type varchar(100) NOT NULL,
    offered_at {{.Timestamp}} NOT NULL,
    accepted boolean,
    accepted_at {{.Timestamp}},
    declined_at {{.Timestamp}},
    resulting_approval_id bigint REFERENCES approvals (id)
);
CREATE INDEX approval_upsells_approval_id_index ON approval_upsells (approval_id);

-- +goose Down
DROP TABLE approval_upsells;
