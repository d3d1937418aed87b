-- Customers and what they pay. A customer is the lead's account, else the lead, from its first won deal until its last deal
-- has churned; one that comes back is a customer once more.

CREATE OR REPLACE VIEW recorded_subjects AS
WITH (SELECT (groupArray(subject), groupArray(lead)) FROM recorded_merges) AS merged
SELECT
    transform(events.subject, merged.1, merged.2, events.subject) AS lead,
    argMaxIf(stated.account, place, stated.account != '') AS account,
    if(account = '', lead, account) AS customer,
    argMaxIf((stated.source, stated.segment, stated.campaign), place, type = 'lead.engaged') AS last_stated,
    if(last_stated.1 = '', 'unknown', last_stated.1) AS source,
    if(last_stated.2 = '', 'unknown', last_stated.2) AS segment,
    if(last_stated.3 = '', 'unknown', last_stated.3) AS campaign,
    min(least(time, ifNull(parseDateTime64BestEffortOrNull(stated.first_seen_at, 3, 'UTC'), time))) AS first_seen_at
FROM (
    SELECT
        subject, time, type, (time, source, id, type, subject) AS place,
        JSONExtract(if(type = 'lead.engaged', body, ''), 'data',
            'Tuple(account String, source String, segment String, campaign String, first_seen_at String)') AS stated
    FROM events_once
    WHERE topic IN ('leads', 'calls', 'emails', 'deals') AND type != 'lead.merged'
) AS events
WHERE lead != ''
GROUP BY lead;

