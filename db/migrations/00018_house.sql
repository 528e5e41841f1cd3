-- What the running of the product itself needs.
-- +goose Up

-- Small facts that all nodes share: the clock's anchor, the embedded signing key's id.
CREATE TABLE settings (
    key varchar(100) PRIMARY KEY,
    value {{.JSON}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL
);

-- Nodes that are, or were, alive. Times are the machine's, not the product's clock.
CREATE TABLE nodes (
    id varchar(100) PRIMARY KEY,
    hostname varchar(255) NOT NULL,
    roles varchar(100) NOT NULL,
    started_at {{.Timestamp}} NOT NULL,
    seen_at {{.Timestamp}} NOT NULL
);

-- When each periodic task last ran, on the product's clock. The row is the lock.
CREATE TABLE periodic_runs (
    name varchar(100) PRIMARY KEY,
    due_at {{.Timestamp}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL
);

CREATE TABLE imports (
    id {{.ID}},
    uuid {{.UUID}} NOT NULL UNIQUE,
    community_id bigint NOT NULL REFERENCES communities (id),
    filename varchar(255) NOT NULL DEFAULT '',
    status varchar(50) NOT NULL DEFAULT 'queued',
    request {{.JSON}} NOT NULL DEFAULT '{}',
    dry_run boolean NOT NULL DEFAULT FALSE,
    total integer NOT NULL DEFAULT 0,
    created integer NOT NULL DEFAULT 0,
    updated integer NOT NULL DEFAULT 0,
    skipped integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    bytes_total bigint NOT NULL DEFAULT 0,
    bytes_done bigint NOT NULL DEFAULT 0,
    errors {{.JSON}} NOT NULL DEFAULT '[]',
    message text,
    started_at {{.Timestamp}},
    finished_at {{.Timestamp}},
    created_at {{.Timestamp}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL
);

-- Uploaded files, in parts of at most 1 MiB, so that any node can do the work.
CREATE TABLE import_parts (
    import_id bigint NOT NULL REFERENCES imports (id),
    part integer NOT NULL,
    content {{.Bytes}} NOT NULL,
    PRIMARY KEY (import_id, part)
);

CREATE TABLE users (
    id {{.ID}},
    uuid {{.UUID}} NOT NULL UNIQUE,
    name varchar(255) NOT NULL,
    email varchar(255) NOT NULL,
    email_key varchar(255) NOT NULL UNIQUE,
    password_hash varchar(255) NOT NULL,
    role varchar(20) NOT NULL,
    created_at {{.Timestamp}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL
);

-- Personal access tokens: only the SHA-256 of the secret is kept.
CREATE TABLE access_tokens (
    id {{.ID}},
    name varchar(255) NOT NULL,
    token_hash varchar(64) NOT NULL UNIQUE,
    role varchar(20) NOT NULL,
    user_id bigint REFERENCES users (id),
    last_used_at {{.Timestamp}},
    expires_at {{.Timestamp}},
    created_at {{.Timestamp}} NOT NULL
);

CREATE TABLE sessions (
    token_hash varchar(64) PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id),
    expires_at {{.Timestamp}} NOT NULL,
    created_at {{.Timestamp}} NOT NULL
);

CREATE TABLE sign_in_failures (
    id {{.ID}},
    email_key varchar(255) NOT NULL,
    failed_at {{.Timestamp}} NOT NULL
);
CREATE INDEX sign_in_failures_email_key_index ON sign_in_failures (email_key, failed_at);

-- +goose Down
DROP TABLE sign_in_failures;
DROP TABLE sessions;
DROP TABLE access_tokens;
DROP TABLE users;
DROP TABLE import_parts;
DROP TABLE imports;
DROP TABLE periodic_runs;
DROP TABLE nodes;
DROP TABLE settings;
