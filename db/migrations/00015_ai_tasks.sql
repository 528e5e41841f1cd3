-- +goose Up
CREATE TABLE ai_tasks (
    id {{.ID}},
    smb_id bigint NOT NULL REFERENCES smbs (id),
    task_type varchar(100) NOT NULL,
    status varchar(50) NOT NULL DEFAULT 'pending',
    input_data {{.JSON}} NOT NULL DEFAULT '{}',
    output_data {{.JSON}} NOT NULL DEFAULT '{}',
    suggested_at {{.Timestamp}} NOT NULL,
    approved_at {{.Timestamp}},
    executed_at {{.Timestamp}},
    completed_at {{.Timestamp}},
    created_at {{.Timestamp}},
    updated_at {{.Timestamp}}
);
CREATE INDEX ai_tasks_smb_id_index ON ai_tasks (smb_id);
CREATE INDEX ai_tasks_status_index ON ai_tasks (status);

-- +goose Down
DROP TABLE ai_tasks;
