-- What each customer pays a month at the end of each period.
FROM recorded_revenue AS revenue
CROSS JOIN periods
INNER JOIN (
    SELECT customer, argMin(dimensions, number) AS dimensions FROM recorded_customers GROUP BY customer
) AS whose ON whose.customer = revenue.customer
WHERE revenue.since < periods.end AND revenue.until >= periods.end AND monthly != 0
