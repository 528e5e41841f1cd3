-- What lists, search, tags, segments and bulk changes need.
-- +goose Up

-- Goes up with every change that a person or a program made: the ETag.
ALTER TABLE smbs ADD COLUMN version integer NOT NULL DEFAULT 1;

{{if .Postgres}}-- Both engines order names by their bytes.
ALTER TABLE smbs ALTER COLUMN name_key TYPE varchar(255) COLLATE "C";
{{end}}
-- Orders of the list. Every other field that can be filtered by and has no index here has one in
-- smb_search, so that a business stays cheap to import and to plan; the partial ones hold the few
-- rows that such a filter asks for.
CREATE INDEX smbs_engagement_score_id_index ON smbs (engagement_score, id);
CREATE INDEX smbs_updated_at_id_index ON smbs (updated_at, id);
CREATE INDEX smbs_created_at_id_index ON smbs (created_at, id);
CREATE INDEX smbs_email_opted_out_index ON smbs (id) WHERE email_opted_in = FALSE;
CREATE INDEX smbs_rvm_opted_out_index ON smbs (id) WHERE rvm_opted_in = FALSE;
CREATE INDEX smbs_do_not_contact_index ON smbs (id) WHERE do_not_contact = TRUE;
CREATE INDEX smbs_last_email_open_index ON smbs (last_email_open) WHERE last_email_open IS NOT NULL;
CREATE INDEX smbs_last_email_click_index ON smbs (last_email_click) WHERE last_email_click IS NOT NULL;
CREATE INDEX smbs_current_campaign_id_index ON smbs (current_campaign_id) WHERE current_campaign_id IS NOT NULL;

-- What a business is found by, beside the business: the words of its name, those of its trading
-- name, e-mail address and telephone number, both folded by smb/search, and copies of the columns
-- that a list is narrowed by. It is derived: a row that is missing or out of date is written anew,
-- which is why nothing refers to smbs. version is that of the business it was made of.
CREATE TABLE smb_search (
    smb_id {{if .Postgres}}bigint{{else}}INTEGER{{end}} PRIMARY KEY,
    version integer NOT NULL,
    community_id bigint NOT NULL,
    name_key varchar(255) {{if .Postgres}}COLLATE "C" {{end}}NOT NULL,
    name text NOT NULL,
    words text NOT NULL,
    category varchar(100),
    business_type varchar(100),
    city varchar(100),
    state varchar(2),
    zip varchar(10),
    source varchar(50),
    service_model varchar(50),
    subscription_tier varchar(50) NOT NULL,
    data_quality_score integer NOT NULL
);
CREATE INDEX smb_search_name_key_index ON smb_search (name_key, smb_id);
CREATE INDEX smb_search_community_id_name_key_index ON smb_search (community_id, name_key, smb_id);
CREATE INDEX smb_search_category_index ON smb_search (category);
CREATE INDEX smb_search_business_type_index ON smb_search (business_type);
CREATE INDEX smb_search_city_index ON smb_search (city);
CREATE INDEX smb_search_state_index ON smb_search (state);
CREATE INDEX smb_search_zip_index ON smb_search (zip);
CREATE INDEX smb_search_source_index ON smb_search (source);
CREATE INDEX smb_search_service_model_index ON smb_search (service_model);
CREATE INDEX smb_search_subscription_tier_index ON smb_search (subscription_tier);
CREATE INDEX smb_search_data_quality_score_index ON smb_search (data_quality_score);

{{if .Postgres}}-- Without the extension search still finds, but reads every row: fibonacco doctor says so. The
-- nightly run makes the index as soon as the extension is there.
-- +goose StatementBegin
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX smb_search_text_index ON smb_search USING gin (name gin_trgm_ops, words gin_trgm_ops);
EXCEPTION
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
        RAISE NOTICE 'search has no index: pg_trgm is not to be had (%)', SQLERRM;
END
$$;
-- +goose StatementEnd
{{else}}CREATE VIRTUAL TABLE smb_search_text USING fts5 (
    name, words, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1'
);
{{end}}
-- Businesses that were there before are put into smb_search while the product runs.
INSERT INTO settings (key, value, updated_at)
SELECT 'smb.search', '{"after":0}', COALESCE(MAX(updated_at), MAX(created_at)) FROM smbs HAVING count(*) > 0;

CREATE TABLE smb_tags (
    smb_id bigint NOT NULL REFERENCES smbs (id),
    tag varchar(50) NOT NULL,
    PRIMARY KEY (smb_id, tag)
);
CREATE INDEX smb_tags_tag_index ON smb_tags (tag, smb_id);

CREATE TABLE segments (
    id {{.ID}},
    uuid {{.UUID}} NOT NULL UNIQUE,
    name varchar(255) NOT NULL,
    name_key varchar(255) {{if .Postgres}}COLLATE "C" {{end}}NOT NULL,
    description text NOT NULL DEFAULT '',
    community_id bigint REFERENCES communities (id),
    filter {{.JSON}} NOT NULL DEFAULT '{}',
    search varchar(200) NOT NULL DEFAULT '',
    created_by bigint,
    created_at {{.Timestamp}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL
);
CREATE UNIQUE INDEX segments_name_unique ON segments (COALESCE(community_id, 0), name_key);
CREATE INDEX segments_name_key_index ON segments (name_key, id);
CREATE INDEX segments_community_id_index ON segments (community_id);

-- A change of many businesses. asker is in whose name it is done, request what is done; the
-- businesses are in bulk_parts until their turn has come.
CREATE TABLE bulk_jobs (
    id {{.ID}},
    uuid {{.UUID}} NOT NULL UNIQUE,
    action varchar(50) NOT NULL,
    status varchar(20) NOT NULL DEFAULT 'queued',
    request {{.JSON}} NOT NULL,
    asker {{.JSON}} NOT NULL,
    matched integer NOT NULL,
    done integer NOT NULL DEFAULT 0,
    changed integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    message text NOT NULL DEFAULT '',
    created_by bigint,
    created_at {{.Timestamp}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL,
    finished_at {{.Timestamp}}
);
CREATE TABLE bulk_parts (
    job_id bigint NOT NULL REFERENCES bulk_jobs (id),
    part integer NOT NULL,
    smb_ids text NOT NULL,
    PRIMARY KEY (job_id, part)
);

-- +goose Down
DROP TABLE bulk_parts;
DROP TABLE bulk_jobs;
DROP TABLE segments;
DROP TABLE smb_tags;
DELETE FROM settings WHERE key = 'smb.search';
{{if not .Postgres}}DROP TABLE smb_search_text;
{{end}}DROP TABLE smb_search;
DROP INDEX smbs_current_campaign_id_index;
DROP INDEX smbs_last_email_click_index;
DROP INDEX smbs_last_email_open_index;
DROP INDEX smbs_do_not_contact_index;
DROP INDEX smbs_rvm_opted_out_index;
DROP INDEX smbs_email_opted_out_index;
DROP INDEX smbs_created_at_id_index;
DROP INDEX smbs_updated_at_id_index;
DROP INDEX smbs_engagement_score_id_index;
{{if .Postgres}}ALTER TABLE smbs ALTER COLUMN name_key TYPE varchar(255);
{{end}}ALTER TABLE smbs DROP COLUMN version;
