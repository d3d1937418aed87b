-- What readers use. Written anew at every start: a view holds no data, so it needs no migration.

CREATE OR REPLACE VIEW kpis_latest AS
SELECT family, kpi, grouping, dimensions, team, rep, temperature, source, region, channel, policy, window, start, end,
    basis, value, exact, count, numerator, denominator, statistics,
    JSONExtract(statistics, 'p50', 'Nullable(Float64)') AS p50,
    JSONExtract(statistics, 'p90', 'Nullable(Float64)') AS p90,
    JSONExtract(statistics, 'p95', 'Nullable(Float64)') AS p95,
    JSONExtract(statistics, 'p99', 'Nullable(Float64)') AS p99,
    revision, final, watermark, written_at
FROM kpis FINAL;

CREATE OR REPLACE VIEW leads_latest AS
SELECT * EXCEPT (position, deleted)
FROM lead_facts FINAL;

-- Of two contents under one identity the one with the smaller canonical JSON stands.
-- In the order of the table's key, so that it streams.
CREATE OR REPLACE VIEW events_once AS
SELECT subject, topic, source, id, time, type,
    JSONExtractString(body, 'data', 'rep') AS rep,
    JSONExtractString(body, 'data', 'team') AS team,
    body, reply_class, reply_kind, received_at
FROM events
ORDER BY subject, topic, source, id, body
LIMIT 1 BY subject, topic, source, id;

CREATE OR REPLACE VIEW sla_once AS
SELECT *
FROM sla_events FINAL;

CREATE OR REPLACE VIEW dead_letters_once AS
SELECT *
FROM dead_letters FINAL;

CREATE OR REPLACE VIEW observations_once AS
SELECT * EXCEPT (digest, stored_at)
FROM observations
ORDER BY subject, source, id, body
LIMIT 1 BY subject, source, id;

-- The target that holds for a subject is its latest event, by event time; a revoked one is gone.
CREATE OR REPLACE VIEW targets_latest AS
SELECT * EXCEPT (digest, revoked, revision, position, deleted)
FROM (
    SELECT *
    FROM (
        SELECT *
        FROM targets FINAL
        ORDER BY subject, source, id, body
        LIMIT 1 BY subject, source, id
    )
    ORDER BY subject, time DESC, source DESC, id DESC
    LIMIT 1 BY subject
)
WHERE NOT revoked;
