-- Messages of providers that were taken, so that each counts once. Times are the machine's.
-- +goose Up
CREATE TABLE provider_messages (
    id varchar(100) PRIMARY KEY,
    received_at {{.Timestamp}} NOT NULL
);
CREATE INDEX provider_messages_received_at_index ON provider_messages (received_at);

-- +goose Down
DROP TABLE provider_messages;
