-- Offers with a code, a limit and an end, and what was redeemed of them.
-- +goose Up

-- That a business has coupons; till_generation goes up when its links for the till are called in.
CREATE TABLE coupon_pages (
    id {{.ID}},
    smb_id bigint NOT NULL UNIQUE REFERENCES smbs (id),
    till_generation integer NOT NULL DEFAULT 1,
    withdrawn_at {{.Timestamp}},
    created_at {{.Timestamp}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL
);

-- starts_at is midnight of the first day in the business's zone, ends_at that behind the last. redeemed
-- is the redemptions that were not taken back.
CREATE TABLE coupons (
    id {{.ID}},
    smb_id bigint NOT NULL REFERENCES smbs (id),
    slug varchar(150) UNIQUE,
    title varchar(255) NOT NULL DEFAULT '',
    terms text NOT NULL DEFAULT '',
    code varchar(50) NOT NULL DEFAULT '',
    total_limit integer NOT NULL DEFAULT 0,
    per_customer integer NOT NULL DEFAULT 0,
    starts_at {{.Timestamp}},
    ends_at {{.Timestamp}},
    status varchar(20) NOT NULL DEFAULT 'draft',
    redeemed integer NOT NULL DEFAULT 0,
    published_at {{.Timestamp}},
    created_at {{.Timestamp}} NOT NULL,
    updated_at {{.Timestamp}} NOT NULL,
    CHECK (redeemed BETWEEN 0 AND total_limit)
);
CREATE INDEX coupons_smb_id_index ON coupons (smb_id, id);

-- form_key is of the form that was sent: pressed twice it is one redemption. Of a customer there is a
-- keyed hash to count by, and as much of what was typed as lets a person at the till recognize it.
CREATE TABLE coupon_redemptions (
    id {{.ID}},
    coupon_id bigint NOT NULL REFERENCES coupons (id),
    smb_id bigint NOT NULL REFERENCES smbs (id),
    form_key varchar(100) NOT NULL UNIQUE,
    customer_hash varchar(64),
    customer_hint varchar(255),
    redeemed_at {{.Timestamp}} NOT NULL,
    undone_at {{.Timestamp}}
);
CREATE INDEX coupon_redemptions_coupon_id_index ON coupon_redemptions (coupon_id, id);
CREATE INDEX coupon_redemptions_customer_index ON coupon_redemptions (coupon_id, customer_hash) WHERE customer_hash IS NOT NULL;
CREATE INDEX coupon_redemptions_smb_id_index ON coupon_redemptions (smb_id);

-- +goose Down
DROP TABLE coupon_redemptions;
DROP TABLE coupons;
DROP TABLE coupon_pages;
