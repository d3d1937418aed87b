-- The rows that were published beside those recomputed.

-- What stands in the place of a row that once was, and now says nothing, is no row.
CREATE OR REPLACE TEMPORARY TABLE streamed ENGINE = MergeTree ORDER BY (kpi, grouping, window, start, dimensions) AS
SELECT
    kpi,
    grouping,
    arraySort(JSONExtractKeysAndValues(kpis_latest.dimensions, 'String')) AS dimensions,
    window,
    toUnixTimestamp64Milli(kpis_latest.start) AS start,
    toUnixTimestamp64Milli(watermark) AS clock,
    arrayConcat(
        [('value', value), ('count', toFloat64(count)), ('numerator', numerator), ('denominator', denominator)],
        arrayFlatten(arrayMap(
            member -> multiIf(
                startsWith(member.2, '{'),
                arrayMap(
                    inner -> (member.1 || '.' || inner.1, toFloat64OrNull(inner.2)),
                    JSONExtractKeysAndValuesRaw(member.2)
                ),
                startsWith(member.2, '['),
                arrayMap(
                    name -> (member.1 || '.' || name, toNullable(1.0)), JSONExtract(member.2, 'Array(String)')
                ),
                [(member.1, toFloat64OrNull(member.2))]
            ),
            JSONExtractKeysAndValuesRaw(statistics)
        ))
    )::Map(String, Nullable(Float64)) AS numbers
FROM kpis_latest
WHERE kpi IN {kpis:Array(String)}
    AND grouping IN {groupings:Array(String)}
    AND window IN {windows:Array(String)}
    AND (window = 'all' OR (
        kpis_latest.start >= fromUnixTimestamp64Milli({start:Int64})
        AND kpis_latest.end <= fromUnixTimestamp64Milli({end:Int64})
        AND (window NOT IN ('1m', '5m') OR kpis_latest.start >= fromUnixTimestamp64Milli({fine_start:Int64}))
    ))
    AND (count > 0
        OR JSONExtractInt(statistics, 'censored') > 0
        OR JSONExtractInt(statistics, 'cancelled') > 0
        OR JSONExtractInt(statistics, 'machine') > 0);

-- KPIs of *now* are those of the published row's own watermark. Each partition has put its leads into bands of age by
-- its own clock, so that a band is right where it is at some instant within ``settle`` of the watermark.
INSERT INTO recomputed
WITH
    [-1000000000000, 300000, 900000, 3600000, 14400000, 86400000, 1000000000000000] AS limits,
    ['300', '900', '3600', '14400', '86400', 'older'] AS bands,
    (age, at) -> arrayCount(engaged_at -> at - engaged_at < age, ranked) AS younger,
    arrayMap(
        band -> arraySum(arrayMap(name -> ifNull(told['bands.' || name], 0), arraySlice(bands, 1, band))),
        range(1, 6)
    ) AS told_younger,
    arrayAll(
        band -> told_younger[band] BETWEEN younger(limits[band + 1], now_at + {settle:Int64})
            AND younger(limits[band + 1], now_at - {settle:Int64}),
        range(1, 6)
    ) AS is_right
SELECT
    kpi, grouping, dimensions, window, start,
    arrayConcat(
        [
            -- A lead of the future, as far as that is let in, has not waited yet.
            ('value', if(kpi = 'oldest_open_lead', greatest(now_at - ranked[1], 0) / 1000, toFloat64(seen))),
            ('count', toFloat64(seen))
        ],
        if(
            kpi = 'open_leads',
            arrayMap(
                band -> (
                    'bands.' || bands[band],
                    if(is_right, told['bands.' || bands[band]], toFloat64(
                        younger(limits[band + 1], now_at) - younger(limits[band], now_at)
                    ))
                ),
                range(1, 7)
            ),
            []
        )
    )::Map(String, Nullable(Float64))
FROM (
    SELECT
        grouped.kpi AS kpi,
        grouped.grouping AS grouping,
        grouped.dimensions AS dimensions,
        grouped.window AS window,
        grouped.start AS start,
        seen,
        ranked,
        streamed.numbers AS told,
        ifNull(streamed.clock, {now:Int64}) AS now_at
    FROM grouped
    LEFT JOIN (SELECT *, toNullable(streamed.clock) AS clock FROM streamed) AS streamed
        ON streamed.kpi = grouped.kpi AND streamed.grouping = grouped.grouping
        AND streamed.dimensions = grouped.dimensions AND streamed.window = grouped.window
    WHERE grouped.kpi IN ('open_leads', 'oldest_open_lead') AND grouped.window = 'all'
);

