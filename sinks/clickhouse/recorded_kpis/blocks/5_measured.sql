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

CREATE OR REPLACE VIEW recorded_targets AS
SELECT
    subject, kpi, assumeNotNull(targets_latest.start) AS start, assumeNotNull(targets_latest.end) AS end,
    toDecimal128OrZero(exact, 12) AS target,
    multiIf(rep != '', 'rep', targets_latest.team != '', 'team', 'all') AS scope,
    multiIf(rep != '', rep, targets_latest.team != '', targets_latest.team, 'all') AS who,
    -- A rep's team is the target's, else that of the rep's last act.
    multiIf(targets_latest.team != '', targets_latest.team, acted.team != '', acted.team, 'unknown') AS team,
    if(JSONExtractString(body, 'data', 'currency') = '', '{home_currency}', JSONExtractString(body, 'data', 'currency')) AS currency
FROM targets_latest
LEFT JOIN (SELECT rep AS actor, argMax(team, at) AS team FROM recorded_acts GROUP BY rep) AS acted
    ON acted.actor = targets_latest.rep
WHERE targets_latest.start IS NOT NULL AND targets_latest.end IS NOT NULL;

-- Each target with what was reached of it. Money is compared in the target's currency, else in the setting's.
-- ``attained`` 1 is the target reached; of what should be low it is the target over what was measured.
CREATE OR REPLACE VIEW recorded_attainment AS
SELECT
    kpi, scope, who, team, start, end, currency, target, n,
    if(measured.2 IS NULL, toNullable(measured.1), if(measured.2 = 0, NULL, toDecimal128(
        toFloat64(measured.1) / toFloat64(measured.2), 12))) AS actual,
    kpi IN ({down_kpis}) AS is_down,
    multiIf(actual IS NULL, NULL, is_down, if(actual = 0, NULL, toFloat64(target) / toFloat64(actual)),
        target = 0, NULL, toFloat64(actual) / toFloat64(target)) AS attained,
    map(scope, who, 'team', team)::Map(String, String) AS dimensions
FROM (
    SELECT
        subject, any(aims.kpi) AS kpi, any(aims.scope) AS scope, any(aims.who) AS who, any(aims.team) AS team,
        any(aims.start) AS start, any(aims.end) AS end, any(aims.target) AS target,
        maxIf(currency_of, counts) AS currency,
        (sumIf(numerator, counts), sumOrNullIf(denominator, counts)) AS measured,
        sumIf(aims.n, counts) AS n
    FROM (
        SELECT
            targets.*, actuals.currency AS currency_of, actuals.numerator AS numerator, actuals.denominator AS denominator,
            actuals.n AS n,
            actuals.kpi != '' AND actuals.at >= targets.start AND actuals.at < targets.end
                AND actuals.kind != 'follow_up_call' AND actuals.currency IN ('', targets.currency) AS counts
        FROM recorded_targets AS targets
        LEFT JOIN recorded_actuals AS actuals
            ON actuals.kpi = targets.kpi AND actuals.scope = targets.scope AND actuals.who = targets.who
    ) AS aims
    GROUP BY subject
);
