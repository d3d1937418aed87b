SELECT assumeNotNull(ended_at) AS at, dimensions, {band_of_cycle} AS of, outcome = 'won' AS numerator, 1 AS denominator
FROM recorded_deals
WHERE outcome != ''
