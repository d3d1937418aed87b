-- From recorded events to leads: whose events they are, in their order, and what state each one finds the lead in.
-- Written from the definitions, and where they are silent as the simulator's batch truth decides. From the streaming
-- code comes one thing only: the order of events whose time, source and id are equal.

-- A subject goes to what it was first merged into, and on from there; of a circle nothing is left.
CREATE OR REPLACE TEMPORARY TABLE merges AS
SELECT subject, argMin(JSONExtractString(body, 'data', 'into'), (time, source, id)) AS into
FROM events_once
WHERE topic = 'leads' AND type = 'lead.merged'
GROUP BY subject;

CREATE OR REPLACE TEMPORARY TABLE merged AS
WITH RECURSIVE chain AS (
    SELECT subject, into AS lead, [subject] AS passed
    FROM merges
    UNION ALL
    SELECT chain.subject, merges.into, arrayPushBack(chain.passed, chain.lead)
    FROM chain
    INNER JOIN merges ON merges.subject = chain.lead
    WHERE NOT has(chain.passed, chain.lead)
)
SELECT subject, lead
FROM chain
WHERE lead NOT IN (SELECT subject FROM merges)
SETTINGS max_recursive_cte_evaluation_depth = 100000;

-- n numbers the events of a lead in their order (time, source, id). Equal ones of different topics or subjects,
-- of which the page says nothing, go by type and subject.
CREATE OR REPLACE TEMPORARY TABLE happened ENGINE = MergeTree ORDER BY (lead, n) AS
SELECT
    if(merged.lead != '', merged.lead, events.subject) AS lead,
    row_number() OVER (PARTITION BY lead ORDER BY events.time, events.source, events.id, type, events.subject) AS n,
    toUnixTimestamp64Milli(events.time) AS at,
    events.source AS sender,
    type,
    JSONExtract(body, 'data', $$Tuple(
        qualified Nullable(Bool), owner String, team String, temperature String, source String, region String,
        reason String, stage String, rep String, direction String, kind String, answered Bool, automatic Bool,
        outcome String, customer String, talk_seconds Nullable(Float64), duration_seconds Nullable(Float64),
        message_id String, channel String, personalized_elements Nullable(Int64), machine Bool,
        in_reply_to String, deal_id String, currency String,
        rep_talk_seconds Nullable(Float64), call_id String, due_at String)$$) AS data,
    -- Decimal numbers, written as such or as text.
    nullIf(trim(BOTH '"' FROM JSONExtractRaw(body, 'data', 'amount')), 'null') AS amount,
    nullIf(trim(BOTH '"' FROM JSONExtractRaw(body, 'data', 'units')), 'null') AS units,
    -- What the reply was found to be when it was stored: its source, its headers, else its text say so.
    events.reply_class AS found_to_be,
    CAST(events.reply_kind = 'unsubscribe', 'Bool') AS forbids_contact
FROM events_once AS events
LEFT JOIN merged ON merged.subject = events.subject
WHERE topic IN ('leads', 'calls', 'emails', 'deals')
    AND type != 'lead.merged'
    AND (merged.lead != '' OR events.subject NOT IN (SELECT subject FROM merges));

-- An engagement takes a lead over unless it is open: engaged by a qualified event and not closed since.
-- ``instance`` is how often it was engaged up to and with this event; an owner or team not stated stays.
CREATE OR REPLACE TEMPORARY TABLE told ENGINE = MergeTree ORDER BY (lead, n) AS
SELECT
    *,
    sum(starts) OVER before_and_this AS instance,
    last_value(if(owns, nullIf(data.owner, ''), NULL)) OVER before_and_this AS owner_rep,
    last_value(if(owns, nullIf(data.team, ''), NULL)) OVER before_and_this AS owner_team
