SELECT at, dimensions, value >= {csat_from} AS numerator, 1 AS denominator
FROM recorded_observations
WHERE name = 'csat'
