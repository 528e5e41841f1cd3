-- Proof of who may be reached, telephone numbers beside the suppressed e-mail addresses, and what
-- an erasure leaves behind.
-- +goose Up

-- Every yes and no, word by word. Rows are added and never changed, but for an erasure, which
-- takes out of them who they were about.
CREATE TABLE consents (
    id {{.ID}},
    smb_id bigint NOT NULL REFERENCES smbs (id),
    channel varchar(10) NOT NULL,
    granted boolean NOT NULL,
    wording text NOT NULL DEFAULT '',
    version varchar(100) NOT NULL DEFAULT '',
    source varchar(255) NOT NULL,
    source_url text NOT NULL DEFAULT '',
    address varchar(255) NOT NULL DEFAULT '',
    ip varchar(45) NOT NULL DEFAULT '',
    user_agent text NOT NULL DEFAULT '',
    occurred_at {{.Timestamp}} NOT NULL,
    recorded_by varchar(255) NOT NULL DEFAULT '',
    created_at {{.Timestamp}} NOT NULL
);
CREATE INDEX consents_smb_id_channel_occurred_at_index ON consents (smb_id, channel, occurred_at, id);

-- Opt-ins that are not as a new business has them were somebody's word. updated_at is never before
-- that word, so that an older one, written down later, does not undo it.
INSERT INTO consents (smb_id, channel, granted, source, occurred_at, recorded_by, created_at)
SELECT said.id, said.channel, said.granted, 'before consents were kept', said.at, 'fibonacco', said.at
FROM (
    SELECT id, 'email' AS channel, FALSE AS granted, COALESCE(updated_at, created_at) AS at FROM smbs WHERE NOT email_opted_in
    UNION ALL SELECT id, 'rvm', FALSE, COALESCE(updated_at, created_at) FROM smbs WHERE NOT rvm_opted_in
    UNION ALL SELECT id, 'sms', TRUE, COALESCE(created_at, updated_at) FROM smbs WHERE sms_opted_in
    UNION ALL SELECT id, 'phone', TRUE, COALESCE(created_at, updated_at) FROM smbs WHERE phone_opted_in
) said WHERE said.at IS NOT NULL;

ALTER TABLE smbs ADD COLUMN erased_at {{.Timestamp}};

-- A suppression is an e-mail address (email_key), a number (phone, E.164) or, of one that was
-- erased, a keyed hash of either. What sends looks for email_key alone, in its unique index.
{{if .Postgres}}ALTER TABLE suppressions ALTER COLUMN email_key DROP NOT NULL;
ALTER TABLE suppressions ADD COLUMN kind varchar(10) NOT NULL DEFAULT 'email';
ALTER TABLE suppressions ADD COLUMN phone varchar(50) UNIQUE;
ALTER TABLE suppressions ADD COLUMN hash varchar(64) UNIQUE;
ALTER TABLE suppressions ADD COLUMN source varchar(255) NOT NULL DEFAULT '';
ALTER TABLE suppressions ADD COLUMN community_id bigint;
ALTER TABLE suppressions ADD CONSTRAINT suppressions_one_value CHECK (
    (CASE WHEN email_key IS NULL THEN 0 ELSE 1 END) + (CASE WHEN phone IS NULL THEN 0 ELSE 1 END) + (CASE WHEN hash IS NULL THEN 0 ELSE 1 END) = 1);
{{else}}CREATE TABLE suppressions_anew (
    id {{.ID}},
    email_key varchar(255) UNIQUE,
    reason varchar(50) NOT NULL,
    smb_id bigint,
    campaign_send_id bigint,
    created_at {{.Timestamp}} NOT NULL,
    kind varchar(10) NOT NULL DEFAULT 'email',
    phone varchar(50) UNIQUE,
    hash varchar(64) UNIQUE,
    source varchar(255) NOT NULL DEFAULT '',
    community_id bigint,
    CHECK ((CASE WHEN email_key IS NULL THEN 0 ELSE 1 END) + (CASE WHEN phone IS NULL THEN 0 ELSE 1 END) + (CASE WHEN hash IS NULL THEN 0 ELSE 1 END) = 1)
);
INSERT INTO suppressions_anew (id, email_key, reason, smb_id, campaign_send_id, created_at)
SELECT id, email_key, reason, smb_id, campaign_send_id, created_at FROM suppressions;
DROP TABLE suppressions;
ALTER TABLE suppressions_anew RENAME TO suppressions;
{{end}}
CREATE INDEX suppressions_smb_id_index ON suppressions (smb_id) WHERE smb_id IS NOT NULL;
CREATE INDEX suppressions_community_id_index ON suppressions (community_id, id) WHERE community_id IS NOT NULL;
CREATE INDEX suppressions_reason_index ON suppressions (reason, id);
CREATE INDEX suppressions_source_index ON suppressions (source, id);

-- +goose Down
DROP INDEX suppressions_source_index;
DROP INDEX suppressions_reason_index;
DROP INDEX suppressions_community_id_index;
DROP INDEX suppressions_smb_id_index;
DELETE FROM suppressions WHERE email_key IS NULL;
{{if .Postgres}}ALTER TABLE suppressions DROP CONSTRAINT suppressions_one_value;
ALTER TABLE suppressions ALTER COLUMN email_key SET NOT NULL;
ALTER TABLE suppressions DROP COLUMN community_id;
ALTER TABLE suppressions DROP COLUMN source;
ALTER TABLE suppressions DROP COLUMN hash;
ALTER TABLE suppressions DROP COLUMN phone;
ALTER TABLE suppressions DROP COLUMN kind;
{{else}}CREATE TABLE suppressions_before (
    id {{.ID}},
    email_key varchar(255) NOT NULL UNIQUE,
    reason varchar(50) NOT NULL,
    smb_id bigint,
    campaign_send_id bigint,
    created_at {{.Timestamp}} NOT NULL
);
INSERT INTO suppressions_before (id, email_key, reason, smb_id, campaign_send_id, created_at)
SELECT id, email_key, reason, smb_id, campaign_send_id, created_at FROM suppressions;
DROP TABLE suppressions;
ALTER TABLE suppressions_before RENAME TO suppressions;
{{end}}
ALTER TABLE smbs DROP COLUMN erased_at;
DROP TABLE consents;
