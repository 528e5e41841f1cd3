-- +goose Up

-- A community that is deleted must let go of the events that name it. Few do (events that come by
-- the hundred thousand carry it among their fields), so that this costs sending and tracking nothing.
CREATE INDEX analytics_events_community_id_index ON analytics_events (community_id) WHERE community_id IS NOT NULL;

-- Counts of businesses a community, from the index alone. Changes of status move an entry of two
-- indexes already; this is one more.
CREATE INDEX smbs_community_id_campaign_status_index ON smbs (community_id, campaign_status) WHERE deleted_at IS NULL;

-- +goose Down
DROP INDEX smbs_community_id_campaign_status_index;
DROP INDEX analytics_events_community_id_index;
