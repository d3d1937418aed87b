-- What each deal adds to its KPIs. Of several outcomes the latest stands; what it does not state is the opening's.

CREATE OR REPLACE TEMPORARY TABLE deals ENGINE = MergeTree ORDER BY (lead, deal) AS
SELECT
    lead,
    deal,
    is_opened,
    is_ended,
    opening.1 AS opened_at,
    outcome.1 AS ended_at,
    is_ended AND outcome.8 AS is_won,
    if(outcome.9 = '', 'unknown', outcome.9) AS loss_reason,
    coalesce(nullIf(outcome.2, ''), nullIf(opening.2, ''), 'unassigned') AS rep,
    coalesce(nullIf(outcome.3, ''), nullIf(opening.3, ''), 'unassigned') AS team,
    lead_then.1 AS temperature,
    lead_then.2 AS source,
    lead_then.5 AS home,
    -- Of a loss no more is known than who lost it and why.
    coalesce(if(is_won, nullIf(outcome.4, ''), NULL), nullIf(opening.4, ''), lead_then.3) AS region,
    if(is_won, nullIf(outcome.6, ''), NULL) AS paid,
    nullIf(opening.6, '') AS asked,
    coalesce(paid, asked) AS amount,
    coalesce(if(is_won, nullIf(outcome.7, ''), NULL), nullIf(opening.7, '')) AS units,
    coalesce(
        if(is_won AND (paid IS NOT NULL OR asked IS NULL), nullIf(outcome.5, ''), NULL),
        nullIf(opening.5, ''),
        {currency:String}
    ) AS currency
FROM (
    SELECT
        lead,
        data.deal_id AS deal,
        countIf(type = 'deal.opened') > 0 AS is_opened,
        countIf(type IN ('deal.won', 'deal.lost')) > 0 AS is_ended,
        argMinIf(
            tuple(at, data.rep, data.team, data.region, data.currency, amount, units), n, type = 'deal.opened'
        ) AS opening,
        argMaxIf(
            tuple(at, data.rep, data.team, data.region, data.currency, amount, units, type = 'deal.won', data.reason),
            n, type IN ('deal.won', 'deal.lost')
        ) AS outcome,
        argMin(tuple(temperature, source, region, is_duplicate, home), n) AS lead_then
    FROM history
    WHERE type IN ('deal.opened', 'deal.stage_changed', 'deal.won', 'deal.lost')
    GROUP BY lead, deal
)
WHERE NOT lead_then.4;

INSERT INTO seen
SELECT kpi.1, '', opened_at, rep, team, temperature, source, region, '', 1, kpi.2, ''
FROM deals
ARRAY JOIN [('opportunities_created', NULL), ('closing_ratio', toNullable(is_won))] AS kpi
WHERE is_opened;

-- Visits of stages, from the event that brings a deal there to the next that takes it elsewhere or ends it; one that
-- comes back visits the stage anew. An opening that says nothing of a stage leaves the deal where it is.
CREATE OR REPLACE TEMPORARY TABLE visits ENGINE = MergeTree ORDER BY (lead, deal, n) AS
SELECT
    lead, deal, n, stage, at AS entered_at,
    leadInFrame(n) OVER following AS left_n,
    leadInFrame(at) OVER following AS left_at,
    leadInFrame(type) OVER following AS left_by
FROM (
    SELECT
        lead, data.deal_id AS deal, n, at, type, if(type IN ('deal.won', 'deal.lost'), '', data.stage) AS stage,
        lagInFrame(stage) OVER (
            PARTITION BY lead, deal ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS stage_before
    FROM history
    WHERE type IN ('deal.stage_changed', 'deal.won', 'deal.lost') OR (type = 'deal.opened' AND data.stage != '')
)
WHERE stage != stage_before
WINDOW following AS (PARTITION BY lead, deal ORDER BY n ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING);

INSERT INTO seen
SELECT kpi.1, '', at, rep, team, temperature, source, region, '', 1, kpi.2, ''
FROM (
    SELECT lead, deal, entered_at AS at, row_number() OVER (PARTITION BY lead, deal ORDER BY n) AS number
    FROM visits
    WHERE stage = 'proposal'
) AS proposals
INNER JOIN deals USING (lead, deal)
ARRAY JOIN if(
    number = 1, [('proposals_sent', NULL), ('quote_to_close', toNullable(is_won))], [('proposals_sent', NULL)]
) AS kpi;

INSERT INTO seen
SELECT kpi.1, stage, left_at, rep, team, temperature, source, region, '', 1, kpi.2, ''
FROM visits
INNER JOIN deals USING (lead, deal)
LEFT JOIN (
    SELECT lead, groupArray(at) AS times FROM touches WHERE NOT is_duplicate GROUP BY lead
) AS touched USING (lead)
ARRAY JOIN [
    ('stage_duration', left_at - entered_at),
    ('stage_conversion', toInt64(left_by != 'deal.lost')),
    ('touches_per_stage_move', toInt64(arrayCount(touch -> touch >= entered_at AND touch < left_at, touched.times)))
] AS kpi
WHERE stage != '' AND left_n > 0;

INSERT INTO seen
SELECT kpi.1, kpi.2, ended_at, rep, team, temperature, source, region, '', 1, kpi.3, ifNull(kpi.4, '')
FROM deals
ARRAY JOIN arrayFilter(
    one -> one.5,
    [
        ('win_rate', '', toNullable(toInt64(is_won)), NULL, true),
        (if(is_won, 'deals_won', 'deals_lost'), '', NULL, NULL, true),
        ('deals_lost', loss_reason, NULL, NULL, NOT is_won),
        (if(is_won, 'won_amount', 'lost_amount'), currency, NULL, amount, amount IS NOT NULL),
        ('won_units', currency, NULL, units, is_won AND units IS NOT NULL),
        ('sales_cycle_length', '', greatest(ended_at - opened_at, 0), NULL, is_won AND is_opened)
    ]
) AS kpi
WHERE is_ended;

INSERT INTO seen
SELECT
    'conversion_time', '', ended_at, rep, team, temperature, source, region, '', 1,
    greatest(ended_at - instances.engaged_at, 0), ''
FROM deals
INNER JOIN (SELECT lead, instance AS home, engaged_at FROM instances) AS instances USING (lead, home)
WHERE is_won;
