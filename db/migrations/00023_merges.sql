-- Two businesses that were one: merges with what it takes to undo them, and pairs that are two.
-- +goose Up

-- A merge. before and after are the survivor as it was and became, other is the one that was merged
-- into it, choose whose values remained, moved the keys of the rows that changed hands. An erasure
-- or a purge of either empties all of these and sets forgotten_at: then there is no way back.
CREATE TABLE merges (
    id {{.ID}},
    uuid {{.UUID}} NOT NULL UNIQUE,
    community_id bigint NOT NULL,
    survivor_id bigint NOT NULL,
    other_id bigint NOT NULL,
    fields {{.JSON}} NOT NULL DEFAULT '[]',
    choose {{.JSON}} NOT NULL DEFAULT '{}',
    before {{.JSON}} NOT NULL DEFAULT '{}',
    after {{.JSON}} NOT NULL DEFAULT '{}',
    other {{.JSON}} NOT NULL DEFAULT '{}',
    moved {{.JSON}} NOT NULL DEFAULT '{}',
    merged_by bigint,
    merged_at {{.Timestamp}} NOT NULL,
    undo_until {{.Timestamp}} NOT NULL,
    undone_by bigint,
    undone_at {{.Timestamp}},
    forgotten_at {{.Timestamp}}
);
CREATE INDEX merges_survivor_id_index ON merges (survivor_id, id);
CREATE INDEX merges_other_id_index ON merges (other_id, id);

-- Two businesses that somebody says are not the same: a row each way. Not unique: when businesses
-- are merged, what was said of either is said of both.
CREATE TABLE duplicate_dismissals (
    id {{.ID}},
    smb_id bigint NOT NULL REFERENCES smbs (id) ON DELETE CASCADE,
    other_id bigint NOT NULL REFERENCES smbs (id) ON DELETE CASCADE,
    dismissed_by bigint,
    dismissed_at {{.Timestamp}} NOT NULL
);
CREATE INDEX duplicate_dismissals_smb_id_other_id_index ON duplicate_dismissals (smb_id, other_id);
CREATE INDEX duplicate_dismissals_other_id_index ON duplicate_dismissals (other_id);

-- Every other table that holds rows of a business finds them by an index already.
CREATE INDEX provisioning_tasks_smb_id_index ON provisioning_tasks (smb_id);

-- +goose Down
DROP INDEX provisioning_tasks_smb_id_index;
DROP TABLE duplicate_dismissals;
DROP TABLE merges;
