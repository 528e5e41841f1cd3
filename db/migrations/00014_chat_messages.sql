-- +goose Up
CREATE TABLE chat_messages (
    id {{.ID}},
    session_id {{.UUID}} NOT NULL,
    smb_id bigint REFERENCES smbs (id),
    role varchar(20) NOT NULL,
    content text NOT NULL,
    intent varchar(100),
    actions_taken {{.JSON}} NOT NULL DEFAULT '[]',
    created_at {{.Timestamp}},
    updated_at {{.Timestamp}}
);
CREATE INDEX chat_messages_session_id_index ON chat_messages (session_id);
CREATE INDEX chat_messages_smb_id_index ON chat_messages (smb_id);

-- +goose Down
DROP TABLE chat_messages;
