-- What customers say of a business, in public. A review that waits is public by itself at publish_at;
-- one that is held back keeps why.
-- +goose Up

-- Its pages: open once the owner says so, and hidden again when the service is withdrawn.
CREATE TABLE review_pages (
    id {{.ID}},
    smb_id bigint NOT NULL UNIQUE REFERENCES smbs (id),
    open boolean NOT NULL DEFAULT FALSE,
    withdrawn_at {{.Timestamp}},
    created_at {{.Timestamp}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL
);

-- A customer whom the owner named, asked once and reminded once. declined_at keeps them from being
-- asked by this business ever again.
CREATE TABLE review_requests (
    id {{.ID}},
    smb_id bigint NOT NULL REFERENCES smbs (id),
    name varchar(255) NOT NULL,
    email varchar(255) NOT NULL,
    email_key varchar(255) NOT NULL,
    statement text NOT NULL,
    remind_at {{.Timestamp}},
    reminded_at {{.Timestamp}},
    answered_at {{.Timestamp}},
    declined_at {{.Timestamp}},
    created_at {{.Timestamp}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL
);
CREATE INDEX review_requests_smb_id_index ON review_requests (smb_id, created_at);
CREATE INDEX review_requests_email_key_index ON review_requests (smb_id, email_key);
CREATE INDEX review_requests_remind_at_index ON review_requests (remind_at) WHERE remind_at IS NOT NULL;

-- form_key is of the form that was sent: pressed twice it is one review. sender is a keyed hash of
-- where it came from, kept for two days.
CREATE TABLE reviews (
    id {{.ID}},
    smb_id bigint NOT NULL REFERENCES smbs (id),
    request_id bigint UNIQUE REFERENCES review_requests (id),
    form_key varchar(64) NOT NULL UNIQUE,
    sender varchar(64),
    name varchar(255) NOT NULL,
    email varchar(255),
    stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    body text NOT NULL,
    status varchar(20) NOT NULL DEFAULT 'waiting',
    held_reason varchar(50),
    held_at {{.Timestamp}},
    publish_at {{.Timestamp}} NOT NULL,
    published_at {{.Timestamp}},
    response text,
    responded_at {{.Timestamp}},
    created_at {{.Timestamp}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL,
    CHECK ((status = 'held') = (held_reason IS NOT NULL))
);
CREATE INDEX reviews_smb_id_index ON reviews (smb_id, status, id);
CREATE INDEX reviews_publish_at_index ON reviews (publish_at) WHERE status = 'waiting';
CREATE INDEX reviews_sender_index ON reviews (sender, created_at) WHERE sender IS NOT NULL;

-- +goose Down
DROP TABLE reviews;
DROP TABLE review_requests;
DROP TABLE review_pages;
