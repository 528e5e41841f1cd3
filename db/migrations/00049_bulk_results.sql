-- What a change of many businesses came to, part by part: changed is the ids that it made different,
-- left_alone the others with the reason, {"17": "same"}. It is kept for 30 days, for whoever wants to
-- know, or to take the change back.
-- +goose Up
ALTER TABLE bulk_jobs ADD COLUMN left_alone {{.JSON}} NOT NULL DEFAULT '{}';
-- Of a change that moves businesses through the programme: those of the part that are to move.
ALTER TABLE bulk_parts ADD COLUMN eligible text;
ALTER TABLE bulk_jobs ADD COLUMN undo_of {{.UUID}};
CREATE UNIQUE INDEX bulk_jobs_undo_of_unique ON bulk_jobs (undo_of) WHERE undo_of IS NOT NULL;
CREATE TABLE bulk_results (
    job_id bigint NOT NULL REFERENCES bulk_jobs (id),
    part integer NOT NULL,
    changed text NOT NULL,
    left_alone text NOT NULL,
    PRIMARY KEY (job_id, part)
);

-- +goose Down
DROP TABLE bulk_results;
DROP INDEX bulk_jobs_undo_of_unique;
ALTER TABLE bulk_parts DROP COLUMN eligible;
ALTER TABLE bulk_jobs DROP COLUMN undo_of;
ALTER TABLE bulk_jobs DROP COLUMN left_alone;
