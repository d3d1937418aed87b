SELECT
    begun.2 AS at, dimensions, begun.1 AS of,
    arrayExists(x -> x >= at AND x <= at + toIntervalMillisecond({conversion_horizon_ms}), won) AS numerator,
    1 AS denominator
FROM recorded_leads
ARRAY JOIN arrayFilter(
    x -> x.2 IS NOT NULL, [('lead', toNullable(engaged_at)), ('mql', mql_at), ('sql', sql_at)]
) AS begun
WHERE NOT is_duplicate AND (begun.1 != 'lead' OR '{conversion_over}' = 'leads')
UNION ALL
SELECT ended_at, dimensions, 'closed deal', outcome = 'won', 1
FROM recorded_deals
WHERE outcome != '' AND '{conversion_over}' = 'closed_deals'
