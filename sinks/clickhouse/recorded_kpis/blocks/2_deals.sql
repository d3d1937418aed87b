-- Deals once, with their standing outcome. Money is exact to twelve decimals.

CREATE OR REPLACE VIEW recorded_deal_events AS
WITH (SELECT (groupArray(subject), groupArray(lead)) FROM recorded_merges) AS merged
SELECT
    transform(events.subject, merged.1, merged.2, events.subject) AS lead,
    JSONExtractString(body, 'data', 'deal_id') AS deal_id,
    row_number() OVER (PARTITION BY lead, deal_id ORDER BY events.time, events.source, events.id, type, events.subject) AS n,
    events.time AS at,
    type,
    JSONExtract(body, 'data', 'Tuple(currency String, product String, region String, channel String, partner String,
        rep String, team String, kind String, stage String, reason String)') AS data,
    -- A text or a number, as the sender wrote it.
    toDecimal128OrNull(trim(BOTH '"' FROM JSONExtractRaw(body, 'data', 'amount')), 12) AS amount,
    toDecimal128OrNull(trim(BOTH '"' FROM JSONExtractRaw(body, 'data', 'cost')), 12) AS cost,
    toDecimal128OrNull(trim(BOTH '"' FROM JSONExtractRaw(body, 'data', 'monthly_recurring')), 12) AS monthly,
    toDecimal128OrNull(JSONExtractRaw(body, 'data', 'units'), 12) AS units
FROM events_once AS events
WHERE events.topic = 'deals' AND lead != '';

-- ``outcome`` is ``won`` or ``lost``, the latest of several; empty while the deal is open. What it does not state is the
-- opening's. ``stages`` are the stages entered, in their order: (stage, when).
CREATE OR REPLACE VIEW recorded_deals AS
SELECT
    lead,
    deal_id,
    if(opened_n = 0, NULL, opening_at) AS opened_at,
    transform(ended_type, ['deal.won', 'deal.lost'], ['won', 'lost'], '') AS outcome,
    ended_n,
    if(ended_n = 0, NULL, ending_at) AS ended_at,
    if(opened_n = 0 OR ended_n = 0, NULL, greatest(dateDiff('millisecond', opening_at, ending_at), 0)) AS cycle_ms,
    coalesce(ended_money.1, opened_money.1, toDecimal128(0, 12)) AS amount,
    coalesce(nullIf(ended.currency, ''), nullIf(opened.currency, ''), '{home_currency}') AS currency,
    coalesce(ended_money.2, opened_money.2, toDecimal128(0, 12)) AS units,
    ended_money.3 AS cost,
    ended_money.4 AS monthly,
    coalesce(nullIf(ended.rep, ''), nullIf(opened.rep, ''), 'unassigned') AS rep,
    coalesce(nullIf(ended.team, ''), nullIf(opened.team, ''), 'unassigned') AS team,
    coalesce(nullIf(ended.product, ''), nullIf(opened.product, ''), 'unknown') AS product,
    coalesce(nullIf(ended.region, ''), nullIf(opened.region, ''), 'unknown') AS region,
    if(opened.channel = '', 'unknown', opened.channel) AS channel,
    if(opened.partner = '', 'unknown', opened.partner) AS partner,
    if(opened.kind = '', 'new', opened.kind) AS kind,
    if(ended.reason = '', 'unknown', ended.reason) AS reason,
    coalesce(opened_money.1, ended_money.1, toDecimal128(0, 12)) AS opened_amount,
    coalesce(nullIf(opened.currency, ''), nullIf(ended.currency, ''), '{home_currency}') AS opened_currency,
    stages,
    map('team', team, 'rep', rep, 'product', product, 'region', region, 'channel', channel, 'partner', partner,
        'stage', if(empty(stages), 'unknown', (stages[-1]).1))::Map(String, String) AS dimensions
FROM (
    SELECT
        lead,
        deal_id,
        minIf(n, type = 'deal.opened') AS opened_n,
        argMinIf(at, n, type = 'deal.opened') AS opening_at,
        argMinIf(data, n, type = 'deal.opened') AS opened,
        argMinIf((amount, units), n, type = 'deal.opened') AS opened_money,
        maxIf(n, type IN ('deal.won', 'deal.lost')) AS ended_n,
        argMaxIf(at, n, type IN ('deal.won', 'deal.lost')) AS ending_at,
        argMaxIf(type, n, type IN ('deal.won', 'deal.lost')) AS ended_type,
        argMaxIf(data, n, type IN ('deal.won', 'deal.lost')) AS ended,
        argMaxIf((amount, units, cost, monthly), n, type IN ('deal.won', 'deal.lost')) AS ended_money,
        arrayMap(x -> (x.2, x.3), arraySort(groupArrayIf(
            (n, data.stage, at), data.stage != '' AND type IN ('deal.opened', 'deal.stage_changed')))) AS stages
    FROM recorded_deal_events
    GROUP BY lead, deal_id
);
