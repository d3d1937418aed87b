-- What is so *now*: at the watermark of the published row, else at present.

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

-- Deals as they stand: what is open, and what ended in the 90 days before. A published row is of the deals that the clocks
-- of the partitions had not yet let go: one that leaves about now may be in it or not.
CREATE OR REPLACE TEMPORARY TABLE standing_deals ENGINE = MergeTree ORDER BY (lead, deal) AS
SELECT
    deals.*,
    visited.stages AS stages,
    if(visited.last_stage = '', 'unknown', visited.last_stage) AS present_stage,
    if(visited.last_stage = '', opened_at, visited.last_entered_at) AS present_since,
    -- The groupings of its rows, each with its dimensions.
    arrayFilter((name, _) -> has({groupings:Array(String)}, name), [
        ('all', []),
        ('team', [('team', team)]),
        ('rep', [('rep', rep)]),
        ('team,temperature', [('team', team), ('temperature', toString(temperature))]),
        ('source', [('source', source)]),
        ('region', [('region', assumeNotNull(region))])
    ]) AS places
FROM deals
LEFT JOIN (
    SELECT
        lead, deal,
        groupUniqArray(toString(stage)) AS stages,
        argMax(toString(stage), n) AS last_stage,
        argMax(entered_at, n) AS last_entered_at
    FROM visits
    WHERE stage != ''
    GROUP BY lead, deal
) AS visited ON visited.lead = deals.lead AND visited.deal = deals.deal;

-- By currency: each deal once for every row that it may belong to, with the instant that the row tells of.
CREATE OR REPLACE TEMPORARY TABLE deals_by_currency ENGINE = MergeTree ORDER BY (kpi, grouping, dimensions) AS
WITH placed AS (
    SELECT
        arrayJoin(arrayFilter(name -> has({kpis:Array(String)}, name), [
            'open_pipeline', 'weighted_pipeline', 'pipeline_velocity'
        ])) AS kpi,
        by.1 AS grouping,
        arraySort(arrayPushBack(by.2, ('currency', toString(currency)))) AS dimensions,
        is_ended, is_won, ended_at, is_opened, opened_at, amount, stages, present_stage
    FROM standing_deals
    ARRAY JOIN places AS by
    WHERE has({windows:Array(String)}, 'all')
)
SELECT placed.*, ifNull(published.clock, {now:Int64}) AS now_at, ended_at + 7776000000 AS leaves_at
FROM placed
LEFT JOIN (SELECT kpi, grouping, dimensions, toNullable(clock) AS clock FROM streamed WHERE window = 'all') AS published
    ON published.kpi = placed.kpi AND published.grouping = placed.grouping AND published.dimensions = placed.dimensions;

INSERT INTO recomputed
WITH
    won / greatest(ended, 1) AS win_rate,
    -- What is open in a stage, times the share won of the deals that were in it, else of all that ended.
    arraySum(
        stage -> worth_in[stage] * if(ended_in[stage] = 0, win_rate, won_in[stage] / ended_in[stage]),
        mapKeys(worth_in)
    ) AS expected,
    if(priced = 0, NULL, won_amount / priced) AS mean_amount,
    if(cycles = 0, NULL, cycle_time / cycles / 86400000) AS mean_cycle_days
SELECT
    kpi, grouping, dimensions, 'all', 0,
    multiIf(
        kpi = 'open_pipeline', [('value', toNullable(worth)), ('count', toFloat64(n))],
        kpi = 'weighted_pipeline', [
            ('value', if(ended = 0, NULL, expected)),
            ('count', toFloat64(n)), ('ended', toFloat64(ended)), ('won', toFloat64(won))
        ],
        [
            ('value', if(cycle_time = 0, NULL, n * win_rate * mean_amount / mean_cycle_days)),
            ('count', toFloat64(n)), ('ended', toFloat64(ended)), ('won', toFloat64(won)),
            ('win_rate', if(ended = 0, NULL, win_rate)), ('mean_amount', mean_amount), ('mean_cycle_days', mean_cycle_days)
        ]
    )::Map(String, Nullable(Float64))
