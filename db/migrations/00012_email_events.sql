-- +goose Up
CREATE TABLE email_events (
    id {{.ID}},
    campaign_send_id bigint NOT NULL REFERENCES campaign_sends (id),
    event_type varchar(50) NOT NULL,
    event_at {{.Timestamp}} NOT NULL,
    link_clicked text,
    bounce_type varchar(50),
    ip_address {{.Inet}},
    user_agent text,
    raw_event {{.JSON}},
    created_at {{.Timestamp}},
    updated_at {{.Timestamp}}
);
CREATE INDEX email_events_campaign_send_id_index ON email_events (campaign_send_id);
CREATE INDEX email_events_event_type_index ON email_events (event_type);
CREATE INDEX email_events_event_at_index ON email_events (event_at);

-- +goose Down
DROP TABLE email_events;
