-- Leads, once for each time they engaged: when, whose, how far they came.
-- Rep and team are the owner's at the first touch, the sender's where nobody owned it; while nobody answers, the present
-- owner's. ``channel`` is the first touch's, ``none`` before there is one. A lead closed as a duplicate is none.
CREATE OR REPLACE VIEW recorded_leads AS
WITH
    instances AS (
        SELECT
            lead,
            -- Engagements, closings and stages belong to the running instance, acts to the one of their time.
            instance,
            minIf((n, at), starts) AS engaged,
            anyIf(data, starts) AS stated,
            minIf(n, type = 'lead.closed') AS closed_n,
            countIf(type = 'lead.closed' AND data.reason = 'duplicate') > 0 AS is_duplicate,
            argMax((owner, owner_team), n) AS last_owner,
            minIf(at, type IN ('lead.engaged', 'lead.stage_changed') AND data.stage = 'mql') AS mql_at,
            minIf(at, type IN ('lead.engaged', 'lead.stage_changed') AND data.stage = 'sql') AS sql_at
        FROM recorded_history
        WHERE type LIKE 'lead.%' AND instance > 0
        GROUP BY lead, instance
    ),
    answers AS (
        SELECT
            acts.lead AS lead,
            acts.falls_into AS instance,
            arraySort(x -> x.1, groupArray((
                acts.n, acts.at, acts.channel, coalesce(owner, rep), if(owner IS NULL, team, ifNull(owner_team, 'unassigned'))
            ))) AS told
        FROM recorded_acts AS acts
        WHERE acts.touches AND falls_into > 0
        GROUP BY acts.lead, acts.falls_into
    ),
    customers AS (
        SELECT lead, groupArray(assumeNotNull(ended_at)) AS won FROM recorded_deals WHERE outcome = 'won' GROUP BY lead
    )
SELECT
    instances.lead AS lead,
    instances.instance AS instance,
    engaged.2 AS engaged_at,
    leadInFrame(engaged.2, 1, toDateTime64('2299-01-01 00:00:00', 3, 'UTC')) OVER (
        PARTITION BY instances.lead ORDER BY instances.instance ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    ) AS next_at,
    is_duplicate,
    arrayFilter(x -> closed_n = 0 OR x.1 < closed_n, answers.told) AS answered,
    length(answered) AS touches,
    if(touches = 0, NULL, (answered[1]).2) AS first_touch_at,
    if(touches = 0, 'none', (answered[1]).3) AS channel,
    if(touches = 0, ifNull(last_owner.1, 'unassigned'), (answered[1]).4) AS rep,
    if(touches = 0, ifNull(last_owner.2, 'unassigned'), (answered[1]).5) AS team,
    if(stated.source = '', 'unknown', stated.source) AS source,
    if(stated.region = '', 'unknown', stated.region) AS region,
    if(stated.segment = '', 'unknown', stated.segment) AS segment,
    if(stated.campaign = '', 'unknown', stated.campaign) AS campaign,
    map('team', team, 'rep', rep, 'source', source, 'region', region, 'segment', segment, 'channel', channel,
        'campaign', campaign)::Map(String, String) AS dimensions,
    nullIf(mql_at, toDateTime64(0, 3, 'UTC')) AS mql_at,
    nullIf(sql_at, toDateTime64(0, 3, 'UTC')) AS sql_at,
    arraySort(arrayFilter(at -> at >= engaged_at AND at < next_at, customers.won)) AS won,
    if(empty(won), NULL, won[1]) AS won_at
FROM instances
LEFT JOIN answers ON answers.lead = instances.lead AND answers.instance = instances.instance
LEFT JOIN customers ON customers.lead = instances.lead;
