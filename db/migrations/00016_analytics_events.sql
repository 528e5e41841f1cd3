-- +goose Up
CREATE TABLE analytics_events (
    id {{.ID}},
    smb_id bigint REFERENCES smbs (id),
    community_id bigint REFERENCES communities (id),
    event_type varchar(100) NOT NULL,
    event_category varchar(50),
    properties {{.JSON}} NOT NULL DEFAULT '{}',
    occurred_at {{.Timestamp}} NOT NULL,
    created_at {{.Timestamp}},
    updated_at {{.Timestamp}}
);
CREATE INDEX analytics_events_event_type_occurred_at_index ON analytics_events (event_type, occurred_at);
CREATE INDEX analytics_events_smb_id_index ON analytics_events (smb_id);

-- +goose Down
DROP TABLE analytics_events;
