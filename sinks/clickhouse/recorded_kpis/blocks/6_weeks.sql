-- Week by week (ISO, in the time zone of the setting), what was done and what came of it. A week in which nothing was counted
-- counts nothing; a share or a mean of nothing is none.
CREATE OR REPLACE VIEW recorded_weeks AS
WITH (
    SELECT max(toStartOfWeek(toDate(toTimeZone(at, '{timezone}')), 1)) FROM recorded_actuals
) AS last_week
SELECT
    scope, who, measure, currency, week,
    toDateTime64(week, 3, '{timezone}') AS at,
    toFloat64(numerators[week]) / if(is_counted, 1, toFloat64(denominators[week])) AS value,
    counts[week] AS n
FROM (
    SELECT
        scope, who, if(kind = '', kpi, concat(kpi, '.', kind)) AS measure, currency,
        min(toStartOfWeek(toDate(toTimeZone(at, '{timezone}')), 1)) AS first_week,
        -- Nothing nullable: a week that is not in the map is 0, not NULL.
        sumMap(map(toStartOfWeek(toDate(toTimeZone(at, '{timezone}')), 1), ifNull(numerator, toDecimal128(0, 12))))
            AS numerators,
        sumMap(map(toStartOfWeek(toDate(toTimeZone(at, '{timezone}')), 1), ifNull(denominator, toDecimal128(0, 12))))
            AS denominators,
        sumMap(map(toStartOfWeek(toDate(toTimeZone(at, '{timezone}')), 1), toUInt64(n))) AS counts,
        countIf(denominator IS NOT NULL) = 0 AS is_counted
    FROM recorded_actuals
    GROUP BY scope, who, measure, currency
)
ARRAY JOIN arrayMap(k -> addWeeks(first_week, k), range(toUInt32(dateDiff('week', first_week, last_week) + 1))) AS week
WHERE is_counted OR denominators[week] != 0;
