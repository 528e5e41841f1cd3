-- Ringless voicemails: how a drop goes its way, what each business has used up, and why there is none.
-- +goose Up

-- attempts counts hand-overs that came to an end without arriving: with the uuid it makes the key
-- under which the provider takes the next one. key_until is the machine's time: until then the last
-- key may be used again. counted_month is the local month in which the drop is counted; NULL when it
-- is not, or no more.
ALTER TABLE rvm_drops ADD COLUMN community_id bigint;
ALTER TABLE rvm_drops ADD COLUMN campaign_id varchar(50);
ALTER TABLE rvm_drops ADD COLUMN attempts integer NOT NULL DEFAULT 0;
ALTER TABLE rvm_drops ADD COLUMN last_error text;
ALTER TABLE rvm_drops ADD COLUMN counted_month varchar(7);
ALTER TABLE rvm_drops ADD COLUMN released_at {{.Timestamp}};
ALTER TABLE rvm_drops ADD COLUMN claimed_by varchar(100);
ALTER TABLE rvm_drops ADD COLUMN claimed_at {{.Timestamp}};
ALTER TABLE rvm_drops ADD COLUMN key_until {{.Timestamp}};
-- R1: a mail is followed by one voicemail at most, by a key and not by a check.
CREATE UNIQUE INDEX rvm_drops_campaign_send_id_unique ON rvm_drops (campaign_send_id);
CREATE INDEX rvm_drops_provider_message_id_index ON rvm_drops (provider_message_id);
CREATE INDEX rvm_drops_phone_sent_at_index ON rvm_drops (phone, sent_at);
-- Drops that have ended otherwise than by arriving, and are still counted; there are few, for a moment.
CREATE INDEX rvm_drops_ended_index ON rvm_drops (id) WHERE counted_month IS NOT NULL AND status IN ('failed', 'cancelled');

-- How many voicemails of a business are counted in a month ("2026-03") or quarter ("2026-Q1") of its
-- community. The row is the lock: a voicemail is planned by adding to it.
CREATE TABLE voicemail_quota (
    smb_id bigint NOT NULL REFERENCES smbs (id),
    period varchar(7) NOT NULL,
    used integer NOT NULL,
    PRIMARY KEY (smb_id, period)
);

-- R2: unopened mails that no voicemail follows, and why.
CREATE TABLE voicemail_skips (
    campaign_send_id bigint PRIMARY KEY REFERENCES campaign_sends (id),
    smb_id bigint NOT NULL REFERENCES smbs (id),
    community_id bigint NOT NULL,
    campaign_id varchar(50) NOT NULL,
    local_date {{.Date}} NOT NULL,
    reason varchar(50) NOT NULL,
    created_at {{.Timestamp}} NOT NULL
);
CREATE INDEX voicemail_skips_smb_id_index ON voicemail_skips (smb_id, local_date);

-- +goose Down
DROP TABLE voicemail_skips;
DROP TABLE voicemail_quota;
DROP INDEX rvm_drops_ended_index;
DROP INDEX rvm_drops_phone_sent_at_index;
DROP INDEX rvm_drops_provider_message_id_index;
DROP INDEX rvm_drops_campaign_send_id_unique;
ALTER TABLE rvm_drops DROP COLUMN key_until;
ALTER TABLE rvm_drops DROP COLUMN claimed_at;
ALTER TABLE rvm_drops DROP COLUMN claimed_by;
ALTER TABLE rvm_drops DROP COLUMN released_at;
ALTER TABLE rvm_drops DROP COLUMN counted_month;
ALTER TABLE rvm_drops DROP COLUMN last_error;
ALTER TABLE rvm_drops DROP COLUMN attempts;
ALTER TABLE rvm_drops DROP COLUMN campaign_id;
ALTER TABLE rvm_drops DROP COLUMN community_id;
