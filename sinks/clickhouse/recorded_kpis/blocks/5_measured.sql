-- What was measured elsewhere, and what is aimed at.

CREATE OR REPLACE VIEW recorded_observations AS
SELECT
    name, time AS at, toDecimal128OrZero(exact, 12) AS value, unit, observed.currency AS stated_currency,
    dimensions::Map(String, String) AS dimensions
FROM observations_once AS observed;

-- Where no currency is stated it is the setting's.
CREATE OR REPLACE VIEW recorded_spend AS
SELECT at, value, if(stated_currency = '', '{home_currency}', stated_currency) AS currency, dimensions
FROM recorded_observations
WHERE name = 'spend';

-- What was done each day towards anything a target may name: streamed KPIs from their rows of a day, observations as
-- ``observed.NAME``, sales from the deals themselves. A ratio or a mean has a denominator; what is counted or added up has none.
CREATE OR REPLACE VIEW recorded_actuals AS
WITH JSONExtract(statistics, 'mean', 'Nullable(Float64)') AS mean
SELECT
    kpi, start AS at, grouping AS scope, multiIf(grouping = 'all', 'all', grouping = 'team', team, rep) AS who,
    JSONExtractString(dimensions, 'currency') AS currency,
    concat(JSONExtractString(dimensions, 'kind'), JSONExtractString(dimensions, 'stage')) AS kind,
    multiIf(
        exact != '', toDecimal128OrZero(exact, 12),
        denominator IS NOT NULL, toDecimal128(ifNull(numerator, 0), 12),
        mean IS NOT NULL, toDecimal128(mean * count, 12),
        toDecimal128(count, 12)
    ) AS numerator,
    multiIf(
        exact != '', NULL, denominator IS NOT NULL, toDecimal128(denominator, 12), mean IS NOT NULL, toDecimal128(count, 12),
        NULL
    ) AS denominator,
    count AS n
FROM kpis_latest
WHERE window = '1d' AND grouping IN ('all', 'team', 'rep') AND NOT JSONHas(dimensions, 'reason')
    AND kpi NOT IN ('deals_won', 'won_amount')
UNION ALL
SELECT
    concat('observed.', name), observed.at, place.1, place.2, stated_currency, '', value,
    if(name IN ({observed_sums_list}), NULL, toDecimal128(1, 12)), 1
FROM recorded_observations AS observed
ARRAY JOIN arrayFilter(
    x -> x.2 != '', [('all', 'all'), ('team', dimensions['team']), ('rep', dimensions['rep'])]
) AS place
UNION ALL
SELECT 'sales_volume', moves.at, place.1, place.2, currency, '', amount, NULL, 1
FROM (SELECT * FROM recorded_movements WHERE movement != 'churned') AS moves
ARRAY JOIN [('all', 'all'), ('team', team), ('rep', rep)] AS place
UNION ALL
SELECT sold.1, moves.at, place.1, place.2, sold.2, '', sold.3, NULL, 1
FROM (SELECT * FROM recorded_movements WHERE movement = 'won') AS moves
ARRAY JOIN
    [('deals_won', '', toDecimal128(1, 12)), ('won_amount', currency, amount)] AS sold
ARRAY JOIN [('all', 'all'), ('team', team), ('rep', rep)] AS place
UNION ALL
SELECT 'new_customers', since, place.1, place.2, '', '', toDecimal128(1, 12), NULL, 1
FROM (SELECT * FROM recorded_customers WHERE number = 1) AS customers
ARRAY JOIN [('all', 'all'), ('team', team), ('rep', rep)] AS place;

-- What is worked towards: targets where they stand, less absence, and what reps and weeks have of them
-- (``streams.targets``); the sink works it out anew whenever a target is set or revoked.
CREATE OR REPLACE VIEW recorded_aims AS
SELECT
    aim.subject AS subject, aim.kpi AS kpi, aim.scope AS scope, aim.who AS who,
    -- A rep's team is the target's, else the directory's, else that of the rep's last act.
    multiIf(aim.team != '', aim.team, acted.team != '', acted.team, 'unknown') AS team,
    aim.currency AS currency, aim.start AS start, aim.end AS end, aim.target AS target, aim.whole AS whole, aim.origin AS origin, aim.level AS level,
    aim.working_days AS working_days, aim.present_days AS present_days
FROM (SELECT arrayJoin(aims) AS aim FROM standing_targets FINAL) AS standing
LEFT JOIN (SELECT rep AS actor, argMax(team, at) AS team FROM recorded_acts GROUP BY rep) AS acted
    ON acted.actor = if(aim.scope = 'rep', aim.who, '');

CREATE OR REPLACE VIEW recorded_targets AS
SELECT subject, kpi, start, end, target, scope, who, team, currency, origin
FROM recorded_aims
WHERE level = 'period';

-- Each aim with what was reached of it. Money is compared in the target's currency, else in the setting's.
-- ``attained`` 1 is the target reached; of what should be low it is the target over what was measured.
CREATE OR REPLACE VIEW recorded_pursuits AS
SELECT
    subject, level, kpi, scope, who, team, aimed_currency, start, end, currency, target, n,
    if(measured.2 IS NULL, toNullable(measured.1), if(measured.2 = 0, NULL, toDecimal128(
        toFloat64(measured.1) / toFloat64(measured.2), 12))) AS actual,
    kpi IN ({down_kpis}) AS is_down,
    multiIf(actual IS NULL, NULL, is_down, if(actual = 0, NULL, toFloat64(target) / toFloat64(actual)),
        target = 0, NULL, toFloat64(actual) / toFloat64(target)) AS attained,
    map(scope, who, 'team', team)::Map(String, String) AS dimensions
FROM (
    SELECT
        subject, level, kpi, scope, who, aimed_currency, start, any(aims.team) AS team, any(aims.end) AS end,
        any(aims.target) AS target,
        if(aimed_currency = '', maxIf(currency_of, counts), aimed_currency) AS currency,
        (sumIf(numerator, counts), sumOrNullIf(denominator, counts)) AS measured,
        sumIf(aims.n, counts) AS n
    FROM (
        SELECT
            targets.subject AS subject, targets.level AS level, targets.kpi AS kpi, targets.scope AS scope,
            targets.who AS who, targets.currency AS aimed_currency, targets.start AS start, targets.end AS end,
            targets.team AS team, targets.target AS target,
            actuals.currency AS currency_of, actuals.numerator AS numerator, actuals.denominator AS denominator,
            actuals.n AS n,
            actuals.kpi != '' AND actuals.at >= targets.start AND actuals.at < targets.end
                AND actuals.kind != 'follow_up_call'
                AND actuals.currency IN ('', if(targets.currency = '', '{home_currency}', targets.currency)) AS counts
        FROM recorded_aims AS targets
        LEFT JOIN recorded_actuals AS actuals
            ON actuals.kpi = targets.kpi AND actuals.scope = targets.scope AND actuals.who = targets.who
    ) AS aims
    GROUP BY subject, level, kpi, scope, who, aimed_currency, start
);

CREATE OR REPLACE VIEW recorded_attainment AS
SELECT kpi, scope, who, team, start, end, currency, target, n, actual, is_down, attained, dimensions
FROM recorded_pursuits
WHERE level = 'period';
