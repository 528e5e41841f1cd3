-- +goose Up
CREATE TABLE communities (
    id {{.ID}},
    uuid {{.UUID}} NOT NULL UNIQUE,
    name varchar(255) NOT NULL,
    slug varchar(255) NOT NULL UNIQUE,
    state varchar(2) NOT NULL,
    county varchar(255),
    population integer,
    timezone varchar(50) NOT NULL DEFAULT 'America/New_York',
    settings {{.JSON}} NOT NULL DEFAULT '{}',
    created_at {{.Timestamp}},
    updated_at {{.Timestamp}}
);
CREATE INDEX communities_state_index ON communities (state);
CREATE INDEX communities_slug_index ON communities (slug);

-- +goose Down
DROP TABLE communities;
