"""The views of the recorded KPIs: what one counts is its own query, periods, scopes, sums are the frame around."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Final

from clickhouse_connect.driver.client import Client

from schemas import catalogue
from schemas.recorded_kpis import PERIODS, RECORDED, RESULTS, RecordedKpi
from schemas.recorded_settings import bands, benchmarks, names, ratios
from schemas.settings import Settings
from sinks.clickhouse.replicated import replicated

_PACKAGE: Final = files("sinks.clickhouse.recorded_kpis")
_PLACE: Final = re.compile(r"\{(\w+)\}")
"""Where a text of ours is put in; ClickHouse's own parameters have a type, ``{scope:String}``."""
_DAY_MS: Final = 86_400_000

_QUOTIENT: Final = "if({0}denominator = 0, NULL, toFloat64({0}numerator) / toFloat64({0}denominator))"
_VALUES: Final = {
    "ratio": _QUOTIENT,
    "sum": "toNullable(toFloat64({0}numerator))",
    "estimate": "toNullable(toFloat64({0}numerator))",
    "rank": "toNullable(toFloat64({0}numerator))",
    "folded": f"if({{0}}denominator = 0, toFloat64({{0}}numerator), {_QUOTIENT})",
}
_NOTHING_LEFT: Final = "if({0}denominator <= 0, NULL, toFloat64({0}numerator) / toFloat64({0}denominator))"
_AS_OF: Final = "if((SELECT max(end) FROM periods) <= now64(3), (SELECT min(start) FROM periods WHERE i = 0), now64(3))"


def create(client: Client, settings: Settings) -> None:
    """Make every view anew, as the settings have it."""
    for statement in statements(settings):
        client.command(replicated(statement, settings.clickhouse_cluster))


def statements(settings: Settings) -> Iterator[str]:
    """What makes the views: the blocks that KPIs are built from, then one view per KPI, then marks and signals."""
    texts = _texts(settings)
    for folder in ("blocks", "signals"):
        for file in sorted((_PACKAGE / folder).iterdir(), key=lambda one: one.name):
            yield from (_filled(part, texts) for part in file.read_text().split(";\n") if part.strip())
        if folder == "blocks":
            yield from (_view(kpi, texts, settings) for kpi in RECORDED)


def _view(kpi: RecordedKpi, texts: dict[str, str], settings: Settings) -> str:
    body = _query(kpi)
    scopes = [scope for scope in kpi.scopes if scope != "rep" or settings.rep_level != "off"]
    own = {
        "kpi": kpi.name,
        "expansion": kpi.name.removesuffix("_rate"),
        "depth": str(kpi.depth),
        "body": _indented(body.rstrip()),
        "scopes": _list(scopes),
        "scopes_named": ", ".join(scopes),
        "used": _escaped(_filled(kpi.used, texts)),
        "rep_level": f" AND ({{scope:String}} != 'rep' OR n >= {settings.rep_level})" * settings.rep_level.isdigit(),
        **_columns(kpi, body),
        "periods_text": (_PACKAGE / "frames" / "periods.sql").read_text().rstrip(),
    }
    frame = (_PACKAGE / "frames" / ("series.sql" if kpi.kind == "series" else "sums.sql")).read_text()
    # Bodies and frames hold places themselves.
    return _filled(_filled(frame, own | texts), own | texts)


def _query(kpi: RecordedKpi) -> str:
    """Its own query, with the parts put in that it shares with others."""
    text = (_PACKAGE / "kpis" / f"{kpi.name}.sql").read_text()
    for part in (_PACKAGE / "shared").iterdir():
        text = text.replace(f"{{{part.name.removesuffix('.sql')}}}", part.read_text().rstrip())
    return text


def _columns(kpi: RecordedKpi, body: str) -> dict[str, str]:
    """What the frame takes from the query, and what it puts where the query names no such column."""
    value = _NOTHING_LEFT if kpi.name == "pipeline_coverage" else _VALUES.get(kpi.kind, "")
    return {
        "value": value.format(""),
        "before": _before(kpi, value.format("before_")),
        "of": "toString(items.of)" if " AS of" in body else "''",
        "currency": "toString(items.currency)" if kpi.by_currency else "''",
        "denominator": "items.denominator" if " AS denominator" in body else "0",
        "n": kpi.n if kpi.n == "1" else f"items.{kpi.n}",
        "parts": _parts(body),
        "statistics": _statistics(kpi),
    }


