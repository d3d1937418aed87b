SELECT start AS at, dimensions, kpi AS of, ifNull(attained >= 1, false) AS numerator, 1 AS denominator
FROM recorded_attainment
WHERE scope = 'rep'
