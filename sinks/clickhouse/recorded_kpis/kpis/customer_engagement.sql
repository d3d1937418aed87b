SELECT at, dimensions, last_touch >= seen_at - toIntervalMillisecond({engaged_within_ms}) AS numerator, 1 AS denominator
FROM (
    {customers_last_touched}
)
