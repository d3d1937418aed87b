-- Each deal that is open now (at the start of a period that is over) counts with the share of ended deals that were won once
-- they had come to its stage, when won deals used to close from there (median).
WITH
    {as_of} AS as_of,
    entered AS (
        SELECT
            *, visit.1 AS stage, visit.2 AS since, position = length(visits) AS is_last,
            NOT has(arrayMap(x -> x.1, arraySlice(visits, position + 1)), stage) AS is_last_of_stage
        FROM (
            SELECT *, arrayConcat([('', assumeNotNull(opened_at))], arrayFilter(x -> x.2 <= as_of, stages)) AS visits
            FROM recorded_deals
            WHERE opened_at <= as_of
        )
        ARRAY JOIN visits AS visit, arrayEnumerate(visits) AS position
    ),
    measured AS (
        SELECT
            stage, count() AS ended, countIf(outcome = 'won') AS won,
            medianExactIf(dateDiff('millisecond', since, assumeNotNull(ended_at)), outcome = 'won') AS remaining
        FROM entered
        WHERE is_last_of_stage AND outcome != '' AND ended_at <= as_of
        GROUP BY stage
    )
SELECT
    greatest(as_of, since + toIntervalMillisecond(if(won = 0, 0, remaining))) AS at,
    dimensions, opened_currency AS currency,
    opened_amount * won / ended AS numerator,
    map('variance', toFloat64(won) / ended * (1 - won / ended) * pow(toFloat64(opened_amount), 2)) AS parts
FROM entered
INNER JOIN measured ON measured.stage = entered.stage
WHERE is_last AND (outcome = '' OR ended_at > as_of)
