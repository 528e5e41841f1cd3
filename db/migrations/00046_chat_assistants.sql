-- The chat helper of a business, and the conversations that visitors have with it. What is said is in
-- chat_messages; messages counts both sides of it.
-- +goose Up
CREATE TABLE chat_assistants (
    id {{.ID}},
    smb_id bigint NOT NULL UNIQUE REFERENCES smbs (id),
    enabled boolean NOT NULL DEFAULT FALSE,
    withdrawn boolean NOT NULL DEFAULT FALSE,
    greeting text NOT NULL DEFAULT '',
    tell_street boolean NOT NULL DEFAULT FALSE,
    questions {{.JSON}} NOT NULL DEFAULT '[]',
    created_at {{.Timestamp}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL
);
CREATE TABLE chat_sessions (
    id {{.ID}},
    session_id {{.UUID}} NOT NULL UNIQUE,
    smb_id bigint NOT NULL REFERENCES smbs (id),
    preview boolean NOT NULL DEFAULT FALSE,
    messages integer NOT NULL DEFAULT 0,
    visitor_name text NOT NULL DEFAULT '',
    visitor_reach text NOT NULL DEFAULT '',
    told_at {{.Timestamp}},
    started_at {{.Timestamp}} NOT NULL
);
CREATE INDEX chat_sessions_smb_id_index ON chat_sessions (smb_id, started_at);
CREATE INDEX chat_sessions_started_at_index ON chat_sessions (started_at);

-- +goose Down
DROP TABLE chat_sessions;
DROP TABLE chat_assistants;
