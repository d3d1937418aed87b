-- What is sold in a period adds to its growth, and is what the next period's is measured by.
SELECT at, dimensions, currency, amount AS numerator, toDecimal128(0, 12) AS denominator, 1 AS n
FROM recorded_movements
WHERE movement != 'churned'
UNION ALL
SELECT periods.end, dimensions, currency, -amount, amount, 0
FROM recorded_movements AS moves
CROSS JOIN periods
WHERE movement != 'churned' AND moves.at >= periods.start AND moves.at < periods.end