FROM (
    SELECT
        kpi, grouping, dimensions,
        countIf(NOT is_ended) AS n,
        sumIf(toFloat64(ifNull(amount, '0')), NOT is_ended) AS worth,
        sumMapIf(map(present_stage, toFloat64(ifNull(amount, '0'))), NOT is_ended) AS worth_in,
        countIf(is_late) AS ended,
        countIf(is_late AND is_won) AS won,
        sumMapIf(mapFromArrays(been_in, arrayMap(stage -> 1, been_in)), is_late) AS ended_in,
        sumMapIf(mapFromArrays(been_in, arrayMap(stage -> 1, been_in)), is_late AND is_won) AS won_in,
        countIf(is_late AND is_won AND amount IS NOT NULL) AS priced,
        sumIf(toFloat64(ifNull(amount, '0')), is_late AND is_won) AS won_amount,
        countIf(is_late AND is_won AND is_opened) AS cycles,
        sumIf(greatest(ended_at - opened_at, 0), is_late AND is_won AND is_opened) AS cycle_time
    FROM (
        SELECT
            *,
            is_ended AND now_at < leaves_at AS is_late,
            if(empty(stages), ['unknown'], stages) AS been_in
        FROM deals_by_currency
    )
    GROUP BY kpi, grouping, dimensions
)
WHERE n > 0;

-- By stage: deals that are in it (``lasted`` is NULL) and visits of it that ended. Whether a policy says how long a deal may
-- stay, and whether it has stayed for longer, is told by what was announced of its clock.
CREATE OR REPLACE TEMPORARY TABLE stays ENGINE = MergeTree ORDER BY (kpi, grouping, dimensions) AS
WITH placed AS (
    SELECT
        arrayJoin(arrayFilter(name -> has({kpis:Array(String)}, name), ['stage_age', 'stagnant_deals'])) AS kpi,
        by.1 AS grouping,
        arraySort(arrayPushBack(by.2, ('stage', stage))) AS dimensions,
        since, lasted, is_limited, is_overdue
    FROM (
        SELECT
            present_stage AS stage, present_since AS since, CAST(NULL, 'Nullable(Int64)') AS lasted,
            judged.started_at IS NOT NULL AS is_limited, ifNull(judged.is_overdue, false) AS is_overdue, places
        FROM standing_deals
        LEFT JOIN (
            SELECT lead, toNullable(clocks.started_at) AS started_at, toNullable(max(is_breached)) AS is_overdue
            FROM clocks
            WHERE clock_kind = 'stage' AND is_running AND NOT is_withdrawn
            GROUP BY lead, started_at
        ) AS judged ON judged.lead = standing_deals.lead AND judged.started_at = standing_deals.present_since
        WHERE NOT is_ended
        UNION ALL
        SELECT
            toString(visits.stage), visits.entered_at, visits.left_at - visits.entered_at, false, false, places
        FROM visits
        INNER JOIN standing_deals AS deals ON deals.lead = visits.lead AND deals.deal = visits.deal
        WHERE visits.stage != '' AND visits.left_n > 0
    )
    ARRAY JOIN places AS by
    WHERE has({windows:Array(String)}, 'all')
)
SELECT placed.*, ifNull(published.clock, {now:Int64}) AS now_at, since + lasted + 7776000000 AS leaves_at
FROM placed
LEFT JOIN (SELECT kpi, grouping, dimensions, toNullable(clock) AS clock FROM streamed WHERE window = 'all') AS published
    ON published.kpi = placed.kpi AND published.grouping = placed.grouping AND published.dimensions = placed.dimensions;

