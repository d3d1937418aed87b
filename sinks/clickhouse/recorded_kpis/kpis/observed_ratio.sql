SELECT
    at, dimensions, ratio.1 AS of, stated_currency AS currency,
    if(name = ratio.2, value, toDecimal128(0, 12)) AS numerator,
    if(name = ratio.3, value, toDecimal128(0, 12)) AS denominator,
    1 AS n
FROM recorded_observations
ARRAY JOIN {observed_ratios_list} AS ratio
WHERE name IN (ratio.2, ratio.3)
