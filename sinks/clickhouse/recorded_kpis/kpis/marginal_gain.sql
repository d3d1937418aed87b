-- A straight line through the weeks: its slope beside its own uncertainty.
SELECT
    i, who, measure AS of, currency, toDecimal128(0, 12) AS numerator, toDecimal128(0, 12) AS denominator,
    weeks AS n,
    if(weeks < 3 OR mean = 0, NULL, if(measure IN ({down_kpis}), -1, 1) * slope / mean) AS value,
    if(isNaN(correlation) OR weeks < 4, NULL, toFloat64(
        pow(correlation, 2) * (weeks - 2) > 4 * (1 - pow(correlation, 2)))) AS exceeds,
    mapFilter((name, number) -> number IS NOT NULL, map(
        'mean', toNullable(mean), 'exceeds_noise', exceeds, 'one_percent_a_day_over_a_year', pow(1.01, 365)
    )) AS statistics
FROM (
    SELECT
        p.i AS i, who, measure, currency, count() AS weeks, avg(series.value) AS mean,
        covarPop(place, series.value) / varPop(place) AS slope, corr(place, series.value) AS correlation
    FROM (
        SELECT 1 AS one, *, dateDiff('week', toDate('1970-01-05'), week) AS place
        FROM recorded_weeks
        WHERE scope = {scope:String}
    ) AS series
    ASOF INNER JOIN (SELECT 1 AS one, * FROM periods) AS p ON p.one = series.one AND series.at >= p.start
    WHERE addWeeks(series.at, 1) <= p.end
    GROUP BY i, who, measure, currency
)
