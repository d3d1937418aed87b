-- What became of clocks, as their announcements tell it. Policies and calendars are not recorded, so that no event shows
-- when a clock was due: its announcements do. What was told of a clock before is in each of them, and so their order.
CREATE OR REPLACE TEMPORARY TABLE clocks ENGINE = MergeTree ORDER BY (lead, clock, policy) AS
SELECT
    lead,
    clock,
    policy,
    any(clock_kind) AS clock_kind,
    any(started_at) AS started_at,
    argMax(clock_team, n) AS clock_team,
    argMax(clock_owner, n) AS clock_owner,
    argMax(due_at, n) AS due_at,
    max(paused) > 0 AS is_paused,
    argMaxIf(name, n, name IN ('sla.breached', 'sla.retracted')) = 'sla.breached' AS is_breached,
    argMaxIf(name, n, name IN ('sla.met', 'sla.answered_late', 'sla.cancelled', 'sla.reopened')) AS last_end,
    last_end IN ('', 'sla.reopened') AS is_running,
    countIf(name = 'sla.at_risk') > 0 AS is_warned,
    -- Cancelled without any evidence: it is no clock any more.
    argMax(name = 'sla.cancelled' AND evidence = '', n) AS is_withdrawn
FROM (
    SELECT
        lead,
        clock,
        splitByChar('@', toString(policy))[1] AS policy,
        toString(policy) AS version,
        toString(name) AS name,
        toString(team) AS clock_team,
        toString(owner) AS clock_owner,
        JSONLength(body, 'steps') AS n,
        JSONExtractString(body, 'kind') AS clock_kind,
        JSONExtractString(body, 'evidence') AS evidence,
        JSONExtractFloat(body, 'paused_seconds') AS paused,
        toUnixTimestamp64Milli(parseDateTime64BestEffort(JSONExtractString(body, 'started_at'), 3, 'UTC')) AS started_at,
        toUnixTimestamp64Milli(
            parseDateTime64BestEffortOrNull(JSONExtractString(body, 'due_at'), 3, 'UTC')
        ) AS due_at
    FROM sla_once
)
GROUP BY lead, clock, policy, version;

-- By policy every clock that was met or breached, at its deadline; the policy stands in the place of the channel.
INSERT INTO seen
SELECT
    'response_within_sla', '', assumeNotNull(due_at), clock_owner, clock_team, '', '', '', policy, 4,
    NOT is_breached, ''
FROM clocks
WHERE NOT is_withdrawn AND due_at IS NOT NULL AND (is_breached OR last_end = 'sla.met');

-- By lead first responses alone, under whoever answered, else whose lead it is.
INSERT INTO seen
SELECT
    'response_within_sla', '', assumeNotNull(due_at), rep, team, temperature, source, region, '', 1,
    NOT is_breached, ''
FROM clocks
INNER JOIN cohort ON cohort.lead = clocks.lead AND cohort.engaged_at = clocks.started_at
WHERE clock_kind = 'first_response'
    AND NOT is_withdrawn AND due_at IS NOT NULL AND (is_breached OR last_end = 'sla.met');

INSERT INTO seen
SELECT
    if(is_breached, 'sla_breached', 'sla_at_risk'), '', started_at, clock_owner, clock_team, '', '', '', policy, 5,
    NULL, ''
FROM clocks
WHERE NOT is_withdrawn AND is_running AND (is_breached OR is_warned);
