-- The operator's own program is told of a long wait by whichever node is there.
-- +goose Up

-- When to post next; NULL when it was taken, was tried often enough, or nobody is to be told.
ALTER TABLE queue_alerts ADD COLUMN post_at {{.Timestamp}};
ALTER TABLE queue_alerts ADD COLUMN post_tries integer NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE queue_alerts DROP COLUMN post_tries;
ALTER TABLE queue_alerts DROP COLUMN post_at;
