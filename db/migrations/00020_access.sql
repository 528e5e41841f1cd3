-- Who may come in, and how: users limited to communities, tokens with abilities, second factors,
-- passkeys, single sign-on. Times are the machine's, not the product's clock.
-- +goose Up
ALTER TABLE users ADD COLUMN disabled_at {{.Timestamp}};
ALTER TABLE users ADD COLUMN last_seen_at {{.Timestamp}};
ALTER TABLE users ADD COLUMN sso_issuer varchar(255);
ALTER TABLE users ADD COLUMN sso_subject varchar(255);
CREATE UNIQUE INDEX users_sso_index ON users (sso_issuer, sso_subject);
CREATE INDEX users_role_index ON users (role);

-- The communities that a user is limited to; none here means all. A community that is named here
-- cannot be deleted: with its last row gone, the user would see everything.
CREATE TABLE user_communities (
    user_id bigint NOT NULL REFERENCES users (id),
    community_id bigint NOT NULL REFERENCES communities (id),
    PRIMARY KEY (user_id, community_id)
);
CREATE INDEX user_communities_community_id_index ON user_communities (community_id);

ALTER TABLE access_tokens ADD COLUMN prefix varchar(20) NOT NULL DEFAULT '';
ALTER TABLE access_tokens ADD COLUMN abilities varchar(500) NOT NULL DEFAULT '';
ALTER TABLE access_tokens ADD COLUMN last_used_ip varchar(45) NOT NULL DEFAULT '';
CREATE INDEX access_tokens_user_id_index ON access_tokens (user_id, id);

-- The same for tokens.
CREATE TABLE access_token_communities (
    token_id bigint NOT NULL REFERENCES access_tokens (id),
    community_id bigint NOT NULL REFERENCES communities (id),
    PRIMARY KEY (token_id, community_id)
);
CREATE INDEX access_token_communities_community_id_index ON access_token_communities (community_id);

-- Everybody signs in once more after this step.
DROP TABLE sessions;
CREATE TABLE sessions (
    id {{.ID}},
    token_hash varchar(64) NOT NULL UNIQUE,
    user_id bigint NOT NULL REFERENCES users (id),
    method varchar(20) NOT NULL,
    ip varchar(45) NOT NULL DEFAULT '',
    user_agent varchar(255) NOT NULL DEFAULT '',
    last_seen_at {{.Timestamp}} NOT NULL,
    expires_at {{.Timestamp}} NOT NULL,
    created_at {{.Timestamp}} NOT NULL
);
CREATE INDEX sessions_user_id_index ON sessions (user_id, id);
CREATE INDEX sessions_expires_at_index ON sessions (expires_at);

-- What has been tried in the last minutes, by whom it was tried on or where from; digests only.
DROP TABLE sign_in_failures;
CREATE TABLE sign_in_attempts (
    id {{.ID}},
    subject varchar(64) NOT NULL,
    tried_at {{.Timestamp}} NOT NULL
);
CREATE INDEX sign_in_attempts_subject_index ON sign_in_attempts (subject, tried_at);
CREATE INDEX sign_in_attempts_tried_at_index ON sign_in_attempts (tried_at);

-- What has been begun and waits for its answer: a second factor, a passkey, a way back from single
-- sign-on. A row is good once.
CREATE TABLE sign_in_steps (
    token_hash varchar(64) PRIMARY KEY,
    kind varchar(20) NOT NULL,
    user_id bigint REFERENCES users (id),
    data {{.JSON}} NOT NULL DEFAULT '{}',
    expires_at {{.Timestamp}} NOT NULL
);
CREATE INDEX sign_in_steps_expires_at_index ON sign_in_steps (expires_at);
CREATE INDEX sign_in_steps_user_id_index ON sign_in_steps (user_id);

-- Links to set a password, each good once.
CREATE TABLE password_links (
    token_hash varchar(64) PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id),
    expires_at {{.Timestamp}} NOT NULL
);
CREATE INDEX password_links_user_id_index ON password_links (user_id);

-- The secret is sealed with the secret key. A code is good for a 30-second step, and only for one
-- after last_step.
CREATE TABLE totp_secrets (
    user_id bigint PRIMARY KEY REFERENCES users (id),
    secret {{.Bytes}} NOT NULL,
    last_step bigint NOT NULL DEFAULT 0,
    confirmed_at {{.Timestamp}},
    created_at {{.Timestamp}} NOT NULL
);

CREATE TABLE recovery_codes (
    user_id bigint NOT NULL REFERENCES users (id),
    code_hash varchar(64) NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);

CREATE TABLE passkeys (
    id {{.ID}},
    user_id bigint NOT NULL REFERENCES users (id),
    name varchar(255) NOT NULL,
    credential_id varchar(1400) NOT NULL UNIQUE,
    credential {{.JSON}} NOT NULL,
    sign_count bigint NOT NULL DEFAULT 0,
    last_used_at {{.Timestamp}},
    created_at {{.Timestamp}} NOT NULL
);
CREATE INDEX passkeys_user_id_index ON passkeys (user_id, id);

-- +goose Down
DROP TABLE passkeys;
DROP TABLE recovery_codes;
DROP TABLE totp_secrets;
DROP TABLE password_links;
DROP TABLE sign_in_steps;
DROP TABLE sign_in_attempts;
CREATE TABLE sign_in_failures (
    id {{.ID}},
    email_key varchar(255) NOT NULL,
    failed_at {{.Timestamp}} NOT NULL
);
CREATE INDEX sign_in_failures_email_key_index ON sign_in_failures (email_key, failed_at);
DROP TABLE sessions;
CREATE TABLE sessions (
    token_hash varchar(64) PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id),
    expires_at {{.Timestamp}} NOT NULL,
    created_at {{.Timestamp}} NOT NULL
);
-- Without their limits, these would see everything.
UPDATE users SET password_hash = '' WHERE disabled_at IS NOT NULL OR id IN (SELECT user_id FROM user_communities);
CREATE TABLE limited_tokens AS SELECT id FROM access_tokens
WHERE abilities <> '' OR id IN (SELECT token_id FROM access_token_communities) OR user_id IN (SELECT id FROM users WHERE password_hash = '');
DROP TABLE access_token_communities;
DELETE FROM access_tokens WHERE id IN (SELECT id FROM limited_tokens);
DROP TABLE limited_tokens;
DROP INDEX access_tokens_user_id_index;
ALTER TABLE access_tokens DROP COLUMN last_used_ip;
ALTER TABLE access_tokens DROP COLUMN abilities;
ALTER TABLE access_tokens DROP COLUMN prefix;
DROP TABLE user_communities;
DROP INDEX users_role_index;
DROP INDEX users_sso_index;
ALTER TABLE users DROP COLUMN sso_subject;
ALTER TABLE users DROP COLUMN sso_issuer;
ALTER TABLE users DROP COLUMN last_seen_at;
ALTER TABLE users DROP COLUMN disabled_at;