-- Numbers are equal to rounding, quantiles to a hundredth. Of the statistics only those are compared that were
-- recomputed; of those with names of their own (``distribution.3``) one that is not there is 0.
-- ``standing`` holds what differed by the same numbers at every look before: anything else is on the move.
CREATE OR REPLACE TEMPORARY TABLE compared ENGINE = MergeTree ORDER BY (kpi, window) AS
WITH
    -- Of the window ``all`` no announcement must have been removed; it starts at 0.
    (SELECT toUnixTimestamp(min(first_stored_at)) * 1000 FROM subjects) AS first_at,
    arrayFilter(
        name -> has(mapKeys(expected), name)
            OR has(arrayMap(other -> splitByChar('.', other)[1], mapKeys(expected)), splitByChar('.', name)[1])
            AND position(name, '.') > 0,
        arrayDistinct(arrayConcat(mapKeys(expected), mapKeys(told)))
    ) AS names,
    (numbers, name) -> if(position(name, '.') > 0, ifNull(numbers[name], 0), numbers[name]) AS number,
    name -> if(
        match(name, '^p[0-9]+(_answered)?$') OR (name = 'value' AND has(mapKeys(expected), 'p50')), 0.01, 1e-9
    ) AS tolerance
SELECT
    kpi,
    window,
    grouping,
    dimensions,
    start,
    sipHash64(kpi, window, grouping, toString(dimensions), start, toString(differences)) AS difference,
    multiIf(
        is_told AND is_expected AND length(differing) = 0, 'equal',
        -- Announcements say whose a clock was, and when it was due, as of then. How long it stood still they do not.
        kpi = 'paused_share', 'unverifiable',
        kpi IN ('sla_at_risk', 'sla_breached') AND grouping NOT IN ('all', 'policy'), 'unverifiable',
        kpi = 'response_within_sla' AND (
            grouping = 'policy,team'
            OR (window != 'all' AND (SELECT count() FROM clocks WHERE is_paused) > 0)
            OR start < if(window = 'all', {sla_kept_since:Int64} - first_at, {sla_kept_since:Int64})
            OR (SELECT count() FROM forgotten_minutes) > 0
        ), 'unverifiable',
        -- What forgotten leads added is counted, and no event shows it.
        (window, start) IN (SELECT window, start FROM grouped WHERE kpi = 'forgotten'), 'unverifiable',
        -- Of deals as they stand now SQL has no reading of its own.
        kpi IN ('open_pipeline', 'weighted_pipeline', 'stage_age', 'stagnant_deals', 'pipeline_velocity'), 'unverifiable',
        NOT {is_first:Bool} AND difference NOT IN (SELECT difference FROM standing), 'moving',
        NOT is_told, 'missing',
        NOT is_expected, 'surplus',
        'different'
    ) AS verdict,
    if(is_told AND is_expected, arrayFilter(
        name -> isNull(number(told, name)) != isNull(number(expected, name))
            OR ifNull(abs(number(told, name) - number(expected, name))
                > tolerance(name) * greatest(abs(number(told, name)), abs(number(expected, name))), 0),
        names
    ), ['count']) AS differing,
    arrayMap(name -> (name, number(told, name), number(expected, name)), arraySort(differing)) AS differences
FROM (
    SELECT
        if(recomputed.kpi = '', streamed.kpi, recomputed.kpi) AS kpi,
        if(recomputed.kpi = '', streamed.window, recomputed.window) AS window,
        if(recomputed.kpi = '', streamed.grouping, recomputed.grouping) AS grouping,
        if(recomputed.kpi = '', streamed.dimensions, recomputed.dimensions) AS dimensions,
        if(recomputed.kpi = '', streamed.start, recomputed.start) AS start,
        streamed.kpi != '' AS is_told,
        recomputed.kpi != '' AS is_expected,
        streamed.numbers AS told,
        recomputed.numbers AS expected
    FROM recomputed
    FULL OUTER JOIN streamed
        ON streamed.kpi = recomputed.kpi AND streamed.grouping = recomputed.grouping
        AND streamed.window = recomputed.window AND streamed.start = recomputed.start
        AND streamed.dimensions = recomputed.dimensions
)
-- No window in which a lead may count otherwise than it would with the events that retention has removed.
WHERE (SELECT count() FROM cut) = 0 OR (
    start >= toUnixTimestamp({kept_since:DateTime}) * 1000 + {future_skew:Int64}
    AND (window, start) NOT IN (SELECT window, start FROM grouped WHERE kpi = 'cut')
);
