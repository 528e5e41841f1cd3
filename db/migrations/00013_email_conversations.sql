-- +goose Up
CREATE TABLE email_conversations (
    id {{.ID}},
    smb_id bigint REFERENCES smbs (id),
    direction varchar(10) NOT NULL,
    from_email varchar(255) NOT NULL,
    to_email varchar(255) NOT NULL,
    subject varchar(255),
    body text NOT NULL,
    body_html text,
    in_reply_to varchar(255),
    campaign_send_id bigint REFERENCES campaign_sends (id),
    intent varchar(100),
    sentiment varchar(50),
    ai_responded boolean NOT NULL DEFAULT FALSE,
    ai_response text,
    created_at {{.Timestamp}},
    updated_at {{.Timestamp}}
);
CREATE INDEX email_conversations_smb_id_index ON email_conversations (smb_id);
CREATE INDEX email_conversations_direction_index ON email_conversations (direction);

-- +goose Down
DROP TABLE email_conversations;
