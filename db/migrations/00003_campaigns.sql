-- +goose Up
CREATE TABLE campaigns (
    id varchar(50) NOT NULL PRIMARY KEY,
    type varchar(50) NOT NULL,
    week integer NOT NULL,
    day integer NOT NULL,
    title varchar(255) NOT NULL,
    subject varchar(255) NOT NULL,
    slug varchar(255) NOT NULL,
    service_type varchar(100),
    landing_page_slug varchar(255),
    email_template_id varchar(100),
    approval_button_text varchar(255),
    approval_config {{.JSON}} NOT NULL DEFAULT '{}',
    rvm_script text,
    rvm_config {{.JSON}} NOT NULL DEFAULT '{}',
    upsell_services {{.JSON}} NOT NULL DEFAULT '[]',
    meeting_topic varchar(255),
    is_active boolean NOT NULL DEFAULT TRUE,
    created_at {{.Timestamp}},
    updated_at {{.Timestamp}}
);

-- +goose Down
DROP TABLE campaigns;
