SELECT at, dimensions, mark.1 AS of, mark.2 AS numerator, mark.3 AS denominator
FROM recorded_messages
ARRAY JOIN [
    ('open', is_opened, is_delivered),
    ('reply', is_replied AND (is_delivered OR '{reply_over}' = 'sent'), is_delivered OR '{reply_over}' = 'sent')
] AS mark
WHERE mark.3 = 1
UNION ALL
SELECT assumeNotNull(ended_at), dimensions, 'conversion', 1, 0
FROM recorded_deals
WHERE outcome = 'won'
UNION ALL
SELECT at, map('team', team, 'rep', rep)::Map(String, String), 'conversion', 0, 1
FROM recorded_history
WHERE (type = 'email.replied' AND reply_class = 'positive')
    OR (type = 'call.completed' AND NOT data.automatic AND data.outcome = 'positive'
        AND (data.direction = 'inbound' OR data.answered))
