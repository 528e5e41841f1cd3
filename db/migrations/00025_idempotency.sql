-- Requests that carried an Idempotency-Key. Times are the machine's, not the product's clock.
-- +goose Up
CREATE TABLE idempotency_keys (
    owner varchar(50) NOT NULL,
    key varchar(255) NOT NULL,
    address varchar(64) NOT NULL,
    try varchar(40) NOT NULL,
    -- Until when the running try holds the key; NULL once there is an answer.
    leased_until {{.Timestamp}},
    -- The answer, sealed with the product's secret key: it may hold what is shown only once.
    answer {{.Bytes}},
    created_at {{.Timestamp}} NOT NULL,
    PRIMARY KEY (owner, key)
);
CREATE INDEX idempotency_keys_created_at_index ON idempotency_keys (created_at);

-- +goose Down
DROP TABLE idempotency_keys;
