-- Much or well: what each rep does and what comes of it, beside the median of all.
CREATE OR REPLACE VIEW quality_quantity AS
WITH
    parseDateTime64BestEffort({from:String}, 3, '{timezone}') AS asked_from,
    parseDateTime64BestEffort({to:String}, 3, '{timezone}') AS asked_to
SELECT
    team, rep, activities, deals_won,
    if(deals_won = 0, NULL, activities / deals_won) AS activities_per_won_deal,
    median(activities) OVER () AS median_activities,
    median(activities_per_won_deal) OVER () AS median_per_won_deal,
    activities + deals_won AS n, deals_won < {minimum_sample} AS small
FROM (
    SELECT rep, argMax(team, at) AS team, countIf(NOT is_won) AS activities, countIf(is_won) AS deals_won
    FROM (
        SELECT rep, team, at, false AS is_won FROM recorded_acts WHERE NOT is_inbound
        UNION ALL
        SELECT rep, team, assumeNotNull(ended_at), true FROM recorded_deals WHERE outcome = 'won'
    )
    WHERE at >= asked_from AND at < asked_to AND rep != 'unassigned'
    GROUP BY rep
)
WHERE 1{rep_signals}
ORDER BY activities_per_won_deal IS NULL, activities_per_won_deal, rep;
