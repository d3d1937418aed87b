SELECT
    start AS at, dimensions, kpi AS of, currency,
    if(is_down, target, ifNull(actual, toDecimal128(0, 12))) AS numerator,
    if(is_down, ifNull(actual, toDecimal128(0, 12)), target) AS denominator,
    n
FROM recorded_attainment
WHERE scope = {scope:String}
