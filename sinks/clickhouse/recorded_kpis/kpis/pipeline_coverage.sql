WITH {as_of} AS as_of
SELECT as_of AS at, dimensions, opened_amount AS numerator, toDecimal128(0, 12) AS denominator, 1 AS n
FROM recorded_deals
WHERE opened_at <= as_of AND (outcome = '' OR ended_at > as_of) AND opened_currency = '{home_currency}'
UNION ALL
-- A target that is only partly in the period counts with that part.
SELECT
    as_of, map(scope, who)::Map(String, String), toDecimal128(0, 12),
    target * dateDiff('second', greatest(aims.start, periods.start), least(aims.end, periods.end))
        / dateDiff('second', aims.start, aims.end),
    0
FROM recorded_targets AS aims
CROSS JOIN periods
WHERE kpi IN ('won_amount', 'sales_volume') AND currency = '{home_currency}' AND scope = {scope:String}
    AND periods.start <= as_of AND periods.end > as_of AND aims.start < periods.end AND aims.end > periods.start
UNION ALL
SELECT as_of, dimensions, toDecimal128(0, 12), -amount, 0
FROM recorded_movements AS moves
CROSS JOIN periods
WHERE movement = 'won' AND currency = '{home_currency}' AND moves.at >= periods.start AND moves.at < as_of
    AND periods.start <= as_of AND periods.end > as_of
