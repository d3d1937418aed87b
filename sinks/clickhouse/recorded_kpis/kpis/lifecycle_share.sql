-- The stage last stated, else lead once qualified and contact before; a deal makes it an opportunity, a won one a customer.
SELECT
    start AS at, dimensions, stage AS of,
    greatest(if(stated = 0, toUInt8(1 + is_qualified), stated), dealt) = position AS numerator,
    1 AS denominator
FROM (
    SELECT
        lead, periods.start AS start,
        argMaxIf(rank, n, moves.deal = '' AND rank > 0) AS stated,
        maxIf(rank, moves.deal != '') AS dealt,
        max(qualifies) AS is_qualified,
        map(
            'team', ifNull(argMaxIf(owner_team, n, moves.deal = ''), 'unassigned'),
            'rep', ifNull(argMaxIf(owner, n, moves.deal = ''), 'unassigned'),
            'source', argMaxIf(source, n, source != '')
        )::Map(String, String) AS dimensions,
        max(duplicate) AS is_duplicate
    FROM (
        SELECT
            lead, n, history.at AS moved_at, '' AS deal, owner, owner_team, data.source AS source,
            toUInt8(indexOf(['contact', 'lead', 'mql', 'sql', 'opportunity', 'customer'], data.stage)) AS rank,
            type = 'lead.engaged' AND ifNull(data.qualified, true) AS qualifies,
            type = 'lead.closed' AND data.reason = 'duplicate' AS duplicate
        FROM recorded_history AS history
        WHERE type LIKE 'lead.%'
        UNION ALL
        SELECT
            lead, 0, moved.2, deal_id, NULL, NULL, '', moved.1, false, false
        FROM recorded_deals
        ARRAY JOIN arrayFilter(x -> x.2 IS NOT NULL, [
            (toUInt8(5), opened_at), (toUInt8(if(outcome = 'won', 6, 5)), ended_at)
        ]) AS moved
    ) AS moves
    CROSS JOIN periods
    WHERE moves.moved_at < periods.end
    GROUP BY lead, periods.start
    HAVING countIf(moves.deal = '') > 0
)
ARRAY JOIN ['contact', 'lead', 'mql', 'sql', 'opportunity', 'customer'] AS stage, [1, 2, 3, 4, 5, 6] AS position
WHERE NOT is_duplicate
