-- What it took to win a deal in the 365 days before now (before the first period, once all are over), and so what a target takes.
WITH
    {as_of} AS as_of,
    as_of - toIntervalDay(365) AS since,
    dimensions -> if({scope:String} = 'all', 'all', if(dimensions[{scope:String}] = '', 'unknown', dimensions[{scope:String}]))
        AS of_scope,
    -- Wilson's interval of a share, (low, high).
    (k, n) -> (
        (k + 1.9208 - 1.96 * sqrt(k * (n - k) / n + 0.9604)) / (n + 3.8416),
        (k + 1.9208 + 1.96 * sqrt(k * (n - k) / n + 0.9604)) / (n + 3.8416)
    ) AS interval_of,
    -- Student's t at 97.5 % for n numbers: of two and three from the table, else by Cornish and Fisher, right to 1 %.
    n -> multiIf(n < 2, inf, n = 2, 12.706, n = 3, 4.303,
        1.96 + 2.3724 / (n - 1) + 2.8227 / pow(n - 1, 2) + 2.5560 / pow(n - 1, 3)) AS student,
    tries AS (
        SELECT
            step, of_scope(dimensions) AS who, tried.at AS at, is_last, ifNull(tried.won_at < as_of, false) AS is_won,
            if(is_won, dateDiff('millisecond', tried.at, assumeNotNull(tried.won_at)), 0) AS taken,
            -- What is younger than nine of ten took to be won is not decided yet.
            tried.at < as_of - toIntervalMillisecond(quantileExactIf(0.9)(taken, is_last AND is_won) OVER (PARTITION BY step))
                AS is_decided
        FROM recorded_tries AS tried
        WHERE tried.at >= since AND tried.at < as_of
    ),
    steps AS (
        SELECT
            who, step, countIf(is_decided) AS n, countIf(is_decided AND is_last AND is_won) AS won,
            if(countIf(is_won) = 0, nan, medianExactIf(taken, is_won) / 86400000) AS days
        FROM tries
        GROUP BY who, step
        HAVING n > 0
    ),
    wins AS (
        SELECT *, of_scope(dimensions) AS who FROM recorded_wins WHERE recorded_wins.at >= since AND recorded_wins.at < as_of
    ),
    ways AS (
        SELECT who, way.1 AS step, count() AS n, countIf(way.2) AS by_way FROM wins ARRAY JOIN ways AS way GROUP BY who, step
    ),
    sizes AS (
        SELECT
            who, currency, count() AS n, sum(amount) AS total, toFloat64(total) / n AS mean,
            student(n) * stddevSamp(toFloat64(amount)) / sqrt(n) AS off
        FROM wins
        GROUP BY who, currency
    ),
    people AS (
        SELECT who, uniqExact(rep) AS reps
        FROM (
            SELECT of_scope(dimensions) AS who, rep, acts.at AS at FROM recorded_acts AS acts WHERE NOT is_inbound
            UNION ALL
            SELECT who, rep, wins.at FROM wins
        )
        WHERE at >= as_of - toIntervalDay(90) AND at < as_of AND rep != 'unassigned'
        GROUP BY who
    ),
    -- A target that is only partly in the period counts with that part.
    aimed AS (
        SELECT
            periods.i AS period, aims.who AS who, aims.currency AS currency,
            sum(toFloat64(target) * dateDiff('second', greatest(aims.start, periods.start), least(aims.end, periods.end))
                / dateDiff('second', aims.start, aims.end)) AS amount
        FROM recorded_targets AS aims
        CROSS JOIN periods
        WHERE kpi IN ('won_amount', 'sales_volume') AND scope = {scope:String}
            AND aims.start < periods.end AND aims.end > periods.start
        GROUP BY period, who, currency
    ),
    -- ``each`` is what one unit of money takes. It is a product, so on the logarithmic scale the distances of its factors to the
    -- ends of their intervals add up in squares (``below``, ``above``).
    taken AS (
        SELECT
            sizes.who AS who, sizes.currency AS currency, step, steps.n AS n, toDecimal128(won, 12) AS numerator,
            won / n AS share, interval_of(won, n) AS shares, by_way / ways.n AS reach, interval_of(by_way, ways.n) AS reaches,
            reach / share / mean AS each,
            sqrt(pow(log(1 + off / mean), 2) + pow(log(shares.2 / share), 2) + pow(log(reach / reaches.1), 2)) AS below,
            sqrt(pow(log(1 - off / mean), 2) + pow(log(share / shares.1), 2) + pow(log(reaches.2 / reach), 2)) AS above,
            map('share', share, 'share_low', shares.1, 'share_high', shares.2, 'reach', reach, 'days', days) AS parts
        FROM sizes
        INNER JOIN steps ON steps.who = sizes.who
        INNER JOIN ways ON ways.who = sizes.who AND ways.step = steps.step
        UNION ALL
        SELECT
            who, currency, 'deals_won', n, toDecimal128(total, 12), 1, (1, 1), 1, (1, 1), 1 / mean, log(1 + off / mean),
            abs(log(1 - off / mean)), map('mean', mean, 'mean_low', greatest(0, mean - off), 'mean_high', mean + off)
        FROM sizes
    )
SELECT
    periods.i AS i, taken.who AS who, step AS of, taken.currency AS currency, n, numerator, toDecimal128(n, 12) AS denominator,
    if(isFinite(each) AND aimed.amount > 0, aimed.amount * each, NULL) AS value,
    mapFilter((name, number) -> isFinite(number), mapConcat(parts, map(
        'each', each, 'each_low', each * exp(-below), 'each_high', each * exp(above), 'reps', toFloat64(reps)
    ))) AS statistics
FROM taken
CROSS JOIN periods
LEFT JOIN people ON people.who = taken.who
LEFT JOIN aimed ON aimed.period = periods.i AND aimed.who = taken.who AND aimed.currency = taken.currency
