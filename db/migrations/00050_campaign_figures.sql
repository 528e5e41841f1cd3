-- What the pages of the programme and of the learning pages need: who ended a test of subjects, learning
-- pages by version, and ways from a campaign to what it led to.
-- +goose Up

-- Who chose a subject by hand; NULL when the figures did.
ALTER TABLE subject_tests ADD COLUMN decided_by varchar(255);

CREATE INDEX skips_campaign_id_reason_index ON skips (campaign_id, reason);
CREATE INDEX approvals_source_id_index ON approvals (source_id);
CREATE INDEX content_views_source_campaign_id_index ON content_views (source_campaign_id);

-- Counts up with every change of what a page shows.
ALTER TABLE content ADD COLUMN version integer NOT NULL DEFAULT 1;
-- The version that a visit began with: its slides are counted as that version has them.
ALTER TABLE content_views ADD COLUMN content_version integer NOT NULL DEFAULT 1;

-- What a learning page said, version by version. Rows are never changed.
CREATE TABLE content_versions (
    slug varchar(255) NOT NULL,
    version integer NOT NULL,
    title varchar(255) NOT NULL,
    slides {{.JSON}} NOT NULL DEFAULT '[]',
    article_body text,
    created_by varchar(255) NOT NULL,
    created_at {{.Timestamp}} NOT NULL,
    PRIMARY KEY (slug, version)
);
INSERT INTO content_versions (slug, version, title, slides, article_body, created_by, created_at)
SELECT slug, 1, title, slides, article_body, 'library', COALESCE(updated_at, created_at, {{if .Postgres}}CURRENT_TIMESTAMP{{else}}0{{end}}) FROM content;

-- +goose Down
DROP TABLE content_versions;
ALTER TABLE content_views DROP COLUMN content_version;
ALTER TABLE content DROP COLUMN version;
DROP INDEX content_views_source_campaign_id_index;
DROP INDEX approvals_source_id_index;
DROP INDEX skips_campaign_id_reason_index;
ALTER TABLE subject_tests DROP COLUMN decided_by;
