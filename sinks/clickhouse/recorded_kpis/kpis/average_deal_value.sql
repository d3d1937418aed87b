SELECT at, dimensions, currency, amount AS numerator, 1 AS denominator
FROM recorded_movements
WHERE movement = 'won'
