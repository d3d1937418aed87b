SELECT periods.start AS at, dimensions, ifNull(until >= periods.end, true) AS numerator, 1 AS denominator
FROM recorded_customers
CROSS JOIN periods
WHERE since <= periods.start AND ifNull(until > periods.start, true)
