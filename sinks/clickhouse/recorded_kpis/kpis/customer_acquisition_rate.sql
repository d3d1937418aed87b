SELECT since AS at, dimensions, 1 AS numerator, 0 AS denominator
FROM recorded_customers
WHERE number = 1
UNION ALL
SELECT engaged_at, dimensions, 0, 1
FROM recorded_leads
WHERE NOT is_duplicate
