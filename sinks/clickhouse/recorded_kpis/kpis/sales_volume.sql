SELECT
    at, dimensions, currency, amount AS numerator,
    map(movement::String, amount, 'units', if(movement = 'won', units, toDecimal128(0, 12))) AS parts
FROM recorded_movements
WHERE movement != 'churned'
