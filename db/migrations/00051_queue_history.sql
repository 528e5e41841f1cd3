-- What the queues have done, how many workers they have, why that changed, and who held them. Times
-- are the machine's, not the product's clock.
-- +goose Up

-- Attempts of jobs, added up over all nodes by minute (width 60) and by hour (3600). The measures run and
-- wait are histograms: bucket is a place on a scale of times (queue/histogram.go). failed and gave_up
-- are plain counts, in bucket 0.
CREATE TABLE job_stats (
    width integer NOT NULL,
    at {{.Timestamp}} NOT NULL,
    queue varchar(127) NOT NULL,
    kind varchar(127) NOT NULL,
    measure varchar(10) NOT NULL,
    bucket integer NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (width, at, queue, kind, measure, bucket)
);

-- The workers of each node that lives.
CREATE TABLE queue_workers (
    node varchar(100) NOT NULL,
    queue varchar(127) NOT NULL,
    supervisor varchar(100) NOT NULL,
    balance varchar(10) NOT NULL,
    workers integer NOT NULL,
    min_workers integer NOT NULL,
    max_workers integer NOT NULL,
    PRIMARY KEY (node, queue)
);

-- Each change of a supervisor's workers, with what called for it.
CREATE TABLE balance_changes (
    id {{.ID}},
    at {{.Timestamp}} NOT NULL,
    node varchar(100) NOT NULL,
    supervisor varchar(100) NOT NULL,
    queue varchar(127) NOT NULL,
    workers_before integer NOT NULL,
    workers_after integer NOT NULL,
    reason varchar(20) NOT NULL,
    waiting integer NOT NULL,
    wait_ms bigint NOT NULL
);
CREATE INDEX balance_changes_at_index ON balance_changes (at);

-- Who holds a queue, and why. That it is held is River's own note.
CREATE TABLE queue_pauses (
    queue varchar(127) PRIMARY KEY,
    reason varchar(500) NOT NULL,
    paused_by varchar(255) NOT NULL,
    since {{.Timestamp}} NOT NULL
);

-- When people were last told that jobs of a queue wait long.
CREATE TABLE queue_alerts (
    queue varchar(127) PRIMARY KEY,
    at {{.Timestamp}} NOT NULL,
    waiting integer NOT NULL,
    wait_ms bigint NOT NULL,
    threshold_ms bigint NOT NULL
);

-- +goose Down
DROP TABLE queue_alerts;
DROP TABLE queue_pauses;
DROP TABLE balance_changes;
DROP TABLE queue_workers;
DROP TABLE job_stats;
