-- Every table replaces by its sorting key, and each partition expression reads key columns only, so that
-- FINAL sees all copies of a row. A year is the widest partition that still drops old data in one piece:
-- a block of history over ten years must not exceed the limit of a hundred partitions per insert.

CREATE TABLE IF NOT EXISTS events (
    subject String,
    topic LowCardinality(String),
    source LowCardinality(String),
    id String,
    time DateTime64(3, 'UTC'),
    type LowCardinality(String),
    body String CODEC(ZSTD(1)),
    received_at DateTime64(3, 'UTC'),
    position UInt64,
    digest UInt64 DEFAULT sipHash64(body),
    stored_at DateTime DEFAULT now()
) ENGINE = ReplacingMergeTree
PARTITION BY toYear(time)
ORDER BY (subject, topic, source, id, time, digest)
SETTINGS fsync_after_insert = 1;

CREATE TABLE IF NOT EXISTS kpis (
    family LowCardinality(String),
    kpi LowCardinality(String),
    grouping LowCardinality(String),
    dimensions String,
    window LowCardinality(String),
    start DateTime64(3, 'UTC'),
    end Nullable(DateTime64(3, 'UTC')),
    basis LowCardinality(String),
    value Nullable(Float64),
    exact String,
    count Int64,
    numerator Nullable(Float64),
    denominator Nullable(Float64),
    statistics String CODEC(ZSTD(1)),
    revision UInt64,
    final Bool,
    watermark Nullable(DateTime64(3, 'UTC')),
    written_at DateTime64(3, 'UTC'),
    position UInt64,
    deleted UInt8,
    version UInt64 MATERIALIZED revision * 2 + deleted,
    team LowCardinality(String) DEFAULT JSONExtractString(dimensions, 'team'),
    rep LowCardinality(String) DEFAULT JSONExtractString(dimensions, 'rep'),
    temperature LowCardinality(String) DEFAULT JSONExtractString(dimensions, 'temperature'),
    source LowCardinality(String) DEFAULT JSONExtractString(dimensions, 'source'),
    region LowCardinality(String) DEFAULT JSONExtractString(dimensions, 'region'),
    channel LowCardinality(String) DEFAULT JSONExtractString(dimensions, 'channel'),
    policy LowCardinality(String) DEFAULT JSONExtractString(dimensions, 'policy')
) ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY toYear(start)
ORDER BY (kpi, grouping, window, start, dimensions)
SETTINGS fsync_after_insert = 1;

