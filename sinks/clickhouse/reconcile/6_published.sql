-- The rows that were published.

-- What stands in the place of a row that once was, and now says nothing, is no row.
CREATE OR REPLACE TEMPORARY TABLE streamed ENGINE = MergeTree ORDER BY (kpi, grouping, window, start, dimensions) AS
SELECT
    kpi,
    grouping,
    arraySort(JSONExtractKeysAndValues(kpis_latest.dimensions, 'String')) AS dimensions,
    window,
    toUnixTimestamp64Milli(kpis_latest.start) AS start,
    toUnixTimestamp64Milli(watermark) AS clock,
    arrayConcat(
        [('value', value), ('count', toFloat64(count)), ('numerator', numerator), ('denominator', denominator)],
        arrayFlatten(arrayMap(
            member -> multiIf(
                startsWith(member.2, '{'),
                arrayMap(
                    inner -> (member.1 || '.' || inner.1, toFloat64OrNull(inner.2)),
                    JSONExtractKeysAndValuesRaw(member.2)
                ),
                startsWith(member.2, '['),
                arrayMap(
                    name -> (member.1 || '.' || name, toNullable(1.0)), JSONExtract(member.2, 'Array(String)')
                ),
                [(member.1, toFloat64OrNull(trim(BOTH '"' FROM member.2)))]
            ),
            JSONExtractKeysAndValuesRaw(statistics)
        ))
    )::Map(String, Nullable(Float64)) AS numbers
FROM kpis_latest
WHERE kpi IN {kpis:Array(String)}
    AND grouping IN {groupings:Array(String)}
    AND window IN {windows:Array(String)}
    AND (window = 'all' OR (
        kpis_latest.start >= fromUnixTimestamp64Milli({start:Int64})
        AND kpis_latest.end <= fromUnixTimestamp64Milli({end:Int64})
        AND (window NOT IN ('1m', '5m') OR kpis_latest.start >= fromUnixTimestamp64Milli({fine_start:Int64}))
    ))
    AND (count > 0
        OR JSONExtractInt(statistics, 'censored') > 0
        OR JSONExtractInt(statistics, 'cancelled') > 0
        OR JSONExtractInt(statistics, 'machine') > 0);
