-- What follows a yes follows once (processed_at), a task that is not done is tried again at due_at, and
-- a person who is asked to make a service has one of the tasks for people.
--
-- business_links is how the links of a business stand: when a fresh one was last mailed for a purpose
-- (owner, or a service), and, for the purpose all, since when older ones open nothing.
-- +goose Up
ALTER TABLE approvals ADD COLUMN processed_at {{.Timestamp}};
ALTER TABLE approvals ADD COLUMN withdrawn_at {{.Timestamp}};
ALTER TABLE approvals ADD COLUMN meeting_asked_at {{.Timestamp}};
UPDATE approvals SET processed_at = approved_at;
CREATE INDEX approvals_unprocessed_index ON approvals (approved_at) WHERE processed_at IS NULL AND status = 'pending';
ALTER TABLE provisioning_tasks ADD COLUMN attempts integer NOT NULL DEFAULT 0;
ALTER TABLE provisioning_tasks ADD COLUMN due_at {{.Timestamp}};
ALTER TABLE provisioning_tasks ADD COLUMN person_task_id bigint;
CREATE INDEX provisioning_tasks_due_at_index ON provisioning_tasks (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE business_links (
    smb_id bigint NOT NULL REFERENCES smbs (id),
    purpose varchar(100) NOT NULL,
    mailed_at {{.Timestamp}},
    void_before {{.Timestamp}},
    PRIMARY KEY (smb_id, purpose)
);

-- +goose Down
DROP TABLE business_links;
DROP INDEX provisioning_tasks_due_at_index;
ALTER TABLE provisioning_tasks DROP COLUMN person_task_id;
ALTER TABLE provisioning_tasks DROP COLUMN due_at;
ALTER TABLE provisioning_tasks DROP COLUMN attempts;
DROP INDEX approvals_unprocessed_index;
ALTER TABLE approvals DROP COLUMN meeting_asked_at;
ALTER TABLE approvals DROP COLUMN withdrawn_at;
ALTER TABLE approvals DROP COLUMN processed_at;
