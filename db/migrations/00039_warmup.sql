-- How many mails each day of the warm-up has let leave, and how many it has put off. Days are UTC.
-- +goose Up
CREATE TABLE warmup_days (
    day {{.Date}} PRIMARY KEY,
    taken integer NOT NULL DEFAULT 0,
    postponed integer NOT NULL DEFAULT 0
);

-- +goose Down
DROP TABLE warmup_days;
