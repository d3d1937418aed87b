SELECT periods.start AS at, whose.dimensions AS dimensions, currency, monthly AS numerator
{revenue_at_end}
