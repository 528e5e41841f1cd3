-- Events of businesses in the calendars of their communities.
-- +goose Up

-- Who may post events. withdrawn_at hides all of a business's events.
CREATE TABLE event_posters (
    id {{.ID}},
    smb_id bigint NOT NULL UNIQUE REFERENCES smbs (id),
    withdrawn_at {{.Timestamp}},
    created_at {{.Timestamp}} NOT NULL
);

-- over_at is the end, or the end of the local day where none was told.
CREATE TABLE community_events (
    id {{.ID}},
    uuid {{.UUID}} NOT NULL UNIQUE,
    smb_id bigint NOT NULL REFERENCES smbs (id),
    title varchar(255) NOT NULL,
    about text NOT NULL DEFAULT '',
    place varchar(255) NOT NULL DEFAULT '',
    audience varchar(255) NOT NULL DEFAULT '',
    link text NOT NULL DEFAULT '',
    starts_at {{.Timestamp}} NOT NULL,
    ends_at {{.Timestamp}},
    over_at {{.Timestamp}} NOT NULL,
    state varchar(20) NOT NULL DEFAULT 'draft',
    sequence integer NOT NULL DEFAULT 0,
    published_at {{.Timestamp}},
    created_at {{.Timestamp}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL
);
CREATE INDEX community_events_smb_id_index ON community_events (smb_id);
CREATE INDEX community_events_over_at_index ON community_events (over_at) WHERE state <> 'draft';

-- +goose Down
DROP TABLE community_events;
DROP TABLE event_posters;
