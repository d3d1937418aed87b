-- What moved before the results did: each activity of a week beside the result some weeks later. Few weeks show anything:
-- below twelve pairs the correlation is marked as small.
CREATE OR REPLACE VIEW leading_lagging AS
WITH
    parseDateTime64BestEffort({from:String}, 3, '{timezone}') AS asked_from,
    parseDateTime64BestEffort({to:String}, 3, '{timezone}') AS asked_to,
    weeks AS (
        SELECT who, measure, currency, week, value
        FROM recorded_weeks
        WHERE scope = {scope:String} AND recorded_weeks.at >= asked_from AND addWeeks(recorded_weeks.at, 1) <= asked_to
    )
SELECT
    who, result, currency, activity, weeks_before, correlation, n, n < 12 AS small,
    row_number() OVER (
        PARTITION BY who, result, currency, activity ORDER BY abs(correlation) DESC, weeks_before
    ) = 1 AS is_strongest
FROM (
    SELECT
        results.who AS who, results.measure AS result, results.currency AS currency,
        if(acts.currency = '', acts.measure, concat(acts.measure, ' ', acts.currency)) AS activity, acts.weeks_before AS weeks_before,
        corr(acts.value, results.value) AS correlation, count() AS n
    FROM weeks AS results
    INNER JOIN (
        SELECT *, weeks_before, addWeeks(week, weeks_before) AS answered
        FROM weeks
        ARRAY JOIN range(9) AS weeks_before
    ) AS acts ON acts.who = results.who AND acts.answered = results.week
    WHERE results.measure IN ({results}) AND acts.measure NOT IN ({results})
    GROUP BY who, result, currency, activity, weeks_before
)
WHERE n > 2 AND isFinite(correlation)
ORDER BY who, result, currency, abs(correlation) DESC, activity, weeks_before;
