"""Panels as they are declared, and how Grafana's own SDK makes dashboards of them.

The SDK has no queries of the ClickHouse plugin and its automatic layout leaves the grid: both are done here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    GraphThresholdsStyleMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    DynamicConfigValue,
    GridPos,
    Threshold,
    ThresholdsMode,
)

COLUMNS: Final = 24
"""Width of Grafana's grid."""
PROMETHEUS: Final = DataSourceRef("prometheus", "salespulse-prometheus")
CLICKHOUSE: Final = DataSourceRef("grafana-clickhouse-datasource", "salespulse-clickhouse")

GREEN: Final = "green"
YELLOW: Final = "yellow"
RED: Final = "red"

Kind = Literal["stat", "lines", "bars", "table"]
Steps = tuple[tuple[float | None, str], ...]
"""From which value on which colour; the first from None on."""


class Query(NamedTuple):
    """What a panel asks: PromQL with the name of each series, or SQL whose answer is a table or has a time."""

    text: str
    legend: str = ""
    source: DataSourceRef = PROMETHEUS
    is_series: bool = True


class Link(NamedTuple):
    """Where a click on a number leads; of a table, on the cells of ``column`` only."""

    title: str
    url: str
    column: str = ""


class Panel(NamedTuple):
    """A panel ``width`` columns wide; ``units`` are those of a table's columns, ``steps`` its colours."""

    title: str
    kind: Kind
    description: str
    queries: tuple[Query, ...]
    unit: str = "short"
    width: int = 6
    steps: Steps = ()
    links: tuple[Link, ...] = ()
    units: Mapping[str, str] = {}


class Row(NamedTuple):
    """Panels side by side, ``height`` grid units high; more than fit go on below."""

    title: str
    height: int
    panels: tuple[Panel, ...]


def promql(text: str, legend: str = "__auto") -> Query:
    """A query that Prometheus answers; ``legend`` in Grafana's words, ``{{team}}`` is a label's value."""
    return Query(text, legend)


def sql(text: str) -> Query:
    """A query that ClickHouse answers with a table."""
    return Query(text, source=CLICKHOUSE, is_series=False)


def sql_series(text: str) -> Query:
    """A query that ClickHouse answers with a column ``time``, ascending; text columns name the series."""
    return Query(text, source=CLICKHOUSE)


def placed(board: dashboard.Dashboard, rows: Sequence[Row]) -> dashboard.Dashboard:
    """The dashboard with every row's title and panels, numbered and placed from top to bottom."""
    number = top = 0
    for row in rows:
        number += 1
        board = board.with_row(dashboard.Row(row.title).id(number).grid_pos(GridPos(h=1, w=COLUMNS, x=0, y=top)))
        top, left = top + 1, 0
        for panel in row.panels:
            if left + panel.width > COLUMNS:
                top, left = top + row.height, 0
            number += 1
            board = board.with_panel(_built(panel, number, GridPos(h=row.height, w=panel.width, x=left, y=top)))
            left += panel.width
        top += row.height
    return board


class _Sql(Builder[Dataquery], Dataquery):
    """A query in the form of the plugin grafana-clickhouse-datasource, version 4."""

    def __init__(self, query: Query, ref: str) -> None:
        self._query, self._ref = query, ref

    def build(self) -> Dataquery:
        return self

    def to_json(self) -> dict[str, object]:
        series = self._query.is_series
        return {
            "refId": self._ref,
            "datasource": CLICKHOUSE.to_json(),
            "editorType": "sql",
            "queryType": "timeseries" if series else "table",
            "format": 0 if series else 1,
            "rawSql": self._query.text,
        }


def _target(query: Query, ref: str, kind: Kind) -> Builder[Dataquery]:
    if query.source is CLICKHOUSE:
        return _Sql(query, ref)
    asked = prometheus.Dataquery().expr(query.text).legend_format(query.legend).ref_id(ref).datasource(PROMETHEUS)
    return asked.range() if kind in ("stat", "lines") else asked.instant()


_Shown = stat.Panel | timeseries.Panel | bargauge.Panel | table.Panel
_P = TypeVar("_P", stat.Panel, timeseries.Panel, bargauge.Panel, table.Panel)


def _built(panel: Panel, number: int, where: GridPos) -> _Shown:
    match panel.kind:
        case "stat":
            tile = stat.Panel().reduce_options(_each_row(panel)).color_mode(BigValueColorMode.BACKGROUND)
            return _dressed(tile if panel.steps else tile.color_mode(BigValueColorMode.NONE), panel, number, where)
        case "bars":
            bars = bargauge.Panel().reduce_options(_each_row(panel)).orientation(VizOrientation.HORIZONTAL)
            return _dressed(bars.display_mode(BarGaugeDisplayMode.BASIC), panel, number, where)
        case "lines":
            lines = timeseries.Panel().fill_opacity(8).line_width(2)
            if panel.steps:
                lines = lines.thresholds_style(
                    common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
                )
            return _dressed(lines, panel, number, where)
        case "table":
            return _dressed(table.Panel().filterable(True), panel, number, where)


def _each_row(panel: Panel) -> common.ReduceDataOptions:
    """Of series the last value, of a table every row."""
    if all(query.source is CLICKHOUSE and not query.is_series for query in panel.queries):
        return common.ReduceDataOptions().values(True)
    return common.ReduceDataOptions().calcs(["lastNotNull"])


def _dressed(shown: _P, panel: Panel, number: int, where: GridPos) -> _P:
    shown = shown.id(number).title(panel.title).description(panel.description).grid_pos(where).unit(panel.unit)
    shown = shown.datasource(panel.queries[0].source)
    for query, ref in zip(panel.queries, "ABCDEFGH", strict=False):
        shown = shown.with_target(_target(query, ref, panel.kind))
    if panel.steps:
        steps = [Threshold(value, colour) for value, colour in panel.steps]
        shown = shown.thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    if whole := [link for link in panel.links if not link.column]:
        shown = shown.data_links([_link(link) for link in whole])
    for column, unit in panel.units.items():
        shown = shown.override_by_name(column, [DynamicConfigValue("unit", unit)])
    for column in dict.fromkeys(link.column for link in panel.links if link.column):
        leading = [_link(link).build().to_json() for link in panel.links if link.column == column]
        shown = shown.override_by_name(column, [DynamicConfigValue("links", leading)])
    return shown


def _link(link: Link) -> dashboard.DashboardLink:
    return dashboard.DashboardLink(link.title).type(DashboardLinkType.LINK).url(link.url)
