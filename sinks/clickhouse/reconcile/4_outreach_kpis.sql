-- What each lead, reply, message and act adds to the KPIs of replies and activity.

-- Of what was contacted, at its first touch: who replied, first of which class, and on which of the channels touched.
CREATE OR REPLACE TEMPORARY TABLE contacted ENGINE = MergeTree ORDER BY (lead, home) AS
SELECT
    first.lead AS lead,
    first.home AS home,
    first.at AS at,
    first.holder AS rep,
    first.holder_team AS team,
    first.temperature AS temperature,
    first.source AS source,
    first.region AS region,
    channels,
    replied.channels_back AS channels_back,
    length(channels_back) > 0 AS has_replied,
    replied.class AS class
FROM (
    SELECT *, groupUniqArray(answerable.channel) OVER (PARTITION BY lead, home) AS channels
    FROM answerable
    ORDER BY lead, n
    LIMIT 1 BY lead, home
) AS first
LEFT JOIN (
    SELECT
        lead,
        of_instance,
        groupUniqArray(reply_channel) AS channels_back,
        argMinIf(reply_class, n, reply_class != '') AS class
    FROM replies
    GROUP BY lead, of_instance
) AS replied ON replied.lead = first.lead AND replied.of_instance = first.home
WHERE NOT first.is_duplicate;

INSERT INTO seen
SELECT
    kpi.1, '', at, rep, team, temperature, source, region, '', 1, kpi.2, ''
FROM contacted
ARRAY JOIN [
    ('reply_rate', has_replied),
    ('positive_reply_rate', class = 'positive'),
    ('negative_reply_rate', class = 'negative')
] AS kpi;

INSERT INTO seen
SELECT
    'reply_rate', '', at, rep, team, temperature, source, region, touched_on, 2, has(channels_back, touched_on), ''
FROM contacted
ARRAY JOIN channels AS touched_on;

-- From here on things that happened, under whoever did them; those of duplicates are left out.
INSERT INTO seen
SELECT
    'reply_latency', '', at, rep, team, temperature, source, region, '', 1, at - answers_at, ''
FROM replies
WHERE answers_n > 0 AND NOT is_duplicate;

-- A connected call drew its own outcome; a reply is drawn by what it answers, else by the last touch before it.
INSERT INTO seen
SELECT
    'message_reply_rate', '', at, rep, team, temperature, source, region, channel, 3,
    (lead, n) IN (
        SELECT lead, multiIf(is_call_out, n, answers_n > 0, answers_n, after_n)
        FROM replies
        WHERE reply_class = 'positive'
    ), ''
FROM touches
WHERE NOT is_call_in AND NOT is_duplicate;

-- Messages by people. One that was opened or clicked was delivered, whatever was told; one of a sender that never
-- tells of deliveries, unless it bounced.
INSERT INTO seen
WITH (
    SELECT groupUniqArray(toString(sender))
    FROM history
    WHERE (lead, n) IN (SELECT lead, n FROM messages WHERE is_reported)
) AS reporting
SELECT
    kpi.1, '', at, rep, team, temperature, source, region, '', 1, kpi.2, toString(kpi.3)
FROM (
    SELECT
        *,
        (is_opened OR is_clicked OR is_opened_by_machine OR is_clicked_by_machine)
            OR (NOT is_bounced AND (is_reported OR NOT has(reporting, sender))) AS is_delivered
    FROM history
    INNER JOIN (
        SELECT * EXCEPT (lead, n, at, channel), lead AS message_lead, n AS message_n FROM messages
    ) AS sent ON message_lead = lead AND message_n = n
    WHERE NOT data.automatic AND NOT is_duplicate
)
ARRAY JOIN [
    ('delivery_rate', toNullable(is_delivered), 0),
    ('bounce_rate', toNullable(is_bounced), 0),
    ('open_rate', if(is_delivered, is_opened, NULL), is_opened_by_machine),
    ('click_rate', if(is_delivered, is_clicked, NULL), is_clicked_by_machine)
] AS kpi;

INSERT INTO seen
SELECT
    'personalization', '', at, rep, team, temperature, source, region, '', 1, data.personalized_elements, ''
FROM touches
WHERE number > 1 AND type = 'email.sent' AND data.personalized_elements IS NOT NULL AND NOT is_duplicate;

INSERT INTO seen
SELECT
    'activities', kind, at, rep, team, temperature, source, region, '', 1, NULL,
    if(type IN ('call.completed', 'email.sent') AND data.customer != '', data.customer, 'unknown')
FROM history
ARRAY JOIN multiIf(
    is_call_out AND data.kind IN ('', 'call'),
    if((lead, n) IN (SELECT lead, n FROM touches WHERE number > 1), ['call', 'follow_up_call'], ['call']),
    is_call_out, [data.kind],
    [channel]
) AS kind
WHERE NOT is_duplicate
    AND (is_call_out
        OR (type = 'email.sent' AND NOT data.automatic AND (lead, n) IN (SELECT lead, n FROM messages)));

-- A quote is a deal that enters the stage ``proposal``.
INSERT INTO seen
SELECT 'activities', 'quote', at, rep, team, temperature, source, region, '', 1, NULL, 'unknown'
FROM (
    SELECT
        *,
        lagInFrame(data.stage) OVER (
            PARTITION BY lead, data.deal_id ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS stage_before
    FROM history
    WHERE type IN ('deal.opened', 'deal.stage_changed')
)
WHERE data.stage = 'proposal' AND stage_before != 'proposal' AND NOT is_duplicate;
