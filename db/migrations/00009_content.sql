-- +goose Up
CREATE TABLE content (
    id {{.ID}},
    slug varchar(255) NOT NULL UNIQUE,
    type varchar(50) NOT NULL,
    title varchar(255) NOT NULL,
    campaign_id varchar(50),
    slides {{.JSON}} NOT NULL DEFAULT '[]',
    article_body text,
    audio_base_url varchar(255),
    duration_seconds integer NOT NULL DEFAULT 60,
    service_type varchar(100),
    approval_button_text varchar(255),
    personalization_fields {{.JSON}} NOT NULL DEFAULT '[]',
    metadata {{.JSON}} NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT TRUE,
    created_at {{.Timestamp}},
    updated_at {{.Timestamp}},
    FOREIGN KEY (campaign_id) REFERENCES campaigns (id)
);

-- +goose Down
DROP TABLE content;
