-- Reps who are far from their peers, the reps of their team: fewer follow-ups, or more deals lost without what wins deals.
-- ``deviations`` is the distance from the team's mean in its standard deviations; ``is_far`` beyond one and a half of them, on
-- the side where training helps, and not on a small sample.
CREATE OR REPLACE VIEW training_signals AS
WITH
    parseDateTime64BestEffort({from:String}, 3, '{timezone}') AS asked_from,
    parseDateTime64BestEffort({to:String}, 3, '{timezone}') AS asked_to,
    touched AS (
        SELECT lead, groupArrayIf(at, NOT is_inbound) AS acts, groupArrayIf(at, kind = 'demo') AS demos
        FROM recorded_acts
        GROUP BY lead
    )
SELECT
    team, rep, signal, value, n, n < {minimum_sample} AS small,
    avg(value) OVER (PARTITION BY team, signal) AS peers,
    if(stddevPop(value) OVER (PARTITION BY team, signal) = 0, 0,
        (value - peers) / stddevPop(value) OVER (PARTITION BY team, signal)) AS deviations,
    NOT small AND if(signal = 'follow_ups_per_lead', deviations <= -1.5, deviations >= 1.5) AS is_far
FROM (
    SELECT team, rep, 'follow_ups_per_lead' AS signal, avg(touches - 1) AS value, count() AS n
    FROM recorded_leads
    WHERE NOT is_duplicate AND touches > 0 AND engaged_at >= asked_from AND engaged_at < asked_to
    GROUP BY team, rep
    UNION ALL
    SELECT team, rep, missing.1, avg(missing.2), count()
    FROM (
        SELECT deals.team AS team, deals.rep AS rep, ended_at, stages, touched.acts AS acts, touched.demos AS demos
        FROM recorded_deals AS deals
        LEFT JOIN touched ON touched.lead = deals.lead
        WHERE outcome = 'lost' AND ended_at >= asked_from AND ended_at < asked_to
    )
    ARRAY JOIN [
        ('lost_without_touch_in_14_days', NOT arrayExists(x -> x < ended_at AND x >= ended_at - toIntervalDay(14), acts)),
        ('lost_without_demo', NOT arrayExists(x -> x < ended_at, demos)),
        ('lost_without_proposal', NOT arrayExists(x -> x.1 = 'proposal', stages))
    ] AS missing
    GROUP BY team, rep, missing.1
)
WHERE rep != 'unassigned'{rep_signals}
ORDER BY is_far DESC, signal, team, rep;
