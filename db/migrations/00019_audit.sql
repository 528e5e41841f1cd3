-- Who changed what, and when (R11). Times are the product's clock's.
-- +goose Up
CREATE TABLE audit_log (
    id {{.ID}},
    at {{.Timestamp}} NOT NULL,
    actor_kind varchar(10) NOT NULL,
    user_id bigint,
    token_id bigint,
    actor_name varchar(255) NOT NULL DEFAULT '',
    action varchar(100) NOT NULL,
    entity varchar(50) NOT NULL,
    entity_id varchar(100) NOT NULL DEFAULT '',
    community_id bigint,
    before {{.JSON}} NOT NULL DEFAULT '{}',
    after {{.JSON}} NOT NULL DEFAULT '{}',
    ip varchar(45) NOT NULL DEFAULT '',
    request_id varchar(100) NOT NULL DEFAULT ''
);
CREATE INDEX audit_log_entity_index ON audit_log (entity, entity_id, id);
CREATE INDEX audit_log_community_id_index ON audit_log (community_id, id);
CREATE INDEX audit_log_user_id_index ON audit_log (user_id, id);
CREATE INDEX audit_log_token_id_index ON audit_log (token_id, id);
CREATE INDEX audit_log_action_index ON audit_log (action, id);
CREATE INDEX audit_log_at_index ON audit_log (at, id);
CREATE INDEX audit_log_request_id_index ON audit_log (request_id);

-- +goose Down
DROP TABLE audit_log;
