-- Booking pages, and what was booked on them.
-- +goose Up

-- settings is fibonacco.BookingSettings; last_kind is the highest id that a kind of appointment was
-- given. Whoever books or changes the page locks its row first: that is what keeps a time from being
-- given twice.
CREATE TABLE booking_pages (
    id {{.ID}},
    smb_id bigint NOT NULL UNIQUE REFERENCES smbs (id),
    state varchar(20) NOT NULL DEFAULT 'closed',
    settings {{.JSON}} NOT NULL DEFAULT '{}',
    last_kind bigint NOT NULL DEFAULT 0,
    opened_at {{.Timestamp}},
    created_at {{.Timestamp}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL
);

-- A booking that is moved stays as it was, and another follows it: first_id is the one that all of
-- them began with, whose token opens them and whose uuid is theirs in calendars. form_key tells the
-- form that made it. client is where that came from, and is emptied within a day or two.
CREATE TABLE bookings (
    id {{.ID}},
    uuid {{.UUID}} NOT NULL UNIQUE,
    smb_id bigint NOT NULL REFERENCES smbs (id),
    first_id bigint,
    form_key varchar(100) UNIQUE,
    kind varchar(100) NOT NULL,
    minutes integer NOT NULL,
    starts_at {{.Timestamp}} NOT NULL,
    ends_at {{.Timestamp}} NOT NULL,
    state varchar(20) NOT NULL DEFAULT 'booked',
    sequence integer NOT NULL DEFAULT 0,
    name varchar(255) NOT NULL,
    email varchar(255) NOT NULL,
    email_key varchar(255) NOT NULL,
    phone varchar(50) NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    client varchar(100) NOT NULL DEFAULT '',
    cancelled_by varchar(20),
    cancelled_at {{.Timestamp}},
    created_at {{.Timestamp}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL
);
CREATE INDEX bookings_smb_id_index ON bookings (smb_id, starts_at);
CREATE INDEX bookings_first_id_index ON bookings (first_id) WHERE first_id IS NOT NULL;
CREATE INDEX bookings_email_key_index ON bookings (email_key, created_at);

-- +goose Down
DROP TABLE bookings;
DROP TABLE booking_pages;
