-- Where the public pages of a business are: /b/{slug}, /book/{slug}, … An address that was given once
-- stays: it is printed on cards.
-- +goose Up
CREATE TABLE smb_addresses (
    smb_id bigint PRIMARY KEY REFERENCES smbs (id),
    slug varchar(100) NOT NULL UNIQUE,
    created_at {{.Timestamp}} NOT NULL
);

-- +goose Down
DROP TABLE smb_addresses;
