-- What happened to whom: every event under the lead it belongs to in the end, in its order, with whose lead it was then.

-- A subject goes to what it was first merged into, and on from there; of a circle nothing is left (lead is empty).
CREATE OR REPLACE VIEW recorded_merges AS
WITH RECURSIVE
    merges AS (
        SELECT subject, argMin(JSONExtractString(body, 'data', 'into'), (time, source, id)) AS into
        FROM events_once
        WHERE topic = 'leads' AND type = 'lead.merged'
            -- All views ask this; so only few subjects are read.
            AND subject IN (SELECT subject FROM events WHERE type = 'lead.merged')
        GROUP BY subject
    ),
    chain AS (
        SELECT subject, into AS lead, [subject] AS passed
        FROM merges
        UNION ALL
        SELECT chain.subject, merges.into, arrayPushBack(chain.passed, chain.lead)
        FROM chain
        INNER JOIN merges ON merges.subject = chain.lead
        WHERE NOT has(chain.passed, chain.lead)
    )
SELECT subject, anyIf(chain.lead, chain.lead NOT IN (SELECT subject FROM merges)) AS lead
FROM chain
GROUP BY subject
UNION ALL
-- One that is nobody's, so that there is always one.
SELECT '' AS subject, '' AS lead
SETTINGS max_recursive_cte_evaluation_depth = 100000;

-- ``n`` numbers the events of a lead in their order (time, source, id). ``instance`` is how often the lead was engaged up
-- to and with the event: an engagement takes a lead over unless it is open, engaged by a qualified event and not closed.
CREATE OR REPLACE VIEW recorded_history AS
WITH
    (SELECT (groupArray(subject), groupArray(lead)) FROM recorded_merges) AS merged,
    happened AS (
        SELECT
            transform(events.subject, merged.1, merged.2, events.subject) AS lead,
            row_number() OVER (PARTITION BY lead ORDER BY events.time, events.source, events.id, type, events.subject) AS n,
            events.time AS at,
            events.source AS sender,
            type,
            JSONExtract(body, 'data', 'Tuple(
                qualified Nullable(Bool), owner String, team String, temperature String, source String, channel String,
                region String, segment String, campaign String, account String, stage String, reason String,
                first_seen_at String, rep String, direction String, kind String, answered Bool, automatic Bool,
                outcome String, message_id String, machine Bool, in_reply_to String, deal_id String)') AS data,
            events.reply_class AS reply_class
        FROM events_once AS events
        WHERE events.topic IN ('leads', 'calls', 'emails', 'deals') AND type != 'lead.merged' AND lead != ''
    ),
    turned AS (
        SELECT
            *,
            last_value(if(
                type = 'lead.closed' OR (type = 'lead.engaged' AND ifNull(data.qualified, true)), toString(type), NULL
            )) OVER (PARTITION BY lead ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS last_turn,
            type = 'lead.engaged' AND ifNull(last_turn, 'lead.closed') = 'lead.closed' AS takes_over,
            takes_over AND ifNull(data.qualified, true) AS starts,
            takes_over OR type = 'lead.assigned' AS owns
        FROM happened
    )
SELECT
    lead, n, at, sender, type, data, reply_class, starts,
    sum(starts) OVER before_and_this AS instance,
    -- An owner or a team that is not stated stays what it was.
    last_value(if(owns, nullIf(data.owner, ''), NULL)) OVER before_and_this AS owner,
    last_value(if(owns, nullIf(data.team, ''), NULL)) OVER before_and_this AS owner_team,
    -- By its time an act belongs to the last engagement by then, give or take the clock skew.
    arrayCount(
        engaged -> engaged - toIntervalMillisecond({clock_skew}) <= at, groupArrayIf(at, starts) OVER (PARTITION BY lead)
    ) AS falls_into,
    coalesce(nullIf(data.rep, ''), owner, 'unassigned') AS rep,
    coalesce(nullIf(if(type LIKE 'lead.%', '', data.team), ''), owner_team, 'unassigned') AS team
FROM turned
WINDOW before_and_this AS (PARTITION BY lead ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW);

-- What people did towards leads and leads' own calls, each with its channel and kind. ``touches`` is whether it is an
-- attempt that may answer a lead: an answered call of theirs is one where it comes before any other.
CREATE OR REPLACE VIEW recorded_acts AS
SELECT
    * EXCEPT (is_call, answered, automatic, may_touch),
    may_touch AND (NOT is_inbound OR sum(may_touch) OVER before_and_this = 1) AS touches,
    map('team', team, 'rep', rep, 'channel', channel)::Map(String, String) AS dimensions
FROM (
    SELECT
        lead, n, at, type, rep, team, owner, owner_team, falls_into,
        type = 'call.completed' AS is_call,
        data.direction = 'inbound' AS is_inbound,
        data.answered AS answered,
        data.automatic AS automatic,
        data.message_id AS message_id,
        multiIf(is_call, 'call', data.channel = '', 'email', data.channel) AS channel,
        multiIf(is_call AND data.kind = '', 'call', is_call, data.kind, channel) AS kind,
        countIf(type = 'email.bounced') OVER (PARTITION BY lead, data.message_id) > 0 AS is_bounced,
        if(is_call, NOT is_inbound OR answered, NOT is_bounced) AS may_touch
    FROM recorded_history
    WHERE type IN ('call.completed', 'email.sent', 'email.bounced')
    -- Of a message that is sent twice the first is the message; each call stands for itself.
    ORDER BY lead, n
    LIMIT 1 BY lead, type, if(type = 'call.completed', toString(n), data.message_id)
)
WHERE NOT automatic AND type != 'email.bounced'
WINDOW before_and_this AS (PARTITION BY lead, falls_into ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW);

-- Messages of people, each with what became of it. Where a source never reports a delivery, what did not bounce arrived.
CREATE OR REPLACE VIEW recorded_messages AS
SELECT
    lead, message_id, sent.2 AS at, sent.3 AS rep, sent.4 AS team,
    if(sent.5 = '', 'email', sent.5) AS channel,
    map('team', team, 'rep', rep, 'channel', channel)::Map(String, String) AS dimensions,
    is_opened,
    is_reported OR is_opened OR (NOT is_bounced AND sent.6 NOT IN (
        SELECT sender FROM recorded_history WHERE type = 'email.delivered' GROUP BY sender
    )) AS is_delivered,
    is_replied
FROM (
    SELECT
        lead,
        if(type = 'email.replied', data.in_reply_to, data.message_id) AS message_id,
        argMinIf((n, at, rep, team, data.channel, sender, data.automatic), n, type = 'email.sent') AS sent,
        countIf(type = 'email.bounced') > 0 AS is_bounced,
        countIf(type = 'email.delivered') > 0 AS is_reported,
        countIf(type IN ('email.opened', 'email.clicked') AND NOT data.machine) > 0 AS is_opened,
        countIf(type = 'email.replied' AND reply_class NOT IN ('auto', 'bounce')) > 0 AS is_replied
    FROM recorded_history
    WHERE type LIKE 'email.%'
    GROUP BY lead, message_id
)
WHERE sent.1 > 0 AND NOT sent.7;
