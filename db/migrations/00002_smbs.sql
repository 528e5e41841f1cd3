-- +goose Up
CREATE TABLE smbs (
    id {{.ID}},
    uuid {{.UUID}} NOT NULL UNIQUE,
    community_id bigint NOT NULL REFERENCES communities (id),
    -- Identity
    business_name varchar(255) NOT NULL,
    dba_name varchar(255),
    business_type varchar(100),
    category varchar(100),
    -- Contact
    primary_contact_name varchar(255),
    primary_email varchar(255),
    primary_phone varchar(50),
    secondary_contacts {{.JSON}} NOT NULL DEFAULT '[]',
    -- Location
    address varchar(255),
    city varchar(100),
    state varchar(2),
    zip varchar(10),
    coordinates {{.Point}},
    -- Engagement
    engagement_tier smallint NOT NULL DEFAULT 4,
    engagement_score integer NOT NULL DEFAULT 0,
    last_email_open {{.Timestamp}},
    last_email_click {{.Timestamp}},
    last_content_view {{.Timestamp}},
    last_approval {{.Timestamp}},
    total_approvals integer NOT NULL DEFAULT 0,
    total_meetings integer NOT NULL DEFAULT 0,
    -- Campaign
    campaign_status varchar(50) NOT NULL DEFAULT 'pending',
    current_campaign_id varchar(50),
    manifest_destiny_day integer NOT NULL DEFAULT 0,
    manifest_destiny_start_date {{.Date}},
    next_scheduled_send {{.Timestamp}},
    -- Service
    service_model varchar(50),
    subscription_tier varchar(50) NOT NULL DEFAULT 'free',
    services_activated {{.JSON}} NOT NULL DEFAULT '[]',
    services_approved_pending {{.JSON}} NOT NULL DEFAULT '[]',
    -- Communication preferences
    email_opted_in boolean NOT NULL DEFAULT TRUE,
    sms_opted_in boolean NOT NULL DEFAULT FALSE,
    rvm_opted_in boolean NOT NULL DEFAULT TRUE,
    phone_opted_in boolean NOT NULL DEFAULT FALSE,
    do_not_contact boolean NOT NULL DEFAULT FALSE,
    -- Metadata
    source varchar(50),
    data_quality_score integer NOT NULL DEFAULT 0,
    metadata {{.JSON}} NOT NULL DEFAULT '{}',
    created_at {{.Timestamp}},
    updated_at {{.Timestamp}},
    deleted_at {{.Timestamp}}
);
CREATE INDEX smbs_community_id_index ON smbs (community_id);
CREATE INDEX smbs_primary_email_index ON smbs (primary_email);
CREATE INDEX smbs_primary_phone_index ON smbs (primary_phone);
CREATE INDEX smbs_campaign_status_index ON smbs (campaign_status);
CREATE INDEX smbs_engagement_tier_index ON smbs (engagement_tier);
CREATE INDEX smbs_campaign_status_manifest_destiny_day_index ON smbs (campaign_status, manifest_destiny_day);

-- +goose Down
DROP TABLE smbs;
