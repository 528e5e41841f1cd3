-- +goose Up
CREATE TABLE callbacks (
    id {{.ID}},
    uuid {{.UUID}} NOT NULL UNIQUE,
    smb_id bigint REFERENCES smbs (id),
    rvm_drop_id bigint REFERENCES rvm_drops (id),
    caller_phone varchar(50) NOT NULL,
    called_number varchar(50) NOT NULL,
    started_at {{.Timestamp}} NOT NULL,
    ended_at {{.Timestamp}},
    duration_seconds integer,
    transcript text,
    summary text,
    intent_detected varchar(100),
    actions_taken {{.JSON}} NOT NULL DEFAULT '[]',
    followup_email_sent boolean NOT NULL DEFAULT FALSE,
    followup_email_sent_at {{.Timestamp}},
    metadata {{.JSON}} NOT NULL DEFAULT '{}',
    created_at {{.Timestamp}},
    updated_at {{.Timestamp}}
);
CREATE INDEX callbacks_smb_id_index ON callbacks (smb_id);
CREATE INDEX callbacks_caller_phone_index ON callbacks (caller_phone);

-- +goose Down
DROP TABLE callbacks;
