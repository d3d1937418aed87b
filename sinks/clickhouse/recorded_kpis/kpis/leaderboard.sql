SELECT at, dimensions, 'won_amount' AS of, currency, amount AS numerator
FROM recorded_movements
WHERE movement = 'won'
UNION ALL
SELECT at, dimensions, 'deals_won', '', toDecimal128(1, 12)
FROM recorded_movements
WHERE movement = 'won'
UNION ALL
SELECT at, dimensions, 'activities', '', toDecimal128(1, 12)
FROM recorded_acts
WHERE NOT is_inbound