-- Instants since when deals are in a stage are published to five minutes, limits to a hundredth: what is as near as that
-- to what was recomputed is right.
INSERT INTO recomputed
WITH
    150 AS step,
    (ranked, share) -> share * (length(ranked) - 1) AS place,
    (ranked, share) -> toUInt64(floor(place(ranked, share))) + 1 AS low,
    (ranked, share) -> if(empty(ranked), NULL, toNullable(
        ranked[low(ranked, share)]
        + (ranked[least(low(ranked, share) + 1, length(ranked))] - ranked[low(ranked, share)])
        * (place(ranked, share) - floor(place(ranked, share)))
    )) AS quantile,
    (name, exact) -> if(abs(told[name] - exact) <= step, told[name], exact) AS near,
    [('p50', 0.5), ('p90', 0.9), ('p95', 0.95), ('p99', 0.99)] AS shares,
    if(length(durations) < 20, NULL, quantile(durations, 0.9)) AS own_limit,
    limit -> overdue + arrayCount(age -> age > limit, arrayFilter((_, has_policy) -> NOT has_policy, ages, limited)) AS older
SELECT
    kpi, grouping, dimensions, 'all', 0,
    if(
        kpi = 'stage_age',
        arrayConcat(
            [
                ('value', near('value', quantile(ages, 0.5))),
                ('count', toFloat64(length(ages))),
                -- A deal of the future, as far as that is let in, has not been there yet.
                ('mean', toNullable(greatest(arraySum(signed_ages) / length(ages), 0)))
            ],
            arrayMap(one -> (one.1, near(one.1, quantile(ages, one.2))), shares)
        ),
        [
            ('value', multiIf(
                own_limit IS NULL, if(has(limited, true), toNullable(toFloat64(overdue)), NULL),
                told['value'] >= older(assumeNotNull(own_limit) * 1.01 + step)
                    AND told['value'] <= older(assumeNotNull(own_limit) * 0.99 - step), told['value'],
                toFloat64(older(assumeNotNull(own_limit)))
            )),
            ('by_policy', toFloat64(countEqual(limited, true))),
            ('count', toFloat64(length(ages))),
            ('limit', own_limit),
            ('measured', toFloat64(length(durations))),
            ('open', toFloat64(length(ages)))
        ]
    )::Map(String, Nullable(Float64))
FROM (
    SELECT
        found.*, streamed.numbers AS told,
        arrayMap(stay -> stay.1, in_it) AS signed_ages,
        arrayMap(stay -> greatest(stay.1, 0), in_it) AS ages,
        arrayMap(stay -> stay.2, in_it) AS limited
    FROM (
        SELECT
            kpi, grouping, dimensions,
            arraySort(groupArrayIf(((now_at - since) / 1000, is_limited), lasted IS NULL)) AS in_it,
            countIf(lasted IS NULL AND is_overdue) AS overdue,
            arraySort(groupArrayIf(assumeNotNull(lasted) / 1000, now_at < leaves_at)) AS durations
        FROM stays
        GROUP BY kpi, grouping, dimensions
    ) AS found
    LEFT JOIN (SELECT * FROM streamed WHERE window = 'all') AS streamed
        ON streamed.kpi = found.kpi AND streamed.grouping = found.grouping AND streamed.dimensions = found.dimensions
    WHERE notEmpty(in_it)
);

-- Rows that something leaves about now.
CREATE OR REPLACE TEMPORARY TABLE leaving AS
SELECT DISTINCT kpi, grouping, dimensions
FROM (
    SELECT kpi, grouping, dimensions, now_at, leaves_at FROM deals_by_currency WHERE is_ended
    UNION ALL
    SELECT kpi, grouping, dimensions, now_at, assumeNotNull(leaves_at) FROM stays WHERE lasted IS NOT NULL
)
WHERE abs(now_at - leaves_at) <= {settle:Int64};

-- Rows of deals in a stage for so long that what was announced of their clocks is no longer kept.
CREATE OR REPLACE TEMPORARY TABLE untold AS
SELECT DISTINCT grouping, dimensions
FROM stays
WHERE kpi = 'stagnant_deals' AND lasted IS NULL AND since < {sla_kept_since:Int64}
    AND (SELECT count() FROM clocks WHERE clock_kind = 'stage') > 0;
