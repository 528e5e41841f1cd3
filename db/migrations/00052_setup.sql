-- Settings that are made on a page, weaker than every file, variable and flag; and the one row about
-- how a new installation gets its first user. The code that lets them in is not stored: it is made of
-- nonce and the secret key, alike on every node.
-- +goose Up
CREATE TABLE stored_settings (
    setting_key varchar(100) PRIMARY KEY,
    value text NOT NULL,
    updated_at {{.Timestamp}} NOT NULL
);
CREATE TABLE first_runs (
    id integer PRIMARY KEY CHECK (id = 1),
    nonce varchar(64) NOT NULL,
    used_at {{.Timestamp}},
    finished_at {{.Timestamp}},
    created_at {{.Timestamp}} NOT NULL
);

-- +goose Down
DROP TABLE first_runs;
DROP TABLE stored_settings;
