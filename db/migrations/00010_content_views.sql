-- +goose Up
CREATE TABLE content_views (
    id {{.ID}},
    smb_id bigint REFERENCES smbs (id),
    content_slug varchar(255) NOT NULL,
    started_at {{.Timestamp}} NOT NULL,
    completed_at {{.Timestamp}},
    completion_percentage integer NOT NULL DEFAULT 0,
    source_campaign_id varchar(50),
    source_url text,
    time_on_page_seconds integer,
    slides_viewed {{.JSON}} NOT NULL DEFAULT '[]',
    approval_clicked boolean NOT NULL DEFAULT FALSE,
    downloaded_pdf boolean NOT NULL DEFAULT FALSE,
    shared boolean NOT NULL DEFAULT FALSE,
    created_at {{.Timestamp}},
    updated_at {{.Timestamp}}
);
CREATE INDEX content_views_smb_id_index ON content_views (smb_id);
CREATE INDEX content_views_content_slug_index ON content_views (content_slug);

-- +goose Down
DROP TABLE content_views;
