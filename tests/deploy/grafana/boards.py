"""The rendered dashboards as Grafana reads them, and what it puts in the place of variables and macros."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson

from deploy.render.grafana import files

Json = dict[str, Any]
BOARDS: Final[dict[str, Json]] = {
    path.rpartition("/")[2]: orjson.loads(text) for path, text in files().items() if path.endswith(".json")
}
_NAMED: Final = re.compile(r"\$\{(\w+)(?::(\w+(?::\w+)?))?\}|\$(?!__)(\w+)")


class Asked(NamedTuple):
    """A query of a panel: on which dashboard, of which kind, and whether it is asked for one instant."""

    board: str
    panel: str
    source: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.board}: {self.panel}"


def panels(board: Json) -> list[Json]:
    """Without the titles of rows."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def queries() -> Iterator[Asked]:
    """Every query of every panel, variable and annotation."""
    for name, board in BOARDS.items():
        for panel in panels(board):
            for target in panel["targets"]:
                text = target.get("rawSql") or target["expr"]
                yield Asked(name, panel["title"], target["datasource"]["type"], text)
        for note in board["annotations"]["list"]:
            if "rawSql" in note["target"]:
                yield Asked(name, note["name"], note["datasource"]["type"], note["target"]["rawSql"])


def named(text: str) -> set[str]:
    """The variables that a text names, Grafana's own left out."""
    return {name for found in _NAMED.finditer(text) if not (name := found[1] or found[3]).startswith("__")}


def promql(text: str, chosen: Mapping[str, list[str]]) -> str:
    """As Prometheus is asked: several values as alternatives, ranges as long as the tests last."""
    text = text.replace("$__rate_interval", "10m").replace("$__range", "10m")
    return _NAMED.sub(lambda found: "|".join(map(_escaped, chosen[found[1] or found[3]])), text)


def _escaped(value: str) -> str:
    """As Grafana does within a text of PromQL, where a backslash is two."""
    return re.sub(r"[\\^$*+?.()|{}\[\]]", r"\\\\\g<0>", value)


def sql(text: str, chosen: Mapping[str, list[str]], since: datetime, until: datetime) -> str:
    """As ClickHouse is asked, variables in the form that the query wants them in."""
    for macro, at in (("$__fromTime", since), ("$__toTime", until)):
        text = text.replace(macro, f"toDateTime({round(at.timestamp())})")

    def value(found: re.Match[str]) -> str:
        name, form = found[1] or found[3], found[2]
        if name in ("__from", "__to"):
            assert form == "date:iso"
            return (since if name == "__from" else until).astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
        if form is None:
            [only] = chosen[name]
            return only
        assert form == "singlequote"
        return ",".join("'" + one.replace("'", "\\'") + "'" for one in chosen[name])

    return _NAMED.sub(value, text)
