SELECT periods.start AS at, whose.dimensions AS dimensions, currency, monthly * 12 AS numerator
{revenue_at_end}
