CREATE OR REPLACE VIEW {kpi} AS
WITH
{periods_text},
    measured AS (
{body}
    )
SELECT
    '{kpi}' AS kpi, {scope:String} AS scope, who, of, currency, start, end, value, n, numerator, denominator, statistics,
    before, before_n, n < {minimum_sample} AS small, '{used}' AS definition
FROM (
    SELECT
        who, of, currency, periods.i AS i, periods.start AS start, periods.end AS end,
        value, toInt64(measured.n) AS n, numerator, denominator, statistics::Map(String, Float64) AS statistics,
        if(lagInFrame(i, 1, -9) OVER earlier = i - 1, lagInFrame(value) OVER earlier, NULL) AS before,
        if(lagInFrame(i, 1, -9) OVER earlier = i - 1, lagInFrame(toInt64(measured.n)) OVER earlier, 0) AS before_n
    FROM measured
    INNER JOIN periods ON periods.i = measured.i
    WHERE wrong_period = 0 AND wrong_scope = 0
    WINDOW earlier AS (PARTITION BY who, of, currency ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
)
WHERE i >= 0{rep_level}
ORDER BY start, who, currency, of
