SELECT at, dimensions, kept.1 AS of, currency, kept.2 AS numerator, begun AS denominator
FROM (
    SELECT
        customer, currency, periods.start AS at,
        sumIf(monthly, since <= periods.start AND until > periods.start) AS begun,
        sumIf(monthly, since < periods.end AND until >= periods.end) AS ended
    FROM recorded_revenue
    CROSS JOIN periods
    GROUP BY customer, currency, periods.start
) AS revenue
INNER JOIN recorded_customers AS customers ON customers.customer = revenue.customer
ARRAY JOIN [('net', ended), ('gross', least(begun, ended))] AS kept
WHERE begun > 0 AND customers.since <= at AND ifNull(customers.until > at, true)
