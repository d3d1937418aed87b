SELECT periods.start AS at, whose.dimensions AS dimensions, currency, monthly * 12 AS numerator
FROM recorded_revenue AS revenue
CROSS JOIN periods
INNER JOIN (
    SELECT customer, argMin(dimensions, number) AS dimensions FROM recorded_customers GROUP BY customer
) AS whose ON whose.customer = revenue.customer
WHERE revenue.since < periods.end AND revenue.until >= periods.end AND monthly != 0
