-- What our people write down about a business, for one another.
-- +goose Up
CREATE TABLE smb_notes (
    id {{.ID}},
    smb_id bigint NOT NULL REFERENCES smbs (id),
    body text NOT NULL,
    user_id bigint,
    author varchar(255) NOT NULL DEFAULT '',
    created_at {{.Timestamp}} NOT NULL
);
CREATE INDEX smb_notes_smb_id_index ON smb_notes (smb_id, id);

-- +goose Down
DROP TABLE smb_notes;
