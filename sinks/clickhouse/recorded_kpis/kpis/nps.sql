SELECT
    at, dimensions, 100 * (toInt16(value >= 9) - toInt16(value <= 6)) AS numerator, 1 AS denominator,
    map('promoters', value >= 9, 'passives', value > 6 AND value < 9, 'detractors', value <= 6) AS parts
FROM recorded_observations
WHERE name = 'nps'
