-- Revenue a customer and month, times the months a customer stays: recurring revenue at the start, times the months of the
-- period, over the customers lost in it.
SELECT
    periods.start AS at, customers.dimensions AS dimensions, revenue.currency AS currency,
    revenue.monthly * dateDiff('millisecond', periods.start, periods.end) / 2629800000 AS numerator,
    ifNull(customers.until < periods.end, false) AS denominator
FROM recorded_revenue AS revenue
CROSS JOIN periods
INNER JOIN recorded_customers AS customers ON customers.customer = revenue.customer
WHERE revenue.since <= periods.start AND revenue.until > periods.start AND revenue.monthly > 0
    AND customers.since <= periods.start AND ifNull(customers.until > periods.start, true)
