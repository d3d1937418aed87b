SELECT at, dimensions, currency, amount - assumeNotNull(cost) AS numerator, amount AS denominator
FROM recorded_movements
WHERE movement = 'won' AND cost IS NOT NULL
