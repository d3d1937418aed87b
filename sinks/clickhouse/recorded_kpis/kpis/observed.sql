SELECT
    at, dimensions, name AS of, stated_currency AS currency, value AS numerator,
    if(name IN ({observed_sums_list}), 0, 1) AS denominator, 1 AS n
FROM recorded_observations
