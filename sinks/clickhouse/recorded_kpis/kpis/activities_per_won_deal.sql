SELECT at, dimensions, 1 AS numerator, 0 AS denominator, map(kind, 1)::Map(String, UInt8) AS parts
FROM recorded_acts
WHERE NOT is_inbound
UNION ALL
SELECT assumeNotNull(ended_at), dimensions, 0, 1, map()::Map(String, UInt8)
FROM recorded_deals
WHERE outcome = 'won'