-- What was won, and how it went on: one row per won deal and its renewals, expansions and cancellation.
-- ``monthly`` is what the deal pays a month from then on: what the event states, else what it was; nothing once cancelled.
CREATE OR REPLACE VIEW recorded_movements AS
SELECT
    * EXCEPT (paid),
    if(movement = 'churned', toDecimal128(0, 12), ifNull(paid, toDecimal128(0, 12))) AS monthly,
    lagInFrame(monthly) OVER (PARTITION BY lead, deal_id ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS monthly_before,
    movement != 'churned' AS is_active,
    lagInFrame(monthly_currency) OVER (PARTITION BY lead, deal_id ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
        AS currency_before,
    lagInFrame(is_active) OVER (PARTITION BY lead, deal_id ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS was_active,
    map('team', team, 'rep', rep, 'product', product, 'region', region, 'channel', channel, 'partner', partner,
        'segment', segment, 'source', source, 'campaign', campaign)::Map(String, String) AS dimensions
FROM (
    SELECT
        deals.lead AS lead, deals.deal_id AS deal_id, subjects.customer AS customer,
        told.n AS n, told.at AS at,
        substring(told.type, 6) AS movement,
        if(movement = 'won', deals.amount, ifNull(told.amount, toDecimal128(0, 12))) AS amount,
        if(movement = 'won' OR told.data.currency = '', deals.currency, told.data.currency) AS currency,
        last_value(told.monthly) OVER (
            PARTITION BY deals.lead, deals.deal_id ORDER BY told.n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS paid,
        last_value(if(told.monthly IS NULL, NULL, currency)) OVER (
            PARTITION BY deals.lead, deals.deal_id ORDER BY told.n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS monthly_currency,
        if(movement IN ('won', 'renewed') OR told.data.kind = '', deals.kind, told.data.kind) AS kind,
        if(movement = 'won' OR told.data.product = '', deals.product, told.data.product) AS product,
        told.data.reason AS reason,
        multiIf(
            movement = 'expanded', if(told.data.kind = 'cross_sell', 'cross_sell', 'upsell'),
            movement = 'won' AND deals.kind IN ('upsell', 'cross_sell'), deals.kind, ''
        ) AS expands,
        deals.rep AS rep, deals.team AS team, deals.region AS region, deals.channel AS channel, deals.partner AS partner,
        deals.units AS units, deals.cost AS cost, deals.cycle_ms AS cycle_ms,
        subjects.segment AS segment, subjects.source AS source, subjects.campaign AS campaign,
        subjects.first_seen_at AS first_seen_at
    FROM (SELECT * FROM recorded_deals WHERE outcome = 'won') AS deals
    INNER JOIN recorded_deal_events AS told ON told.lead = deals.lead AND told.deal_id = deals.deal_id
    INNER JOIN recorded_subjects AS subjects ON subjects.lead = deals.lead
    WHERE told.n = deals.ended_n
        OR (told.n > deals.ended_n AND told.type IN ('deal.renewed', 'deal.expanded', 'deal.churned'))
);

-- Each time somebody was a customer: from ``since`` to before ``until``, which is empty while it lasts. Whose customer, and of
-- what kind, the first deal says. ``number`` 1 is a new customer.
CREATE OR REPLACE VIEW recorded_customers AS
SELECT
    customer, number, min(at) AS since,
    if(argMax(active, place) = 0, maxIf(at, change < 0), NULL) AS until,
    argMin(seen.lead, place) AS lead,
    argMin(seen.rep, place) AS rep,
    argMin(seen.team, place) AS team,
    argMin(seen.region, place) AS region,
    argMin(seen.product, place) AS product,
    argMin(seen.channel, place) AS channel,
    argMin(seen.partner, place) AS partner,
    argMin(seen.segment, place) AS segment,
    argMin(seen.source, place) AS source,
    argMin(seen.campaign, place) AS campaign,
    -- As a tuple, or one that is unknown would be passed over.
    argMin(tuple(seen.cycle_ms), place).1 AS cycle_ms,
    argMin(seen.currency, place) AS currency,
    min(seen.first_seen_at) AS first_seen_at,
    map('team', team, 'rep', rep, 'product', product, 'region', region, 'channel', channel, 'partner', partner,
        'segment', segment, 'source', source, 'campaign', campaign)::Map(String, String) AS dimensions
FROM (
    SELECT
        *,
        sum(active = change AND change > 0) OVER before_and_this AS number
    FROM (
        SELECT
            *,
            toInt64(is_active) - toInt64(was_active) AS change,
            sum(change) OVER before_and_this AS active,
            row_number() OVER before_and_this AS place
        FROM recorded_movements
        WINDOW before_and_this AS (
            PARTITION BY customer ORDER BY at, change DESC, lead, deal_id, n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        )
    )
    WINDOW before_and_this AS (PARTITION BY customer ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
) AS seen
GROUP BY customer, number;

-- What each customer pays a month, in each currency, from one change (``since``) to before the next (``until``).
CREATE OR REPLACE VIEW recorded_revenue AS
SELECT
    customer, currency, at AS since, monthly,
    leadInFrame(at, 1, toDateTime64('2299-01-01 00:00:00', 3, 'UTC')) OVER (
        PARTITION BY customer, currency ORDER BY at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    ) AS until
FROM (
    SELECT
        customer, currency, at,
        sum(sum(change)) OVER (
            PARTITION BY customer, currency ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS monthly
    FROM (
        SELECT customer, at, monthly AS change, ifNull(monthly_currency, '') AS currency FROM recorded_movements
        UNION ALL
        SELECT customer, at, -monthly_before AS change, ifNull(currency_before, '') AS currency FROM recorded_movements
    )
    WHERE change != 0
    GROUP BY customer, currency, at
);

-- What was sold to those who were customers already: what, when in their tenure, to whom, by whom.
CREATE OR REPLACE VIEW recorded_expansions AS
SELECT
    at, expands AS kind, product, dateDiff('millisecond', customer_since, at) / 86400000 AS tenure_days,
    customer, segment, rep, team, amount, currency, dimensions
FROM (SELECT *, min(at) OVER (PARTITION BY customer) AS customer_since FROM recorded_movements)
WHERE expands != '' AND at > customer_since;
