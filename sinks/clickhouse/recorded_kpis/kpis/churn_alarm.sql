-- Each period beside the twelve of its length before it; those before the product was first sold are none of them.
SELECT
    i, product AS who, '' AS of, '' AS currency,
    toDecimal128(churned[1], 12) AS numerator, toDecimal128(0, 12) AS denominator,
    toNullable(toFloat64(churned[1])) AS value,
    length(before) AS n,
    if(empty(before), 0, arrayAvg(before)) AS mean,
    mean + 3 * sqrt(arraySum(x -> pow(x - mean, 2), before) / (n - 1)) AS limit,
    if(n < 2, map(), map('mean', mean, 'limit', limit, 'alarm', toFloat64(value > limit))) AS statistics
FROM (
    SELECT
        i, product,
        arrayMap(x -> arrayCount(at -> at >= x.1 AND at < x.2, churns), windows) AS churned,
        arraySlice(churned, 2, least(12, greatest(0, arrayCount(x -> x.2 > sold_since, windows) - 1))) AS before
    FROM (
        SELECT product, min(at) AS sold_since, groupArrayIf(at, movement = 'churned') AS churns
        FROM recorded_movements
        GROUP BY product
    ) AS sold
    CROSS JOIN (
        SELECT
            i,
            arrayMap(k -> if({period:String} = 'week',
                (addWeeks(start, -k), addWeeks(end, -k)),
                (start - toIntervalMillisecond(k * long), end - toIntervalMillisecond(k * long))
            ), range(13)) AS windows
        FROM (SELECT i, start, end, dateDiff('millisecond', start, end) AS long FROM periods)
    ) AS looked_at
)
WHERE arraySum(churned) > 0
