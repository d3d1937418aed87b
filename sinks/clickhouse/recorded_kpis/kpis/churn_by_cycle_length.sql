SELECT
    periods.start AS at, dimensions, {band_of_cycle} AS of,
    ifNull(until < periods.end, false) AS numerator, 1 AS denominator
FROM recorded_customers
CROSS JOIN periods
WHERE since <= periods.start AND ifNull(until > periods.start, true)
