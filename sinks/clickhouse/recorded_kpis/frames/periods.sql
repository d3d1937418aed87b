    throwIf({period:String} NOT IN ({periods}), 'period is one of day, week, month, quarter, year, custom') AS wrong_period,
    throwIf({scope:String} NOT IN ({scopes}), '{kpi} is shown by one of {scopes_named}') AS wrong_scope,
    parseDateTime64BestEffort({from:String}, 3, '{timezone}') AS asked_from,
    greatest(asked_from, subtractMilliseconds(parseDateTime64BestEffort({to:String}, 3, '{timezone}'), 1)) AS asked_last,
    dateDiff('millisecond', asked_from, asked_last) + 1 AS asked_ms,
    multiIf(
        {period:String} = 'week', toStartOfWeek(toDate(asked_from), 1), {period:String} = 'month', toStartOfMonth(toDate(asked_from)),
        {period:String} = 'quarter', toStartOfQuarter(toDate(asked_from)),
        {period:String} = 'year', toStartOfYear(toDate(asked_from)), toDate(asked_from)
    ) AS first_day,
    1 + multiIf(
        {period:String} = 'day', dateDiff('day', first_day, toDate(asked_last)),
        {period:String} = 'week', intDiv(dateDiff('day', first_day, toDate(asked_last)), 7),
        {period:String} = 'month', dateDiff('month', first_day, toDate(asked_last)),
        {period:String} = 'quarter', dateDiff('quarter', first_day, toDate(asked_last)),
        {period:String} = 'year', dateDiff('year', first_day, toDate(asked_last)), 0
    ) AS asked_periods,
    -- Whole periods: from the one that holds ``from`` to the one that holds the instant before ``to``, and those before.
    arrayMap(i -> if({period:String} = 'custom',
        asked_from + toIntervalMillisecond(i * asked_ms),
        toDateTime64(multiIf(
            {period:String} = 'day', addDays(first_day, i), {period:String} = 'week', addWeeks(first_day, i),
            {period:String} = 'month', addMonths(first_day, i), {period:String} = 'quarter', addQuarters(first_day, i),
            addYears(first_day, i)
        ), 3, '{timezone}')
    ), range(-{depth}, toInt32(asked_periods + 1))) AS edges,
    periods AS (
        SELECT edge.1 AS i, edge.2 AS start, edge.3 AS end
        FROM (
            SELECT arrayJoin(arrayZip(
                range(-{depth}, toInt32(asked_periods)), arrayPopBack(edges), arrayPopFront(edges)
            )) AS edge
        )
    )
