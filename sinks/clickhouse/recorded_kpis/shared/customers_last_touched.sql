-- The customers at the end of each period, and when somebody touched each last: 1970 where nobody did.
SELECT customers.customer AS customer, customers.start AS at, customers.seen_at AS seen_at,
    any(customers.dimensions) AS dimensions, maxIf(touches.at, touches.at < customers.seen_at) AS last_touch
FROM (
    SELECT customer, periods.start AS start, least(periods.end, now64(3)) AS seen_at, dimensions
    FROM recorded_customers
    CROSS JOIN periods
    WHERE since < seen_at AND ifNull(until >= seen_at, true)
) AS customers
LEFT JOIN (
    SELECT subjects.customer AS customer, acts.at AS at
    FROM recorded_acts AS acts
    INNER JOIN recorded_subjects AS subjects ON subjects.lead = acts.lead
    WHERE acts.touches
) AS touches ON touches.customer = customers.customer
GROUP BY customer, start, seen_at
