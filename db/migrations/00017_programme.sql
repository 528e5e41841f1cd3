-- What the programme needs beside the specification's columns.
-- +goose Up

-- The place in the programme: days taken out by pauses, and how far it has been planned.
ALTER TABLE smbs ADD COLUMN paused_days integer NOT NULL DEFAULT 0;
ALTER TABLE smbs ADD COLUMN paused_on {{.Date}};
ALTER TABLE smbs ADD COLUMN pause_reason varchar(255);
ALTER TABLE smbs ADD COLUMN planned_through_day integer NOT NULL DEFAULT 0;
-- What duplicates are found by: the address in lower case, the name without case, accents and LLC.
ALTER TABLE smbs ADD COLUMN email_key varchar(255);
ALTER TABLE smbs ADD COLUMN name_key varchar(255);
CREATE INDEX smbs_email_key_index ON smbs (email_key);
CREATE INDEX smbs_name_key_zip_index ON smbs (name_key, zip);

ALTER TABLE campaigns ADD COLUMN preheader varchar(255);
ALTER TABLE campaigns ADD COLUMN body_markdown text;
ALTER TABLE campaigns ADD COLUMN learning_button varchar(255);

ALTER TABLE campaign_sends ADD COLUMN community_id bigint;
ALTER TABLE campaign_sends ADD COLUMN occurrence integer NOT NULL DEFAULT 1;
ALTER TABLE campaign_sends ADD COLUMN skip_reason varchar(50);
ALTER TABLE campaign_sends ADD COLUMN attempts integer NOT NULL DEFAULT 0;
ALTER TABLE campaign_sends ADD COLUMN last_error text;
ALTER TABLE campaign_sends ADD COLUMN claimed_by varchar(100);
ALTER TABLE campaign_sends ADD COLUMN claimed_at {{.Timestamp}};
-- R1: a step is planned at most once per SMB, by a key and not by a check.
CREATE UNIQUE INDEX campaign_sends_step_unique ON campaign_sends (smb_id, campaign_id, occurrence);

{{if .Postgres}}-- Every send is updated a few times soon after it was written: leave room in its page.
ALTER TABLE campaign_sends SET (fillfactor = 70);
{{end}}
ALTER TABLE email_events ADD COLUMN verdict varchar(10);
ALTER TABLE email_events ADD COLUMN link_id bigint;

-- R2: what was due and did not happen, and why.
CREATE TABLE skips (
    id {{.ID}},
    smb_id bigint NOT NULL REFERENCES smbs (id),
    community_id bigint NOT NULL,
    campaign_id varchar(50) NOT NULL,
    programme_day integer NOT NULL,
    local_date {{.Date}} NOT NULL,
    reason varchar(50) NOT NULL,
    created_at {{.Timestamp}} NOT NULL,
    UNIQUE (smb_id, campaign_id, programme_day)
);
CREATE INDEX skips_community_id_local_date_index ON skips (community_id, local_date);

-- Planned mails that leave together: one job each, taken out when due.
CREATE TABLE send_batches (
    id {{.ID}},
    scheduled_for {{.Timestamp}} NOT NULL,
    queue varchar(50) NOT NULL DEFAULT 'emails',
    send_ids text NOT NULL,
    created_at {{.Timestamp}} NOT NULL
);
CREATE INDEX send_batches_scheduled_for_index ON send_batches (scheduled_for);

-- Which community has been planned for which local day.
CREATE TABLE plan_runs (
    community_id bigint NOT NULL REFERENCES communities (id),
    local_date {{.Date}} NOT NULL,
    started_at {{.Timestamp}} NOT NULL,
    finished_at {{.Timestamp}},
    planned integer NOT NULL DEFAULT 0,
    skipped integer NOT NULL DEFAULT 0,
    PRIMARY KEY (community_id, local_date)
);

-- Where the tracked links of a campaign lead; tokens refer to these, never to a URL.
CREATE TABLE campaign_links (
    id {{.ID}},
    campaign_id varchar(50) NOT NULL REFERENCES campaigns (id),
    url text NOT NULL,
    created_at {{.Timestamp}} NOT NULL,
    UNIQUE (campaign_id, url)
);

-- Addresses that get no more mail, whoever they belong to.
CREATE TABLE suppressions (
    id {{.ID}},
    email_key varchar(255) NOT NULL UNIQUE,
    reason varchar(50) NOT NULL,
    smb_id bigint,
    campaign_send_id bigint,
    created_at {{.Timestamp}} NOT NULL
);

CREATE TABLE score_history (
    smb_id bigint NOT NULL REFERENCES smbs (id),
    day {{.Date}} NOT NULL,
    score integer NOT NULL,
    tier smallint NOT NULL,
    PRIMARY KEY (smb_id, day)
);

-- +goose Down
DROP TABLE score_history;
DROP TABLE suppressions;
DROP TABLE campaign_links;
DROP TABLE plan_runs;
DROP TABLE send_batches;
DROP TABLE skips;
ALTER TABLE email_events DROP COLUMN link_id;
ALTER TABLE email_events DROP COLUMN verdict;
DROP INDEX campaign_sends_step_unique;
ALTER TABLE campaign_sends DROP COLUMN claimed_at;
ALTER TABLE campaign_sends DROP COLUMN claimed_by;
ALTER TABLE campaign_sends DROP COLUMN last_error;
ALTER TABLE campaign_sends DROP COLUMN attempts;
ALTER TABLE campaign_sends DROP COLUMN skip_reason;
ALTER TABLE campaign_sends DROP COLUMN occurrence;
ALTER TABLE campaign_sends DROP COLUMN community_id;
ALTER TABLE campaigns DROP COLUMN learning_button;
ALTER TABLE campaigns DROP COLUMN body_markdown;
ALTER TABLE campaigns DROP COLUMN preheader;
DROP INDEX smbs_name_key_zip_index;
DROP INDEX smbs_email_key_index;
ALTER TABLE smbs DROP COLUMN name_key;
ALTER TABLE smbs DROP COLUMN email_key;
ALTER TABLE smbs DROP COLUMN planned_through_day;
ALTER TABLE smbs DROP COLUMN pause_reason;
ALTER TABLE smbs DROP COLUMN paused_on;
ALTER TABLE smbs DROP COLUMN paused_days;
