SELECT assumeNotNull(ended_at) AS at, dimensions, reason AS of, 1 AS numerator, map(currency, amount) AS parts
FROM recorded_deals
WHERE outcome = 'lost'
