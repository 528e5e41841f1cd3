-- Campaigns by version, tests of subjects, days without mail, and what is kept of old hits.
-- +goose Up

ALTER TABLE campaigns ADD COLUMN version integer NOT NULL DEFAULT 1;
-- Further subjects, tried against the first. A list of texts.
ALTER TABLE campaigns ADD COLUMN subjects {{.JSON}} NOT NULL DEFAULT '[]';

-- What a campaign said, version by version. Rows are never changed: a mail that was planned is
-- written from the version it was planned with.
CREATE TABLE campaign_versions (
    campaign_id varchar(50) NOT NULL REFERENCES campaigns (id),
    version integer NOT NULL,
    title varchar(255) NOT NULL,
    subject varchar(255) NOT NULL,
    subjects {{.JSON}} NOT NULL DEFAULT '[]',
    preheader varchar(255),
    body_markdown text,
    learning_button varchar(255),
    approval_button_text varchar(255),
    service_type varchar(100),
    meeting_topic varchar(255),
    rvm_script text,
    day integer NOT NULL,
    email_template_id varchar(100),
    created_by varchar(255) NOT NULL,
    created_at {{.Timestamp}} NOT NULL,
    PRIMARY KEY (campaign_id, version)
);
INSERT INTO campaign_versions (campaign_id, version, title, subject, preheader, body_markdown, learning_button,
    approval_button_text, service_type, meeting_topic, rvm_script, day, email_template_id, created_by, created_at)
SELECT id, 1, title, subject, preheader, body_markdown, learning_button, approval_button_text, service_type, meeting_topic,
    rvm_script, day, email_template_id, 'library', COALESCE(updated_at, created_at, {{if .Postgres}}CURRENT_TIMESTAMP{{else}}0{{end}}) FROM campaigns;

-- What a mail was planned with. 0 is the campaign's own subject, 1 the first of the further ones.
ALTER TABLE campaign_sends ADD COLUMN campaign_version integer NOT NULL DEFAULT 1;
ALTER TABLE campaign_sends ADD COLUMN subject_variant smallint NOT NULL DEFAULT 0;

-- Where the test of a version's subjects stands. p_value is the smallest so far: it may be looked at
-- at any time. winner is NULL until there is one.
CREATE TABLE subject_tests (
    campaign_id varchar(50) NOT NULL,
    version integer NOT NULL,
    p_values {{.JSON}} NOT NULL DEFAULT '{}',
    winner smallint,
    decided_at {{.Timestamp}},
    updated_at {{.Timestamp}} NOT NULL,
    PRIMARY KEY (campaign_id, version),
    FOREIGN KEY (campaign_id, version) REFERENCES campaign_versions (campaign_id, version)
);

-- Mails that people sent to themselves to see them; for the rate limit. They are no sends.
CREATE TABLE test_sends (
    id {{.ID}},
    campaign_id varchar(50) NOT NULL,
    version integer NOT NULL,
    created_by varchar(255) NOT NULL,
    created_at {{.Timestamp}} NOT NULL
);
CREATE INDEX test_sends_created_at_index ON test_sends (created_at);

-- Days on which a community gets no programme mail, besides the configured ones.
CREATE TABLE community_holidays (
    community_id bigint NOT NULL REFERENCES communities (id),
    day {{.Date}} NOT NULL,
    name varchar(255) NOT NULL,
    PRIMARY KEY (community_id, day)
);

-- What became of a mail, by day, once its single events have been deleted. verdict is '' where there
-- was none.
CREATE TABLE email_event_days (
    campaign_send_id bigint NOT NULL REFERENCES campaign_sends (id),
    day {{.Date}} NOT NULL,
    event_type varchar(50) NOT NULL,
    verdict varchar(10) NOT NULL,
    events integer NOT NULL,
    PRIMARY KEY (campaign_send_id, day, event_type, verdict)
);

-- +goose Down
DROP TABLE email_event_days;
DROP TABLE community_holidays;
DROP TABLE test_sends;
DROP TABLE subject_tests;
ALTER TABLE campaign_sends DROP COLUMN subject_variant;
ALTER TABLE campaign_sends DROP COLUMN campaign_version;
DROP TABLE campaign_versions;
ALTER TABLE campaigns DROP COLUMN subjects;
ALTER TABLE campaigns DROP COLUMN version;
