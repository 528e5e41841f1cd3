-- +goose Up

-- The list by newest change is read along its index until a page is full. With tier and score in the
-- index, businesses of another tier or score are passed there, without a look at their rows: two
-- numbers more an entry, which is written anew with every change anyway.
DROP INDEX smbs_updated_at_id_index;
CREATE INDEX smbs_updated_at_id_tier_score_index ON smbs (updated_at, id, engagement_tier, engagement_score);

-- +goose Down
DROP INDEX smbs_updated_at_id_tier_score_index;
CREATE INDEX smbs_updated_at_id_index ON smbs (updated_at, id);
