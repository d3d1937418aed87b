-- What calls, plans and the stages of leads add to the KPIs of activity.

-- Calls placed by people. How long was talked is stated, else how long an answered one lasted.
INSERT INTO seen
SELECT
    kpi.1, '', at, rep, team, temperature, source, region, '', 1, kpi.2, if(kpi.1 = 'talk_listen_ratio', toString(rep_talked), '')
FROM (
    SELECT
        *,
        toInt64(round(ifNull(coalesce(
            data.talk_seconds, if(data.answered, data.duration_seconds, NULL)
        ), 0) * 1000)) AS talked,
        least(toInt64(round(data.rep_talk_seconds * 1000)), talked) AS rep_talked
    FROM history
    WHERE is_call_out AND NOT is_duplicate
)
ARRAY JOIN arrayFilter(
    one -> one.3,
    [
        ('connect_rate', toNullable(toInt64(data.answered)), true),
        ('calls_per_hour_talked', talked, true),
        ('talk_time', talked, talked > 0),
        ('talk_listen_ratio', talked, data.rep_talk_seconds IS NOT NULL AND ifNull(data.talk_seconds, 0) > 0)
    ]
) AS kpi;

-- What was scheduled, as it was scheduled last, when it is due: at a date of this century, else when it was scheduled.
INSERT INTO seen
SELECT kpi.1, '', due, rep, team, temperature, source, region, '', 1, kpi.2, ''
FROM (
    SELECT
        *,
        toUnixTimestamp64Milli(parseDateTime64BestEffortOrNull(data.due_at, 3, 'UTC')) AS stated,
        if(stated >= 946684800000 AND stated < 4102444800000, assumeNotNull(stated), at) AS due,
        (lead, data.call_id) IN (SELECT lead, data.call_id FROM history WHERE type = 'call.missed') AS is_missed
    FROM history
    WHERE type = 'call.scheduled'
    ORDER BY lead, data.call_id, n DESC
    LIMIT 1 BY lead, data.call_id
)
ARRAY JOIN arrayFilter(
    one -> one.1 = 'planned_activities' OR due <= {now:Int64},
    [('planned_activities', NULL), ('no_show_rate', toNullable(toInt64(is_missed)))]
) AS kpi
WHERE NOT is_duplicate;

-- Engaged leads that come to the stage MQL or SQL from another. The instance is the one told at the event.
INSERT INTO seen
SELECT
    'leads_qualified', stage, at,
    coalesce(owner_rep, 'unassigned'), if(team_then = '', 'unassigned', team_then),
    instances.temperature, instances.source, instances.region, '', 1, NULL, ''
FROM (
    SELECT
        *,
        last_value(nullIf(if(type = 'lead.stage_changed' OR starts, data.stage, ''), '')) OVER (
            PARTITION BY lead ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS stage_before,
        data.stage AS stage,
        coalesce(nullIf(if(type = 'lead.engaged', data.team, ''), ''), owner_team, '') AS team_then
    FROM told
    WHERE type IN ('lead.engaged', 'lead.stage_changed')
) AS entered
INNER JOIN instances USING (lead, instance)
WHERE (type = 'lead.stage_changed' OR starts)
    AND stage IN ('mql', 'sql') AND stage != ifNull(stage_before, '') AND NOT instances.is_duplicate;
