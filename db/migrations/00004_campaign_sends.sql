-- +goose Up
CREATE TABLE campaign_sends (
    id {{.ID}},
    uuid {{.UUID}} NOT NULL UNIQUE,
    smb_id bigint NOT NULL REFERENCES smbs (id),
    campaign_id varchar(50) NOT NULL,
    email varchar(255) NOT NULL,
    subject varchar(255),
    scheduled_for {{.Timestamp}},
    sent_at {{.Timestamp}},
    message_id varchar(255),
    status varchar(50) NOT NULL DEFAULT 'queued',
    delivered_at {{.Timestamp}},
    opened_at {{.Timestamp}},
    clicked_at {{.Timestamp}},
    bounced_at {{.Timestamp}},
    complained_at {{.Timestamp}},
    rvm_triggered boolean NOT NULL DEFAULT FALSE,
    rvm_drop_id bigint,
    created_at {{.Timestamp}},
    updated_at {{.Timestamp}},
    FOREIGN KEY (campaign_id) REFERENCES campaigns (id)
);
CREATE INDEX campaign_sends_smb_id_index ON campaign_sends (smb_id);
CREATE INDEX campaign_sends_campaign_id_index ON campaign_sends (campaign_id);
CREATE INDEX campaign_sends_status_index ON campaign_sends (status);
CREATE INDEX campaign_sends_status_scheduled_for_index ON campaign_sends (status, scheduled_for);
CREATE INDEX campaign_sends_status_sent_at_opened_at_index ON campaign_sends (status, sent_at, opened_at);

-- +goose Down
DROP TABLE campaign_sends;
