-- The rows that were published beside those recomputed.

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
        kpi != 'stage_age'
            AND (match(name, '^(p[0-9]+(_answered)?|limit)$') OR (name = 'value' AND has(mapKeys(expected), 'p50'))),
        0.01, 1e-9
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
        kpi = 'stagnant_deals' AND (grouping, dimensions) IN (SELECT grouping, dimensions FROM untold), 'unverifiable',
        kpi = 'response_within_sla' AND (
            grouping = 'policy,team'
            OR (window != 'all' AND (SELECT count() FROM clocks WHERE is_paused) > 0)
            OR start < if(window = 'all', {sla_kept_since:Int64} - first_at, {sla_kept_since:Int64})
            OR (SELECT count() FROM forgotten_minutes) > 0
        ), 'unverifiable',
        -- What forgotten leads added is counted, and no event shows it.
        (window, start) IN (SELECT window, start FROM grouped WHERE kpi = 'forgotten'), 'unverifiable',
        (kpi, grouping, dimensions) IN (SELECT kpi, grouping, dimensions FROM leaving), 'moving',
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
