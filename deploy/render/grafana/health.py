"""*Pipeline health*: whether the numbers can be believed. Rates, errors, durations; utilisation, saturation, errors."""

from __future__ import annotations

from typing import Final

from deploy.render.alerting.scraping import JOBS
from deploy.render.grafana.panels import GREEN, RED, YELLOW, Panel, Query, Row, promql, sql
from deploy.render.grafana.words import data_as_of, none_is_good
from schemas.policy import PolicyFile


def rows(file: PolicyFile) -> list[Row]:
    """What stands still, what comes in, what is behind, what was found wrong."""
    return [
        Row(
            "Now",
            4,
            (
                data_as_of(),
                Panel(
                    "Parts that answer", "stat", f"Processes that Prometheus reaches, by job: {', '.join(JOBS)}.",
                    (promql("sum by (job) (up)", "{{job}}"),), width=8, steps=((None, RED), (1, GREEN)),
                ),
                Panel(
                    "Partitions stopped", "stat",
                    "Partitions that do no more work until the worker is started again: /readyz says why.",
                    (promql("sum by (stage) (sales_partitions_stopped)", "{{stage}}"),), width=4, steps=none_is_good(),
                ),
                Panel(
                    "Rows that differ", "stat",
                    "Published KPI rows that are not what the recorded events make of them: salespulse reconcile.",
                    (promql("sum(max by (kpi, window) (sales_reconcile_difference))", "rows"),), width=4,
                    steps=none_is_good(),
                ),
                Panel(
                    "Compared", "stat", "When the last comparison of rows with events was made.",
                    (promql("max(sales_reconcile_last_time_seconds > 0) * 1000", "compared"),), "dateTimeFromNow", 4,
                ),
            ),
        ),
        Row(
            "Rate and errors",
            8,
            (
                Panel(
                    "Events a second", "lines", "Events accepted, by topic.",
                    (promql("sum by (topic) (rate(sales_events_total[$__rate_interval]))", "{{topic}}"),), width=8,
                ),
                Panel(
                    "Refused", "lines", "Dead letters by reason: records that cannot be used, kept whole.",
                    (promql("sum by (reason) (increase(sales_dead_letters_total[$__rate_interval]))", "{{reason}}"),),
                    width=8,
                ),
                Panel(
                    "Share that came late", "lines",
                    "Events later than SALESPULSE_ALLOWED_LATENESS, of all: they correct rows that were final.",
                    (
                        promql(
                            "(sum(rate(sales_late_events_total[$__range])) or vector(0))"
                            " / sum(rate(sales_events_total[$__range]))",
                            "late",
                        ),
                    ),
                    "percentunit", 8, ((None, GREEN), (0.05, YELLOW)),
                ),
            ),
        ),
        Row(
            "Duration",
            8,
            (
                Panel(
                    "Commit cycle", "lines", "Time of one transaction with state, outputs and offsets.",
                    _quantiles("sales_cycle_seconds"), "s", 8,
                ),
                Panel(
                    "Insert into ClickHouse", "lines", "Time of one batch of the sink.",
                    _quantiles("sales_sink_insert_seconds"), "s", 8,
                ),
                Panel(
                    "Rows to ClickHouse a second", "lines", "Rows that the sink inserted, by table.",
                    (promql("sum by (table) (rate(sales_sink_rows_total[$__rate_interval]))", "{{table}}"),), width=8,
                ),
            ),
        ),
        Row(
            "Saturation: what is behind",
            8,
            (
                Panel(
                    "Not yet read by the worker", "lines", "Records by topic. Clocks wait for what is unread.",
                    (promql("sum by (topic) (max by (topic, partition) (sales_consumer_lag_records))", "{{topic}}"),),
                    width=6, steps=((None, GREEN), (10_000, RED)),
                ),
                Panel(
                    "Not yet in ClickHouse", "lines", "Records by topic.",
                    (promql("sum by (topic) (sales_sink_lag_records)", "{{topic}}"),), width=6,
                    steps=((None, GREEN), (10_000, RED)),
                ),
                Panel(
                    "Watermark behind", "lines", "How far each partition's event time is behind the clock on the wall.",
                    (promql("time() - max by (partition) (sales_watermark_seconds)", "{{partition}}"),), "s", 6,
                    ((None, GREEN), (30, YELLOW), (300, RED)),
                ),
                Panel(
                    "Since the last event", "lines", "How long ago an event of each topic was last read.",
                    (promql("time() - max by (topic) (sales_last_event_time_seconds)", "{{topic}}"),), "s", 6,
                ),
            ),
        ),
        Row(
            "What was refused, and how old the rest is",
            9,
            (
                Panel(
                    "Dead letters", "table", "The latest: where each was and what is wrong with it.",
                    (sql(_LETTERS),), width=16,
                ),
                Panel(
                    "Age of recorded KPIs", "bars", "How long ago the sink computed each that it tells Prometheus.",
                    (promql("max by (kpi, period, scope) (sales_recorded_age_seconds)", "{{kpi}} {{period}}"),),
                    "s", 8, ((None, GREEN), (7_200, YELLOW)),
                ),
            ),
        ),
    ]  # fmt: skip


def _quantiles(histogram: str) -> tuple[Query, ...]:
    rate = f"sum by (le) (rate({histogram}_bucket[$__rate_interval]))"
    return tuple(
        promql(f"histogram_quantile({share}, {rate})", name) for share, name in (("0.5", "half"), ("0.99", "99 of 100"))
    )


_LETTERS: Final = """\
SELECT time, reason, topic, partition, offset, path, detail
FROM dead_letters_once
WHERE time >= $__fromTime AND time < $__toTime
ORDER BY time DESC
LIMIT 100"""