CREATE TABLE IF NOT EXISTS kpi_revisions (
    family LowCardinality(String),
    kpi LowCardinality(String),
    grouping LowCardinality(String),
    dimensions String,
    window LowCardinality(String),
    start DateTime64(3, 'UTC'),
    end Nullable(DateTime64(3, 'UTC')),
    basis LowCardinality(String),
    value Nullable(Float64),
    exact String,
    count Int64,
    numerator Nullable(Float64),
    denominator Nullable(Float64),
    statistics String CODEC(ZSTD(1)),
    revision UInt64,
    final Bool,
    watermark Nullable(DateTime64(3, 'UTC')),
    written_at DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree
PARTITION BY toYear(start)
ORDER BY (kpi, grouping, window, start, dimensions, revision)
SETTINGS fsync_after_insert = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS kpi_revisions_feed TO kpi_revisions AS
SELECT family, kpi, grouping, dimensions, window, start, end, basis, value, exact, count, numerator, denominator,
    statistics, revision, final, watermark, written_at
FROM kpis
WHERE NOT deleted;

CREATE TABLE IF NOT EXISTS lead_facts (
    lead String,
    qualified Bool,
    instances UInt32,
    open Bool,
    imported Bool,
    engaged_at Nullable(DateTime64(3, 'UTC')),
    first_touch_at Nullable(DateTime64(3, 'UTC')),
    contact_made_at Nullable(DateTime64(3, 'UTC')),
    response_seconds Nullable(Float64),
    owner LowCardinality(String),
    team LowCardinality(String),
    temperature LowCardinality(String),
    stage LowCardinality(Nullable(String)),
    source LowCardinality(String),
    region LowCardinality(String),
    channel LowCardinality(String),
    segment LowCardinality(String),
    account Nullable(String),
    campaign LowCardinality(Nullable(String)),
    closed_at Nullable(DateTime64(3, 'UTC')),
    close_reason LowCardinality(Nullable(String)),
    merged_into Nullable(String),
    touches UInt32,
    follow_ups UInt32,
    replies UInt32,
    reply_class LowCardinality(Nullable(String)),
    last_event_at Nullable(DateTime64(3, 'UTC')),
    revision UInt64,
    written_at DateTime64(3, 'UTC'),
    position UInt64,
    deleted UInt8,
    version UInt64 MATERIALIZED revision * 2 + deleted
) ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY lead
SETTINGS fsync_after_insert = 1;

CREATE TABLE IF NOT EXISTS sla_events (
    lead String,
    identity String,
    name LowCardinality(String),
    clock String,
    policy LowCardinality(String),
    step LowCardinality(String),
    team LowCardinality(String),
    owner LowCardinality(String),
    at Nullable(DateTime64(3, 'UTC')),
    revision UInt64,
    body String CODEC(ZSTD(1)),
    written_at DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree(revision)
ORDER BY (lead, identity)
SETTINGS fsync_after_insert = 1;

CREATE TABLE IF NOT EXISTS dead_letters (
    topic LowCardinality(String),
    partition UInt32,
    offset UInt64,
    time DateTime64(3, 'UTC'),
    reason LowCardinality(String),
    path String,
    detail String,
    key Nullable(String),
    value Nullable(String) CODEC(ZSTD(1)),
    headers String,
    written_at DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset, time)
SETTINGS fsync_after_insert = 1;

CREATE TABLE IF NOT EXISTS observations (
    subject String,
    source LowCardinality(String),
    id String,
    time DateTime64(3, 'UTC'),
    digest UInt64,
    name LowCardinality(String),
    value Nullable(Float64),
    exact String,
    unit LowCardinality(String),
    currency LowCardinality(String),
    dimensions Map(LowCardinality(String), String),
    body String CODEC(ZSTD(1)),
    received_at DateTime64(3, 'UTC'),
    stored_at DateTime DEFAULT now()
) ENGINE = ReplacingMergeTree
PARTITION BY toYear(time)
ORDER BY (subject, source, id, time, digest)
SETTINGS fsync_after_insert = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS observations_feed TO observations AS
SELECT subject, source, id, time, digest, body, received_at,
    JSONExtractString(body, 'data', 'name') AS name,
    trim(BOTH '"' FROM JSONExtractRaw(body, 'data', 'value')) AS exact,
    toFloat64OrNull(exact) AS value,
    JSONExtractString(body, 'data', 'unit') AS unit,
    JSONExtractString(body, 'data', 'currency') AS currency,
    JSONExtract(body, 'data', 'dimensions', 'Map(String, String)') AS dimensions
FROM events
WHERE type = 'observation.recorded';

CREATE TABLE IF NOT EXISTS targets (
    subject String,
    source LowCardinality(String),
    id String,
    time DateTime64(3, 'UTC'),
    digest UInt64,
    revoked Bool,
    kpi LowCardinality(String),
    value Nullable(Float64),
    exact String,
    start Nullable(DateTime64(3, 'UTC')),
    end Nullable(DateTime64(3, 'UTC')),
    rep LowCardinality(String),
    team LowCardinality(String),
    by String,
    body String CODEC(ZSTD(1)),
    revision UInt64,
    written_at DateTime64(3, 'UTC'),
    position UInt64,
    deleted UInt8,
    version UInt64 MATERIALIZED revision * 2 + deleted
) ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (subject, source, id, time, digest)
SETTINGS fsync_after_insert = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS targets_feed TO targets AS
SELECT subject, source, id, time, digest, body, position,
    type = 'target.revoked' AS revoked,
    JSONExtractString(body, 'data', 'kpi') AS kpi,
    trim(BOTH '"' FROM JSONExtractRaw(body, 'data', 'value')) AS exact,
    toFloat64OrNull(exact) AS value,
    parseDateTime64BestEffortOrNull(JSONExtractString(body, 'data', 'start'), 3, 'UTC') AS start,
    parseDateTime64BestEffortOrNull(JSONExtractString(body, 'data', 'end'), 3, 'UTC') AS end,
    JSONExtractString(body, 'data', 'rep') AS rep,
    JSONExtractString(body, 'data', 'team') AS team,
    JSONExtractString(body, 'data', 'by') AS by,
    received_at AS written_at
FROM events
WHERE type IN ('target.set', 'target.revoked');
