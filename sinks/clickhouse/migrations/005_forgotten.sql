-- Leads that were forgotten on request, by the SHA-256 of their id: nothing of them is stored again. ``removed`` is rows by
-- table, once that is done.
CREATE TABLE IF NOT EXISTS forgotten (
    subject String,
    asked_at DateTime64(3, 'UTC'),
    done Bool,
    removed Map(LowCardinality(String), UInt64)
) ENGINE = ReplacingMergeTree(done)
ORDER BY (subject, asked_at)
SETTINGS fsync_after_insert = 1;

-- The minutes in which anything happened to any of them, of no one in particular: in rows of these times is counted
-- what no event shows any more.
CREATE TABLE IF NOT EXISTS forgotten_minutes (
    at DateTime('UTC')
) ENGINE = ReplacingMergeTree
ORDER BY at
SETTINGS fsync_after_insert = 1;
