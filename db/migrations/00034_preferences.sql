-- What businesses chose on their preference page, and who was asked to confirm that mail is wanted.
-- +goose Up

-- A row is one thing that a business does not want: without_tips, without_offers, without_account,
-- at_most_weekly, pause. None is as the programme has it. ends_at is of a pause: midnight of the
-- local day on which mail may leave again.
CREATE TABLE preferences (
    smb_id bigint NOT NULL REFERENCES smbs (id),
    kind varchar(50) NOT NULL,
    ends_at {{.Timestamp}},
    created_at {{.Timestamp}} NOT NULL,
    PRIMARY KEY (smb_id, kind)
);

-- An address that somebody wants mail at, until its owner has confirmed it. The mail is handed over
-- once: mailed_at is set before.
CREATE TABLE confirmations (
    id {{.ID}},
    smb_id bigint NOT NULL REFERENCES smbs (id),
    email varchar(255) NOT NULL,
    email_key varchar(255) NOT NULL,
    created_at {{.Timestamp}} NOT NULL,
    expires_at {{.Timestamp}} NOT NULL,
    mailed_at {{.Timestamp}},
    confirmed_at {{.Timestamp}}
);
CREATE INDEX confirmations_smb_id_index ON confirmations (smb_id, created_at);
CREATE INDEX confirmations_email_key_index ON confirmations (email_key, created_at);

-- +goose Down
DROP TABLE confirmations;
DROP TABLE preferences;
