-- Targets as they stand, all in one row, so that a reader has all of one working out or all of another.

CREATE TABLE IF NOT EXISTS standing_targets (
    place UInt8,
    aims Array(Tuple(
        subject String,
        kpi String,
        scope String,
        who String,
        team String,
        currency String,
        start DateTime64(3, 'UTC'),
        end DateTime64(3, 'UTC'),
        target Decimal(38, 12),
        whole Decimal(38, 12),
        origin String,
        level String,
        working_days Float64,
        present_days Float64
    )),
    computed_at DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree(computed_at)
ORDER BY place
SETTINGS fsync_after_insert = 1;
