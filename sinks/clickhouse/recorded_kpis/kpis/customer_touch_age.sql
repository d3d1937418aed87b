-- Customers whom nobody has touched yet have no age of a touch; their share is in customer_engagement.
SELECT
    at, dimensions, toDecimal128(dateDiff('millisecond', last_touch, seen_at), 12) / 1000 AS numerator, 1 AS denominator
FROM (
    {customers_last_touched}
)
WHERE last_touch > toDateTime64(0, 3)
