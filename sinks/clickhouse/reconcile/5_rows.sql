-- From what was seen to rows: one per KPI, grouping, dimensions and window of the period.

-- Under the name ``cut``: when anything happened to leads that may have lost events.
INSERT INTO seen
SELECT 'cut', '', at, '', '', '', '', '', '', 1, NULL, ''
FROM told
WHERE lead IN (SELECT lead FROM cut);

-- Under the name ``forgotten``: when anything happened to leads whose events were deleted on request.
INSERT INTO seen
SELECT DISTINCT 'forgotten', '', toUnixTimestamp(at) * 1000, '', '', '', '', '', '', 1, NULL, ''
FROM forgotten_minutes;

-- Only windows that lie in the period as a whole, those of 1m and 5m only where there are any and while they are kept.
CREATE OR REPLACE TEMPORARY TABLE grouped ENGINE = MergeTree ORDER BY (kpi, grouping, window, start) AS
SELECT
    kpi,
    by.1 AS grouping,
    arraySort(if(kind = '', by.2, arrayPushBack(by.2, (multiIf(
        kpi = 'deals_lost', 'reason', kpi IN ('won_amount', 'lost_amount', 'won_units'), 'currency', kpi = 'activities', 'kind', 'stage'
    ), toString(kind))))) AS dimensions,
    place.1 AS window,
    place.2 AS start,
    count() AS seen,
    count(value) AS valued,
    sum(value) AS total,
    -- Ratios and counts need no single values.
    arraySort(groupArrayIf(assumeNotNull(value), value IS NOT NULL AND kpi IN (
        'lead_response_time', 'system_delay', 'rep_response_time', 'time_to_contact', 'reply_latency',
        'next_response_time', 'sales_cycle_length', 'conversion_time', 'stage_duration', 'talk_time',
        'follow_ups_per_lead', 'open_leads', 'oldest_open_lead'
    ))) AS ranked,
    sumMap(map(note, toUInt64(1))) AS notes
FROM (
    SELECT
        *,
        toUnixTimestamp(toStartOfDay(fromUnixTimestamp64Milli(at), {zone:String})) AS day,
        -- No day is longer than 36 hours, and no two are shorter.
        toUnixTimestamp(toStartOfDay(fromUnixTimestamp64Milli((day + 129600) * 1000), {zone:String})) AS next_day,
        arrayJoin(arrayFilter(
            (name, from, to) -> has({windows:Array(String)}, name) AND (name = 'all' OR (
                from >= {start:Int64} AND to <= {end:Int64}
                AND (name NOT IN ('1m', '5m') OR from >= {fine_start:Int64})
            )),
            [
                ('1m', intDiv(at, 60000) * 60000, intDiv(at, 60000) * 60000 + 60000),
                ('5m', intDiv(at, 300000) * 300000, intDiv(at, 300000) * 300000 + 300000),
                ('1h', intDiv(at, 3600000) * 3600000, intDiv(at, 3600000) * 3600000 + 3600000),
                ('1d', toInt64(day) * 1000, toInt64(next_day) * 1000),
                ('all', 0, 0)
            ]
        )) AS place
    FROM seen
    WHERE kpi IN {kpis:Array(String)} OR kpi IN ('cut', 'forgotten')
)
ARRAY JOIN arrayFilter(
    (name, _) -> has({groupings:Array(String)}, name)
        AND bitTest(shown, multiIf(name = 'channel', 1, startsWith(name, 'policy'), 2, 0))
        AND (
            name IN ('all', 'team') OR place.1 NOT IN ('1m', '5m') OR (startsWith(name, 'policy') AND place.1 = '5m')
        ),
    [
        ('all', []),
        ('team', [('team', team)]),
        ('rep', [('rep', rep)]),
        ('team,temperature', [('team', team), ('temperature', toString(temperature))]),
        ('source', [('source', source)]),
        ('region', [('region', region)]),
        ('channel', [('channel', toString(channel))]),
        ('policy', [('policy', toString(channel))]),
        ('policy,team', [('policy', toString(channel)), ('team', team)])
    ]
) AS by
GROUP BY kpi, grouping, dimensions, window, start;

-- The numbers of a row by name; those of ``statistics`` that have names of their own as ``within.300``.
CREATE OR REPLACE TEMPORARY TABLE recomputed (
    kpi LowCardinality(String),
    grouping LowCardinality(String),
    dimensions Array(Tuple(String, String)),
    window LowCardinality(String),
    start Int64,
    numbers Map(String, Nullable(Float64))
) ENGINE = MergeTree ORDER BY (kpi, grouping, window, start, dimensions);

-- Quantiles are linear between ranks, in which the open ones come after every answered one.
INSERT INTO recomputed
WITH
    [50, 90, 95, 99] AS percents,
    [300, 900, 3600, 14400, 86400] AS limits,
    toInt64(notes['cancelled']) AS cancelled,
    toInt64(valued) AS answered,
    toInt64(seen) - answered - cancelled AS censored,
    (percent, n) -> intDiv(percent * (n - 1), 100) + 1 AS low,
    (percent, n) -> modulo(percent * (n - 1), 100) AS rest,
    (percent, n) -> low(percent, n) + (rest(percent, n) > 0) AS high,
    (percent, n) -> multiIf(
        answered = 0, NULL,
        high(percent, n) > answered, ranked[answered] / 1000,
        (ranked[low(percent, n)] * (100 - rest(percent, n)) + ranked[high(percent, n)] * rest(percent, n)) / 100000
    ) AS quantile
