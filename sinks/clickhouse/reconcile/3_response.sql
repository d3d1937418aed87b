-- What each lead adds to the KPIs of response and follow-up. Cohorts: at the time it engaged.

CREATE OR REPLACE TEMPORARY TABLE seen (
    kpi LowCardinality(String),
    kind LowCardinality(String),
    at Int64,
    rep String,
    team String,
    temperature LowCardinality(String),
    source String,
    region String,
    channel LowCardinality(String),
    -- Shown by the groupings of leads (1), by channel (2), by policies (4), or by several of them.
    shown UInt8,
    -- Milliseconds of a duration (none: still open), 1 or 0 of a ratio, the number of a mean, the engagement of *now*.
    value Nullable(Int64),
    note String
) ENGINE = MergeTree ORDER BY (kpi, at);

INSERT INTO seen
SELECT
    'lead_response_time', '', engaged_at, rep, team, temperature, source, region, '', 1, first.at - engaged_at, ''
FROM cohort
LEFT JOIN (SELECT lead, instance, toNullable(min(answers.at)) AS at FROM answers GROUP BY lead, instance) AS first
    ON first.lead = cohort.lead AND first.instance = cohort.instance;

INSERT INTO seen
SELECT 'time_to_contact', '', engaged_at, rep, team, temperature, source, region, '', 1, met.at - engaged_at, ''
FROM cohort
LEFT JOIN (SELECT lead, instance, toNullable(contacts.at) AS at FROM contacts) AS met
    ON met.lead = cohort.lead AND met.instance = cohort.instance;

INSERT INTO seen
SELECT 'leads_created', '', engaged_at, rep, team, temperature, source, region, '', 1, NULL, '' FROM cohort;

-- Who had an instance, one after the other: the owner at its engagement ('' for nobody), then each change of person.
CREATE OR REPLACE TEMPORARY TABLE ownerships ENGINE = MergeTree ORDER BY (lead, instance, n) AS
SELECT
    cohort.lead AS lead,
    cohort.instance AS instance,
    owners.n AS n,
    owners.since AS since,
    owners.owner AS owner,
    owners.owner_team AS owner_team,
    leadInFrame(n, 1, 0) OVER (
        PARTITION BY lead, instance ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) AS next_n,
    if(next_n = 0, cohort.end_n, next_n) AS until_n,
    engaged_at,
    temperature,
    source,
    region
