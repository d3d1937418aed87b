SELECT
    since AS at, dimensions,
    toDecimal128(dateDiff('millisecond', first_seen_at, since), 12) / 1000 AS numerator, 1 AS denominator
FROM recorded_customers
WHERE number = 1
