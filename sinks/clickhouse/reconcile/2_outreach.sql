-- What was said to leads and what they answered.

-- Each message by the first event that sends it, and what was told of it at any time.
CREATE OR REPLACE TEMPORARY TABLE messages ENGINE = MergeTree ORDER BY (lead, message_id) AS
SELECT
    lead,
    data.message_id AS message_id,
    minIf(history.n, type = 'email.sent') AS n,
    argMinIf(history.at, history.n, type = 'email.sent') AS at,
    argMinIf(history.channel, history.n, type = 'email.sent') AS channel,
    countIf(type = 'email.bounced') > 0 AS is_bounced,
    countIf(type = 'email.delivered') > 0 AS is_reported,
    countIf(type = 'email.opened' AND NOT data.machine) > 0 AS is_opened,
    countIf(type = 'email.clicked' AND NOT data.machine) > 0 AS is_clicked,
    countIf(type = 'email.opened' AND data.machine) > 0 AS is_opened_by_machine,
    countIf(type = 'email.clicked' AND data.machine) > 0 AS is_clicked_by_machine
FROM history
WHERE type IN ('email.sent', 'email.delivered', 'email.bounced', 'email.opened', 'email.clicked')
GROUP BY lead, data.message_id
HAVING n > 0;

-- Outbound human attempts; and an answered inbound call where it comes before any other touch of its instance.
CREATE OR REPLACE TEMPORARY TABLE touches ENGINE = MergeTree ORDER BY (lead, n) AS
SELECT
    *,
    row_number() OVER (PARTITION BY lead, falls_into ORDER BY n) AS number,
    -- Whose lead it is if this is the first touch: the owner's then, the sender's where nobody owned it.
    if(owner_rep IS NULL, rep, assumeNotNull(owner_rep)) AS holder,
    if(owner_rep IS NULL, team, ifNull(owner_team, 'unassigned')) AS holder_team
FROM (
    SELECT *, row_number() OVER (PARTITION BY lead, falls_into ORDER BY n) AS place
    FROM history
    WHERE is_call_out
        OR (is_call_in AND data.answered)
        OR (type = 'email.sent' AND NOT data.automatic
            AND (lead, n) IN (SELECT lead, n FROM messages WHERE NOT is_bounced))
)
WHERE NOT is_call_in OR place = 1;

-- What replies may come after: to outreach before a lead engaged, the answered call that engages it is a reply.
CREATE OR REPLACE TEMPORARY TABLE answerable ENGINE = MergeTree ORDER BY (lead, n) AS
SELECT *
FROM touches
WHERE NOT (is_call_in AND falls_into = 1 AND lead IN (SELECT lead FROM touches WHERE falls_into = 0));

-- Human replies within the horizon of a touch before them (equal times count), with that touch (after_n), what they
-- answer (answers_n, 0 for nothing) and their class.
CREATE OR REPLACE TEMPORARY TABLE replies ENGINE = MergeTree ORDER BY (lead, n) AS
SELECT
    said.* EXCEPT (names),
    touch_n AS after_n,
    touch_home AS of_instance,
    message_n > 0 AND message_at <= at AS answers_message,
    if(answers_message, message_n, earlier_n) AS answers_n,
    if(answers_message, message_at, earlier_at) AS answers_at,
    multiIf(
        type = 'call.completed', 'call', data.channel != '', data.channel, message_n > 0, message_channel, 'email'
    ) AS reply_channel,
    if(type = 'call.completed', data.outcome, found_to_be) AS reply_class
FROM (
    SELECT *, if(type = 'email.replied', data.in_reply_to, '') AS names
    FROM history
    WHERE is_connected_with_outcome
        OR (is_call_in AND (lead, n) NOT IN (SELECT lead, n FROM answerable))
        OR (type = 'email.replied' AND found_to_be NOT IN ('auto', 'bounce'))
) AS said
ASOF INNER JOIN (
    SELECT lead AS touch_lead, at AS touch_at, max(n) AS touch_n, argMax(home, n) AS touch_home
    FROM answerable
    GROUP BY lead, at
) AS last_touch ON touch_lead = lead AND at >= touch_at
ASOF LEFT JOIN (
    SELECT lead AS earlier_lead, at AS earlier_at, max(n) AS earlier_n
    FROM answerable
    GROUP BY lead, at
) AS earlier ON earlier_lead = lead AND at > earlier_at
LEFT JOIN (
    SELECT lead AS message_lead, message_id, n AS message_n, at AS message_at, channel AS message_channel
    FROM messages
) AS named ON message_lead = lead AND message_id = names
WHERE at - touch_at <= {reply_horizon:Int64};

-- The touches that answer each instance: not those after its closing. Never before it engaged, and at once where an
-- answered inbound call, the first touch of all, engaged it.
CREATE OR REPLACE TEMPORARY TABLE answers ENGINE = MergeTree ORDER BY (lead, instance, n) AS
SELECT
    touches.lead AS lead,
    touches.falls_into AS instance,
    touches.n AS n,
    touches.rep AS rep,
    touches.at AS touched_at,
    if(number = 1 AND is_call_in AND touches.at - engaged_at <= {clock_skew:Int64},
        engaged_at, greatest(engaged_at, touches.at)) AS at
FROM touches
INNER JOIN instances ON instances.lead = touches.lead AND instances.instance = touches.falls_into
WHERE touches.n < closed_n;

-- Two-way exchanges: calls that lasted, replies by a person who speaks or writes.
CREATE OR REPLACE TEMPORARY TABLE contacts ENGINE = MergeTree ORDER BY (lead, instance) AS
SELECT
    met.lead AS lead,
    met.falls_into AS instance,
    -- The call that engaged the lead and was its first touch meets it at once.
    min(if(answers.n > 0, answers.at, greatest(engaged_at, met.at))) AS at
FROM (
    SELECT lead, n, history.at AS at, falls_into
    FROM history
    WHERE (is_call_in OR is_call_out)
        AND ifNull(coalesce(data.talk_seconds, data.duration_seconds) >= {contact_seconds:Float64}, data.answered)
    UNION ALL
    SELECT lead, n, replies.at AS at, falls_into
    FROM replies
    WHERE type = 'email.replied' OR data.answered
) AS met
INNER JOIN instances ON instances.lead = met.lead AND instances.instance = met.falls_into
LEFT JOIN answers ON answers.lead = met.lead AND answers.n = met.n
WHERE met.n < closed_n
GROUP BY met.lead, met.falls_into;

-- Each instance that counts, with its rep and team: the owner at the first touch (else whoever sent it), while there
-- is none the present one.
CREATE OR REPLACE TEMPORARY TABLE cohort ENGINE = MergeTree ORDER BY (lead, instance) AS
SELECT
    instances.lead AS lead,
    instances.instance AS instance,
    instances.n AS n,
    end_n,
    closed_n,
    engaged_at,
    instances.temperature AS temperature,
    instances.source AS source,
    instances.region AS region,
    temperature_since,
    if(first.n > 0, first.holder, ifNull(last_owner.1, 'unassigned')) AS rep,
    if(first.n > 0, first.holder_team, ifNull(last_owner.2, 'unassigned')) AS team
FROM instances
LEFT JOIN (SELECT lead, n, falls_into, holder, holder_team FROM touches WHERE number = 1) AS first
    ON first.lead = instances.lead AND first.falls_into = instances.instance AND first.n < instances.closed_n
WHERE NOT is_duplicate;
