-- The customers of each period, and what each bought besides: ``expansion`` is the KPI's name without ``_rate``.
SELECT
    customers.at AS at, customers.dimensions AS dimensions, sold.times > 0 AS numerator, 1 AS denominator, sold.parts AS parts
FROM (
    SELECT customer, periods.start AS at, argMin(dimensions, number) AS dimensions
    FROM recorded_customers
    CROSS JOIN periods
    WHERE since < periods.end AND ifNull(until > periods.start, true)
    GROUP BY customer, periods.start
) AS customers
LEFT JOIN (
    SELECT
        customer, periods.start AS period_start, count() AS times,
        sumMap(map(
            concat('product ', product), 1,
            multiIf(tenure_days < 90, 'within 90 d', tenure_days < 365, 'within a year', 'after a year'), 1
        )) AS parts
    FROM recorded_expansions
    CROSS JOIN periods
    WHERE kind = '{expansion}' AND at >= periods.start AND at < periods.end
    GROUP BY customer, periods.start
) AS sold ON sold.customer = customers.customer AND sold.period_start = customers.at