SELECT
    kpi, grouping, dimensions, window, start,
    arrayConcat(
        [
            ('value', quantile(50, answered + censored)),
            ('count', toFloat64(answered)),
            ('mean', if(answered = 0, NULL, total / answered / 1000)),
            ('censored', toFloat64(censored))
        ],
        if(kpi = 'rep_response_time', [('cancelled', toFloat64(cancelled))], []),
        arrayMap(
            limit -> ('within.' || toString(limit), toFloat64(arrayCount(waited -> waited <= limit * 1000, ranked))),
            limits
        ),
        arrayMap(percent -> ('p' || toString(percent), quantile(percent, answered + censored)), percents),
        arrayMap(percent -> ('p' || toString(percent) || '_answered', quantile(percent, answered)), percents),
        arrayMap(
            percent -> (
                'lower_bounds.p' || toString(percent),
                toFloat64(censored > 0 AND high(percent, answered + censored) > answered)
            ),
            percents
        )
    )::Map(String, Nullable(Float64))
FROM grouped
WHERE kpi IN (
    'lead_response_time', 'system_delay', 'rep_response_time', 'time_to_contact', 'reply_latency', 'next_response_time',
    'sales_cycle_length', 'conversion_time', 'stage_duration', 'talk_time'
);

-- Shares and means: a sum over a number; where it is also told how they are spread, that too.
INSERT INTO recomputed
SELECT
    kpi, grouping, dimensions, window, start,
    arrayConcat(
        [
            ('value', if(valued = 0, NULL, total / valued)),
            ('count', toFloat64(valued)),
            ('numerator', toFloat64(ifNull(total, 0))),
            ('denominator', toFloat64(valued))
        ],
        multiIf(
            kpi = 'follow_up_rate', arrayMap(
                least_touches -> (
                    'at_least.' || toString(least_touches),
                    toFloat64(arraySum(mapValues(mapFilter(
                        (touches, leads) -> toUInt64OrZero(touches) >= least_touches, notes
                    ))))
                ),
                range(2, 9)
            ),
            kpi = 'follow_ups_per_lead', arrayMap(
                n -> ('distribution.' || toString(n), toFloat64(countEqual(ranked, n))), arrayDistinct(ranked)
            ),
            kpi IN ('open_rate', 'click_rate'), [('machine', toFloat64(notes['1']))],
            []
        )
    )::Map(String, Nullable(Float64))
FROM grouped
WHERE kpi IN (
    'follow_up_rate', 'follow_ups_per_lead', 'reply_rate', 'positive_reply_rate', 'negative_reply_rate',
    'message_reply_rate', 'delivery_rate', 'bounce_rate', 'open_rate', 'click_rate', 'personalization',
    'win_rate', 'closing_ratio', 'quote_to_close', 'stage_conversion', 'touches_per_stage_move', 'no_show_rate',
    'connect_rate', 'response_within_sla'
) AND (valued > 0 OR (kpi IN ('open_rate', 'click_rate') AND notes['1'] > 0));

INSERT INTO recomputed
SELECT
    kpi, grouping, dimensions, window, start,
    arrayConcat(
        [('value', toFloat64(seen)), ('count', toFloat64(seen))],
        if(
            kpi = 'activities',
            arrayMap(
                customer -> ('customer.' || customer, toFloat64(notes[customer])), ['new', 'existing', 'unknown']
            ),
            []
        )
    )::Map(String, Nullable(Float64))
FROM grouped
WHERE kpi IN (
    'activities', 'leads_created', 'opportunities_created', 'proposals_sent', 'deals_won', 'deals_lost', 'leads_qualified',
    'planned_activities'
) OR (kpi IN ('sla_at_risk', 'sla_breached') AND window = 'all');

-- Money: the decimal numbers are in the notes.
INSERT INTO recomputed
SELECT
    kpi, grouping, dimensions, window, start,
    [
        ('value', arraySum((amount, n) -> toFloat64(amount) * n, mapKeys(notes), mapValues(notes))),
        ('count', toFloat64(seen))
    ]::Map(String, Nullable(Float64))
FROM grouped
WHERE kpi IN ('won_amount', 'lost_amount', 'won_units');

-- Seconds of seconds, or calls of hours: what is divided stands in the notes, or is how often it was seen.
INSERT INTO recomputed
WITH
    arraySum((talked, n) -> toFloat64(talked) * n, mapKeys(notes), mapValues(notes)) / 1000 AS rep_talked,
    if(kpi = 'talk_listen_ratio', rep_talked, toFloat64(seen)) AS upper,
    total / if(kpi = 'talk_listen_ratio', 1000, 3600000) AS lower
SELECT
    kpi, grouping, dimensions, window, start,
    [
        ('value', if(lower = 0, NULL, upper / lower)),
        ('count', toFloat64(seen)),
        ('numerator', upper),
        ('denominator', lower)
    ]::Map(String, Nullable(Float64))
FROM grouped
WHERE kpi IN ('talk_listen_ratio', 'calls_per_hour_talked');
