SELECT at, dimensions, currency, value AS numerator, 0 AS denominator
FROM recorded_spend
UNION ALL
SELECT engaged_at, dimensions, arrayJoin((SELECT groupUniqArray(currency) FROM recorded_spend)), toDecimal128(0, 12), 1
FROM recorded_leads
WHERE NOT is_duplicate
