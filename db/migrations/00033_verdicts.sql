-- Which rule judged a hit, what a hit was, and what people say of a mail's hits.
-- +goose Up

-- rule is NULL for what providers report, and for what was judged before there were rules. method is
-- that of the request, NULL for what providers report. after_delivery_ms is as it was known when the
-- hit was judged.
ALTER TABLE email_events ADD COLUMN rule varchar(50);
ALTER TABLE email_events ADD COLUMN method varchar(10);
ALTER TABLE email_events ADD COLUMN prefetch boolean;
ALTER TABLE email_events ADD COLUMN after_delivery_ms bigint;
UPDATE email_events SET method = CASE WHEN raw_event ->> 'reason' = 'head' THEN 'HEAD' ELSE 'GET' END,
    prefetch = COALESCE(raw_event ->> 'reason', '') = 'prefetch', raw_event = NULL
WHERE event_type IN ('opened', 'clicked') AND verdict IS NOT NULL
    AND (raw_event IS NULL OR raw_event ->> 'reason' IN
        ('head', 'prefetch', 'hidden_link', 'scanner', 'too_soon', 'burst', 'image_proxy', 'no_agent', 'proxy_clicks'));
-- human or machine where a person has decided about all hits of the mail; NULL leaves it to the rules.
ALTER TABLE campaign_sends ADD COLUMN verdict_override varchar(10);

-- +goose Down
ALTER TABLE campaign_sends DROP COLUMN verdict_override;
ALTER TABLE email_events DROP COLUMN after_delivery_ms;
ALTER TABLE email_events DROP COLUMN prefetch;
ALTER TABLE email_events DROP COLUMN method;
ALTER TABLE email_events DROP COLUMN rule;
