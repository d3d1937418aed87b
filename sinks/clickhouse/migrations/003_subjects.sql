-- When each subject was first stored, for as long as anything is known of it: what is left of its events once
-- retention has begun cannot tell whether there were more. The least of times may be told twice.

CREATE TABLE IF NOT EXISTS subjects (
    subject String,
    first_stored_at SimpleAggregateFunction(min, DateTime)
) ENGINE = AggregatingMergeTree
ORDER BY subject
SETTINGS fsync_after_insert = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS subjects_feed TO subjects AS
SELECT subject, min(stored_at) AS first_stored_at
FROM events
GROUP BY subject;

INSERT INTO subjects
SELECT subject, min(stored_at)
FROM events
GROUP BY subject;