FROM (
    SELECT
        *,
        type = 'lead.engaged' AND ifNull(last_turn, 'lead.closed') = 'lead.closed' AS takes_over,
        takes_over AND ifNull(data.qualified, true) AS starts,
        takes_over OR type = 'lead.assigned' AS owns
    FROM (
        SELECT
            *,
            last_value(if(
                type = 'lead.closed' OR (type = 'lead.engaged' AND ifNull(data.qualified, true)),
                toString(type), NULL
            )) OVER (PARTITION BY lead ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS last_turn
        FROM happened
    )
)
WINDOW before_and_this AS (PARTITION BY lead ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW);

-- Each instance of each lead: its events are those from n to before end_n; closed_n is beyond all while it is open.
CREATE OR REPLACE TEMPORARY TABLE instances ENGINE = MergeTree ORDER BY (lead, instance) AS
SELECT
    lead,
    instance,
    min(told.n) AS n,
    max(told.n) + 1 AS end_n,
    argMin(at, told.n) AS engaged_at,
    ifNull(minOrNullIf(told.n, type = 'lead.closed'), toUInt64(-1)) AS closed_n,
    countIf(type = 'lead.closed' AND data.reason = 'duplicate') > 0 AS is_duplicate,
    argMin(tuple(data.temperature, data.source, data.region), told.n) AS stated,
    if(stated.1 = '', 'unknown', stated.1) AS temperature,
    if(stated.2 = '', 'unknown', stated.2) AS source,
    if(stated.3 = '', 'unknown', stated.3) AS region,
    argMaxIf(data.temperature, told.n, type = 'lead.stage_changed' AND data.temperature != '') AS temperature_since,
    argMax(tuple(owner_rep, owner_team), told.n) AS last_owner
FROM told
WHERE instance > 0
GROUP BY lead, instance;

-- Each event with the instance that it falls into by its time: the last one engaged by then, give or take the skew.
-- ``home`` is the same, but what came before a lead ever engaged belongs to its first instance (0: never engaged).
CREATE OR REPLACE TEMPORARY TABLE history ENGINE = MergeTree ORDER BY (lead, n) AS
SELECT
    told.*,
    arrayCount(engaged_at -> engaged_at - {clock_skew:Int64} <= at, starts.engagements) AS falls_into,
    greatest(falls_into, least(1, length(starts.engagements))) AS home,
    starts.duplicates[home] AS is_duplicate,
    if(home = 0, 'unknown', starts.temperatures[home]) AS temperature,
    if(home = 0, 'unknown', starts.sources[home]) AS source,
    if(home = 0, 'unknown', starts.regions[home]) AS region,
    if(type IN ('call.completed', 'call.scheduled', 'email.sent', 'deal.opened', 'deal.stage_changed'), data.rep, '') AS own_rep,
    if(type IN ('call.completed', 'call.scheduled', 'email.sent', 'deal.opened', 'deal.stage_changed'), data.team, '') AS own_team,
    coalesce(nullIf(own_rep, ''), owner_rep, 'unassigned') AS rep,
    coalesce(nullIf(own_team, ''), owner_team, 'unassigned') AS team,
    type = 'call.completed' AND data.direction = 'outbound' AND NOT data.automatic AS is_call_out,
    type = 'call.completed' AND data.direction = 'inbound' AND NOT data.automatic AS is_call_in,
    is_call_out AND data.answered AND data.outcome != '' AS is_connected_with_outcome,
    multiIf(type = 'call.completed', 'call', data.channel = '', 'email', data.channel) AS channel
FROM told
LEFT JOIN (
    SELECT
        lead,
        arrayMap(x -> x.2, arraySort(groupArray((instance, engaged_at)))) AS engagements,
        arrayMap(x -> x.2, arraySort(groupArray((instance, is_duplicate)))) AS duplicates,
        arrayMap(x -> x.2, arraySort(groupArray((instance, temperature)))) AS temperatures,
        arrayMap(x -> x.2, arraySort(groupArray((instance, source)))) AS sources,
        arrayMap(x -> x.2, arraySort(groupArray((instance, region)))) AS regions
    FROM instances
    GROUP BY lead
) AS starts ON starts.lead = told.lead;

-- Leads that may have lost events to retention: a subject of theirs was stored before what is kept by now.
CREATE OR REPLACE TEMPORARY TABLE cut AS
SELECT DISTINCT if(merged.lead != '', merged.lead, stored.subject) AS lead
FROM (SELECT subject FROM subjects GROUP BY subject HAVING min(first_stored_at) < {kept_since:DateTime}) AS stored
LEFT JOIN merged ON merged.subject = stored.subject;