FROM cohort
INNER JOIN (
    SELECT
        lead, instance, n, told.at AS since, ifNull(owner_rep, '') AS owner, ifNull(owner_team, 'unassigned') AS owner_team,
        row_number() OVER by_instance AS place,
        lagInFrame(owner) OVER by_instance AS before
    FROM told
    WHERE instance > 0
    WINDOW by_instance AS (PARTITION BY lead, instance ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
) AS owners ON owners.lead = cohort.lead AND owners.instance = cohort.instance
WHERE place = 1 OR owner != before;

INSERT INTO seen
SELECT
    'system_delay', '', any(engaged_at), any(cohort.rep), any(team), any(temperature), any(source), any(region), '', 1,
    minOrNullIf(since, owner != '') - any(engaged_at), ''
FROM cohort
INNER JOIN (SELECT lead, instance, since, owner FROM ownerships) AS owned
    ON owned.lead = cohort.lead AND owned.instance = cohort.instance
GROUP BY cohort.lead, cohort.instance;

-- Each ownership by a person: answered by a touch of its own, cancelled where it was taken away before, else open.
INSERT INTO seen
SELECT
    'rep_response_time', '', since, owner, owner_team, temperature, source, region, '', 1,
    touched_at - since, if(touched_at IS NULL AND next_n > 0, 'cancelled', '')
FROM (
    SELECT
        any(ownerships.since) AS since, any(ownerships.owner) AS owner, any(ownerships.owner_team) AS owner_team,
        any(ownerships.temperature) AS temperature, any(ownerships.source) AS source, any(ownerships.region) AS region,
        any(ownerships.next_n) AS next_n,
        minOrNullIf(
            greatest(answers.touched_at, engaged_at),
            answers.n > 0 AND answers.n < until_n AND greatest(answers.touched_at, engaged_at) >= ownerships.since
        ) AS touched_at
    FROM ownerships
    LEFT JOIN answers
        ON answers.lead = ownerships.lead AND answers.instance = ownerships.instance AND answers.rep = ownerships.owner
    WHERE ownerships.owner != ''
    GROUP BY ownerships.lead, ownerships.instance, ownerships.n
);

-- Messages and missed calls of the other side, the first of each row, until the next touch or call of theirs that was
-- taken. What comes with the engagement waits for the first response; a closed lead, and one that has asked to be left
-- alone, waits no more.
INSERT INTO seen
SELECT
    'next_response_time', '', at, rep, team, temperature, source, region, '', 1, answered_at - at, ''
FROM (
    SELECT
        *,
        lagInFrame(asks, 1, false) OVER (
            PARTITION BY lead, falls_into ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS waited_already,
        first_value(if(asks, NULL, toNullable(at))) OVER (
            PARTITION BY lead, falls_into ORDER BY n ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS answered_at
    FROM (
        SELECT
            history.*,
            (lead, n) IN (SELECT lead, n FROM touches)
                OR (is_call_in AND (data.answered OR ifNull(
                    coalesce(data.talk_seconds, data.duration_seconds) >= {contact_seconds:Float64}, false
                ))) AS answers,
            NOT answers AND at > engaged_at + {clock_skew:Int64}
                AND (is_call_in OR (type = 'email.replied' AND found_to_be NOT IN ('auto', 'bounce'))) AS asks,
            min(if(forbids_contact AND asks_itself AND at >= engaged_at, n, toUInt64(-1))) OVER (
                PARTITION BY lead, falls_into
            ) AS forbidden_n
        FROM (
            SELECT
                history.*,
                instances.engaged_at AS engaged_at,
                type = 'email.replied' AND found_to_be NOT IN ('auto', 'bounce') AS asks_itself
            FROM history
            INNER JOIN instances ON instances.lead = history.lead AND instances.instance = history.falls_into
            WHERE NOT instances.is_duplicate AND history.n < instances.closed_n
        ) AS history
    )
    WHERE n < forbidden_n AND (asks OR answers)
)
WHERE asks AND NOT waited_already;

INSERT INTO seen
SELECT
    'follow_up_rate', '', engaged_at, rep, team, temperature, source, region, '', 1,
    ifNull(touched.in_time, 0) > 0, toString(ifNull(touched.in_time, 0))
FROM cohort
LEFT JOIN (
    SELECT
        answers.lead AS lead,
        answers.instance AS instance,
        countIf(touched_at - engaged_at <= {follow_up_horizon:Int64}) AS in_time
    FROM answers
    INNER JOIN cohort ON cohort.lead = answers.lead AND cohort.instance = answers.instance
    GROUP BY answers.lead, answers.instance
) AS touched ON touched.lead = cohort.lead AND touched.instance = cohort.instance;

INSERT INTO seen
SELECT
    'follow_ups_per_lead', '', engaged_at, rep, team, temperature, source, region, '', 1, touched.times - 1, ''
FROM cohort
INNER JOIN (SELECT lead, instance, count() AS times FROM answers GROUP BY lead, instance) AS touched
    ON touched.lead = cohort.lead AND touched.instance = cohort.instance;

-- Engaged, neither touched nor closed: when it engaged, under its present temperature.
INSERT INTO seen
SELECT
    arrayJoin(['open_leads', 'oldest_open_lead']), '', engaged_at, rep, team,
    if(temperature_since = '', temperature, temperature_since), source, region, '', 1, engaged_at, ''
FROM cohort
WHERE closed_n = toUInt64(-1) AND (lead, instance) NOT IN (SELECT lead, instance FROM answers);
