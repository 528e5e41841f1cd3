-- Imports grown up: who started them, what they found, and how to take them back.
-- +goose Up
ALTER TABLE imports ADD COLUMN created_by bigint;
-- A command waited for it: there is no job that would go on with it.
ALTER TABLE imports ADD COLUMN direct boolean NOT NULL DEFAULT FALSE;
-- What of the result does not fit a number: problems by kind, duplicates of a dry run.
ALTER TABLE imports ADD COLUMN report {{.JSON}} NOT NULL DEFAULT '{}';
-- How far an undo is; NULL for an import that nobody took back.
ALTER TABLE imports ADD COLUMN undo {{.JSON}};
ALTER TABLE imports ADD COLUMN consents integer NOT NULL DEFAULT 0;
CREATE INDEX imports_community_id_index ON imports (community_id, id);

-- What each batch of an import stored. The ids of created businesses are runs, not rows: a clean
-- batch of 5,000 takes some twenty bytes. Kept for as long as the import can be undone.
CREATE TABLE import_batches (
    import_id bigint NOT NULL REFERENCES imports (id),
    batch integer NOT NULL,
    created {{.Bytes}} NOT NULL,
    indexed boolean NOT NULL DEFAULT FALSE,
    undone boolean NOT NULL DEFAULT FALSE,
    PRIMARY KEY (import_id, batch)
);

-- What an import changed of businesses that were there before it: {"city": ["", "Brooklyn"]}, and
-- the version it left them with. A row each, so that an erasure can take one away.
CREATE TABLE import_changes (
    import_id bigint NOT NULL REFERENCES imports (id),
    batch integer NOT NULL,
    smb_id bigint NOT NULL,
    fields {{.JSON}} NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (import_id, batch, smb_id)
);
CREATE INDEX import_changes_smb_id_index ON import_changes (smb_id);

-- Errors, a row per batch that has any: compressed, because a bad file has millions.
CREATE TABLE import_errors (
    import_id bigint NOT NULL REFERENCES imports (id),
    batch integer NOT NULL,
    content {{.Bytes}} NOT NULL,
    PRIMARY KEY (import_id, batch)
);

-- Mappings that are kept for files with the same header.
CREATE TABLE import_mappings (
    id {{.ID}},
    uuid {{.UUID}} NOT NULL UNIQUE,
    name varchar(255) NOT NULL,
    community_id bigint REFERENCES communities (id),
    fingerprint varchar(64) NOT NULL,
    header {{.JSON}} NOT NULL,
    mapping {{.JSON}} NOT NULL,
    created_by bigint,
    created_at {{.Timestamp}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL
);
CREATE UNIQUE INDEX import_mappings_fingerprint_unique ON import_mappings (fingerprint, COALESCE(community_id, 0));

-- +goose Down
DROP TABLE import_mappings;
DROP TABLE import_errors;
DROP TABLE import_changes;
DROP TABLE import_batches;
DROP INDEX imports_community_id_index;
ALTER TABLE imports DROP COLUMN consents;
ALTER TABLE imports DROP COLUMN undo;
ALTER TABLE imports DROP COLUMN report;
ALTER TABLE imports DROP COLUMN direct;
ALTER TABLE imports DROP COLUMN created_by;
