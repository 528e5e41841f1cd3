-- What businesses say of themselves on their public pages. A page is public when its owner has
-- published it and the service has not been withdrawn; what the owner wrote outlasts both.
-- +goose Up
CREATE TABLE business_profiles (
    id {{.ID}},
    smb_id bigint NOT NULL UNIQUE REFERENCES smbs (id),
    name varchar(255) NOT NULL,
    category varchar(100) NOT NULL DEFAULT '',
    about text NOT NULL DEFAULT '',
    phone varchar(50) NOT NULL DEFAULT '',
    email varchar(255) NOT NULL DEFAULT '',
    website text NOT NULL DEFAULT '',
    street varchar(255) NOT NULL DEFAULT '',
    city varchar(100) NOT NULL DEFAULT '',
    state varchar(2) NOT NULL DEFAULT '',
    zip varchar(10) NOT NULL DEFAULT '',
    hide_street boolean NOT NULL DEFAULT FALSE,
    hours {{.JSON}} NOT NULL DEFAULT '[]',
    services {{.JSON}} NOT NULL DEFAULT '[]',
    questions {{.JSON}} NOT NULL DEFAULT '[]',
    confirmed_at {{.Timestamp}},
    published_at {{.Timestamp}},
    withdrawn_at {{.Timestamp}},
    created_at {{.Timestamp}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL
);

-- JPEGs that were made anew from what was uploaded.
CREATE TABLE business_photos (
    id {{.ID}},
    profile_id bigint NOT NULL REFERENCES business_profiles (id),
    position integer NOT NULL DEFAULT 0, -- the lowest is shown first, and of several the oldest
    alt varchar(300) NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    content {{.Bytes}} NOT NULL,
    created_at {{.Timestamp}} NOT NULL
);
CREATE INDEX business_photos_profile_id_index ON business_photos (profile_id);

-- +goose Down
DROP TABLE business_photos;
DROP TABLE business_profiles;
