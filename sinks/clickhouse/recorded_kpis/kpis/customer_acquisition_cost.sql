-- What was spent in each currency is divided by all customers: spend in two currencies are two parts of one cost.
SELECT at, dimensions, currency, value AS numerator, 0 AS denominator
FROM recorded_spend
UNION ALL
SELECT since, dimensions, arrayJoin((SELECT groupUniqArray(currency) FROM recorded_spend)), toDecimal128(0, 12), 1
FROM recorded_customers
WHERE number = 1
