-- +goose Up

-- SQLite reads the list by name along this index; PostgreSQL makes do with smbs_name_key_zip_index,
-- and puts those of one name in order itself.
{{if not .Postgres}}CREATE INDEX smbs_name_key_id_index ON smbs (name_key, id);
{{end}}
-- +goose Down
{{if not .Postgres}}DROP INDEX smbs_name_key_id_index;
{{end}}
