-- What it takes to win a deal: opportunities, proposals, demos and calls, each with the deal it came to.

-- Deals won, each with the steps by way of which it was: ``demos`` and ``calls`` are those of its lead since that won a deal before.
CREATE OR REPLACE VIEW recorded_wins AS
SELECT
    deals.lead AS lead, at, rep, dimensions, currency, amount,
    map(
        'opportunities', is_opened, 'proposals', is_proposed,
        'demos', arrayExists(x -> x <= at AND ifNull(x > won_before, true), demos),
        'calls', arrayExists(x -> x <= at AND ifNull(x > won_before, true), calls)
    ) AS ways
FROM (
    SELECT
        lead, assumeNotNull(ended_at) AS at, rep, dimensions, currency, amount,
        opened_at IS NOT NULL AS is_opened, arrayExists(x -> x.1 = 'proposal', stages) AS is_proposed,
        lagInFrame(toNullable(at)) OVER (PARTITION BY lead ORDER BY at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS won_before
    FROM recorded_deals
    WHERE outcome = 'won'
) AS deals
LEFT JOIN (
    SELECT acts.lead AS lead, groupArrayIf(acts.at, kind = 'demo') AS demos, groupArrayIf(acts.at, kind = 'call') AS calls
    FROM recorded_acts AS acts
    WHERE NOT is_inbound
    GROUP BY acts.lead
) AS told ON told.lead = deals.lead;

-- Each try with when a deal was won after it; of several tries before one deal the last (``is_last``) has come to it.
CREATE OR REPLACE VIEW recorded_tries AS
SELECT 'opportunities' AS step, dimensions, assumeNotNull(opened_at) AS at, if(outcome = 'won', ended_at, NULL) AS won_at, true AS is_last
FROM recorded_deals
WHERE opened_at IS NOT NULL
UNION ALL
SELECT 'proposals', dimensions, arrayFirst(x -> x.1 = 'proposal', stages).2, if(outcome = 'won', ended_at, NULL), true
FROM recorded_deals
WHERE arrayExists(x -> x.1 = 'proposal', stages)
UNION ALL
SELECT
    concat(kind, 's'), dimensions, acts.at, arrayFirstOrNull(x -> x >= acts.at, won.times) AS won_at, ifNull(next_at > won_at, true)
FROM (
    SELECT
        lead, kind, at, dimensions,
        leadInFrame(toNullable(at)) OVER (PARTITION BY lead, kind ORDER BY n ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
            AS next_at
    FROM recorded_acts
    WHERE kind IN ('call', 'demo') AND NOT is_inbound
) AS acts
LEFT JOIN (SELECT lead, arraySort(groupArray(at)) AS times FROM recorded_wins GROUP BY lead) AS won ON won.lead = acts.lead;
