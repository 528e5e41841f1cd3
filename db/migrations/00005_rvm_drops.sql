-- +goose Up
CREATE TABLE rvm_drops (
    id {{.ID}},
    uuid {{.UUID}} NOT NULL UNIQUE,
    smb_id bigint NOT NULL REFERENCES smbs (id),
    campaign_send_id bigint REFERENCES campaign_sends (id),
    phone varchar(50) NOT NULL,
    script text,
    voice_persona varchar(50) NOT NULL DEFAULT 'sarah',
    scheduled_for {{.Timestamp}},
    sent_at {{.Timestamp}},
    provider varchar(50) NOT NULL DEFAULT 'drop_cowboy',
    provider_message_id varchar(255),
    status varchar(50) NOT NULL DEFAULT 'queued',
    delivered_at {{.Timestamp}},
    delivery_status varchar(50),
    callback_received boolean NOT NULL DEFAULT FALSE,
    callback_at {{.Timestamp}},
    callback_id bigint,
    created_at {{.Timestamp}},
    updated_at {{.Timestamp}}
);
CREATE INDEX rvm_drops_smb_id_index ON rvm_drops (smb_id);
CREATE INDEX rvm_drops_status_scheduled_for_index ON rvm_drops (status, scheduled_for);

-- +goose Down
DROP TABLE rvm_drops;
