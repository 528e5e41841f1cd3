-- Mails about something that their reader did or asked for. content is the notice as it will be
-- written; it goes when the mail has gone.
-- +goose Up
CREATE TABLE notices (
    id {{.ID}},
    notice_key varchar(255) NOT NULL UNIQUE,
    purpose varchar(100) NOT NULL,
    smb_id bigint REFERENCES smbs (id),
    recipient varchar(255) NOT NULL,
    subject varchar(255) NOT NULL,
    content {{.JSON}} NOT NULL DEFAULT '{}',
    status varchar(20) NOT NULL DEFAULT 'queued',
    attempts integer NOT NULL DEFAULT 0,
    last_error text,
    message_id varchar(255),
    due_at {{.Timestamp}} NOT NULL,
    released_at {{.Timestamp}},
    sent_at {{.Timestamp}},
    created_at {{.Timestamp}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL
);
CREATE INDEX notices_smb_id_index ON notices (smb_id) WHERE smb_id IS NOT NULL;
CREATE INDEX notices_due_at_index ON notices (due_at) WHERE status = 'queued' AND released_at IS NULL;

-- +goose Down
DROP TABLE notices;
