CREATE OR REPLACE VIEW {kpi} AS
WITH
{periods_text},
    items AS (
{body}
    )
SELECT
    '{kpi}' AS kpi, {scope:String} AS scope, who, of, currency, periods.start AS start, periods.end AS end,
    {value} AS value,
    n, numerator, denominator,
    {statistics} AS statistics,
    {before} AS before, before_n, n < {minimum_sample} AS small, '{used}' AS definition
FROM (
    SELECT
        if({scope:String} = 'all', 'all', if(placed.dimensions[{scope:String}] = '', 'unknown', placed.dimensions[{scope:String}])) AS who,
        of, currency, placed.i + is_before AS i,
        sumIf(placed.numerator, is_before = 0) AS numerator, sumIf(placed.denominator, is_before = 0) AS denominator,
        sumIf(placed.counted, is_before = 0) AS n,
        sumIf(placed.numerator, is_before = 1) AS before_numerator, sumIf(placed.denominator, is_before = 1) AS before_denominator,
        sumIf(placed.counted, is_before = 1) AS before_n,
        sumMapIf(placed.parts, is_before = 0) AS parts
    FROM (
        SELECT
            periods.i AS i, items.dimensions AS dimensions, {of} AS of, {currency} AS currency,
            toDecimal128(items.numerator, 12) AS numerator, toDecimal128({denominator}, 12) AS denominator,
            toInt64({n}) AS counted, {parts} AS parts
        FROM (SELECT 1 AS one, *, toDateTime64(at, 3) AS moment FROM items) AS items
        ASOF INNER JOIN (SELECT 1 AS one, * FROM periods) AS periods
            ON periods.one = items.one AND items.moment >= periods.start
        WHERE items.moment < periods.end AND wrong_period = 0 AND wrong_scope = 0
    ) AS placed
    ARRAY JOIN [0, 1] AS is_before
    GROUP BY who, of, currency, i
) AS sums
INNER JOIN periods ON periods.i = sums.i
WHERE periods.i >= 0{rep_level}
ORDER BY start, who, currency, of