def _before(kpi: RecordedKpi, value: str) -> str:
    # Of a period that is over nothing is expected any more.
    return f"if(before_n = 0, NULL, {value})" if kpi.kind == "estimate" else value


def _parts(body: str) -> str:
    stated = "items.parts" if " AS parts" in body else "map()"
    return f"{stated}::Map(String, {'Float64' if 'variance' in body else 'Decimal(38, 12)'})"


def _statistics(kpi: RecordedKpi) -> str:
    match kpi.kind, kpi.name:
        case "estimate", _:
            off = "1.96 * sqrt(parts['variance'])"
            return f"map('low', greatest(0, value - {off}), 'high', value + {off})::Map(String, Float64)"
        case "rank", _:
            place = "rank() OVER (PARTITION BY sums.i, of, currency ORDER BY numerator DESC)"
            return f"map('rank', toFloat64({place}))"
        case _, "benchmark_30_30_50":
            return "map('mark', transform(of, [{marks_of}], [{marks}], 0.0))::Map(String, Float64)"
        case _:
            return "parts::Map(String, Float64)"


def _texts(settings: Settings) -> dict[str, str]:
    """Every name that stands in braces in the SQL → what the settings make of it."""
    marks = benchmarks(settings.benchmarks)
    beside = [mark for mark in marks if mark.kpi == "benchmark_30_30_50"]
    pairs = ratios(settings.observed_ratios)
    return {
        "timezone": settings.timezone,
        "home_currency": _escaped(settings.currency),
        "clock_skew": str(settings.clock_skew),
        "conversion_over": settings.conversion_over,
        "conversion_horizon": f"{settings.conversion_horizon / _DAY_MS:g}d",
        "conversion_horizon_ms": str(settings.conversion_horizon),
        "reply_over": settings.reply_over,
        "cycle_bands": settings.cycle_bands,
        "band_of_cycle": _band_of_cycle(bands(settings.cycle_bands)),
        "engaged_within": f"{settings.engaged_within / _DAY_MS:g}d",
        "engaged_within_ms": str(settings.engaged_within),
        "csat_from": f"{settings.csat_from:g}",
        "minimum_sample": str(settings.minimum_sample),
        "observed_sums": settings.observed_sums,
        "observed_sums_list": _list(names(settings.observed_sums) or [""]),
        "observed_ratios_list": "[('', '', '')"
        + "".join(f", ({_list((r.name, r.over, r.under))})" for r in pairs)
        + "]",
        "observed_ratios": settings.observed_ratios,
        "down_kpis": _list(_names_of_low()),
        "periods": _list(PERIODS),
        "rep_signals": {"on": "", "off": " AND false"}.get(settings.rep_level, f" AND n >= {settings.rep_level}"),
        "results": _list(RESULTS),
        "as_of": _AS_OF,
        "marks_of": _list([mark.of for mark in beside]),
        "marks": ", ".join(f"{mark.mark:.6f}" for mark in beside),
        "all_marks": ", ".join(f"({_list((m.kpi, m.of))}, {m.mark:.6f}, {_list((m.citation,))})" for m in marks),
    }


def _names_of_low() -> list[str]:
    """KPIs that are better the lower they are."""
    streamed = [kpi.name for kpi in catalogue.CATALOGUE if kpi.good == "down"]
    return streamed + [kpi.name for kpi in RECORDED if kpi.good == "down"]


def _band_of_cycle(days: tuple[int, ...]) -> str:
    """SQL that names the band of ``cycle_ms``."""
    edges = [
        f"cycle_ms < {day * _DAY_MS}, '{_band(before, day)}'" for before, day in zip((0, *days), days, strict=False)
    ]
    return f"multiIf(cycle_ms IS NULL, 'unknown', {', '.join(edges)}, 'from {days[-1]} d')"


def _band(since: int, until: int) -> str:
    return f"{since} to {until} d" if since else f"under {until} d"


def _filled(text: str, texts: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: texts[place[1]], text)


def _list(texts: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"'{_escaped(text)}'" for text in texts)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _indented(text: str) -> str:
    return "\n".join(f"        {line}" if line else line for line in text.splitlines())
