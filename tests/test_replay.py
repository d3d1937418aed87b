"""The whole pipeline on the real broker: recorded events in, KPIs out, equal to the truth."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy import policy_check
from deploy.attainment import attainment
from deploy.replay import final_after, replay, write
from deploy.simulator.disturbance import disturb
from deploy.simulator.floor import START, simulate
from deploy.simulator.reading import millis, refusal
from deploy.simulator.truth import compare, truth
from schemas.settings import Settings
from tests.agents.driving import Pipeline

DAY = 86_400_000
DATA = Path(__file__).parents[1].parent / "shared" / "data"
Row = dict[str, Any]


def recorded(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the recorded events are not beside this checkout: {name}")
    return path


def row(result: dict[str, Any], kpi: str, grouping: str = "all", **dimensions: str) -> Row:
    found = [
        row
        for row in result["kpis"]
        if (row["kpi"], row["grouping"], row["dimensions"], row["window"]) == (kpi, grouping, dimensions, "all")
    ]
    assert len(found) == 1, f"{kpi} by {grouping} {dimensions}: {len(found)} rows"
    return found[0]


def check_response(true: dict[str, Any], found: Row) -> None:
    statistics = found["statistics"]
    assert (found["count"], statistics["censored"]) == (true["count"], true["censored"])
    assert statistics["within"] == true["within"]
    assert statistics["mean"] == pytest.approx(true["mean"], rel=1e-12)
    for p in (50, 90, 95, 99):
        assert statistics[f"p{p}_answered"] == pytest.approx(true[f"p{p}_of_answered"], rel=0.01)


def check(true: dict[str, Any], result: dict[str, Any], grouping: str, **dimensions: str) -> None:
    check_response(true["lead_response_time"], row(result, "lead_response_time", grouping, **dimensions))
    follow_up = row(result, "follow_up_rate", grouping, **dimensions)
    assert {k: follow_up[k] for k in ("numerator", "denominator", "value")} == true["follow_up_rate_24h"]
    follow_ups = row(result, "follow_ups_per_lead", grouping, **dimensions)
    assert (follow_ups["numerator"], follow_ups["denominator"]) == (true["follow_ups"], true["contacted"])
    assert row(result, "leads_created", grouping, **dimensions)["count"] == true["leads"]


@pytest.mark.timeout(600)
def test_a_recorded_help_desk_has_its_true_kpis_in_any_order_and_with_repeats(
    settings: Settings, tmp_path: Path
) -> None:
    """169,165 real events: counts exact, quantiles within 1 %; shuffled with every tenth repeated, the same bytes."""
    path = recorded("uci_incidents.events.jsonl.gz")
    true = orjson.loads(recorded("uci_incidents.truth.json").read_bytes())
    # What the truth has, since it is a great many events: of everything the floors below are.
    kpis = "lead_response_time,follow_up_rate,follow_ups_per_lead,reply_rate,leads_created"
    settings = settings.model_copy(update={"kpis": kpis, "groupings": "all;source;channel"})
    result = replay(settings, [path])
    check(true["all"], result, "all")
    for source, by_source in true["by_source"].items():
        check(by_source, result, "source", source=source)
    replies = row(result, "reply_rate", "channel", channel="email")
    assert {k: replies[k] for k in ("numerator", "denominator", "value")} == true["all"]["reply_rate_email"]
    assert result["events"]["distinct"] == true["events"]["total"]

    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    lines += lines[::10]
    random.Random(4).shuffle(lines)
    shuffled = tmp_path / "shuffled.jsonl"
    shuffled.write_bytes(b"".join(lines))
    again = replay(settings, [shuffled])
    assert again["events"].pop("read") == len(lines)
    result["events"].pop("read")
    write(result, tmp_path / "one.json")
    write(again, tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


@pytest.mark.timeout(600)
def test_a_simulated_floor_with_everything_wrong_with_it_has_its_true_kpis(settings: Settings, tmp_path: Path) -> None:
    """Every event type, with duplicates, disorder, lateness, conflicts and malformed events, over three years."""
    path = tmp_path / "floor.jsonl"
    floors = [*simulate(12, 20, START - 3 * 365 * DAY), *simulate(11, 400)]
    lines = list(disturb(floors, 11, duplicates=0.1, late=0.05, malformed=0.02, conflicts=0.01, disorder=60_000))
    path.write_bytes(b"\n".join(lines) + b"\n")
    result = replay(settings, [path])
    latest = max(millis(orjson.loads(line)["time"]) for line in lines if refusal(line) is None)
    true = truth(lines, settings, clock=latest + final_after(settings))
    assert compare(result["kpis"], true["kpis"]) == []
    assert result["events"] == true["events"]
    assert result["sla"] == {}


@pytest.mark.timeout(600)
def test_what_became_of_clocks_is_counted_by_policy_whatever_the_order(settings: Settings, tmp_path: Path) -> None:
    """The same arithmetic without Kafka, in one batch and at the end of time, finds the same."""
    policies = policy_check.check(policy_check.EXAMPLE)[0]
    lines = list(disturb(simulate(13, 150), 13, duplicates=0.05, late=0.05, disorder=60_000))
    end = max(millis(orjson.loads(line)["time"]) for line in lines) + final_after(settings)
    driven = Pipeline(settings, tmp_path / "driven", policies=policies)
    driven.feed(lines)
    driven.commit_leads(end)
    expected = attainment(orjson.loads(value) for _, value in driven.published["sla"])
    assert {"hot-first-response", "next-response", "follow-up", "qualification"} <= expected.keys()
    assert all(found["due"] == found["met"] + found["breached"] for found in expected.values())
    path = tmp_path / "floor.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    found = replay(settings, [path], policies=policies)
    assert found["sla"] == expected
    rows = {name: row(found, "response_within_sla", "policy", policy=name) for name in expected}
    assert {name: (one["denominator"], one["numerator"]) for name, one in rows.items()} == {
        name: (one["due"], one["met"]) for name, one in expected.items()
    }
    random.Random(5).shuffle(lines)
    path.write_bytes(b"\n".join(lines) + b"\n")
    assert replay(settings, [path], policies=policies)["sla"] == expected


def check_deals(true: dict[str, Any], result: dict[str, Any], grouping: str, **dimensions: str) -> None:
    def found(kpi: str, **more: str) -> Row:
        return row(result, kpi, grouping, **dimensions, **more)

    assert found("opportunities_created")["count"] == true["opened"]
    assert (found("deals_won")["count"], found("deals_lost")["count"]) == (true["won"], true["lost"])
    assert found("win_rate")["value"] == true["win_rate"]
    assert found("won_amount", currency="USD")["value"] == str(true["won_amount"])
    assert found("open_pipeline", currency="USD")["count"] == true["open_at_end"]
    cycle, length = true["sales_cycle_seconds"], found("sales_cycle_length")["statistics"]
    assert length["mean"] == pytest.approx(cycle["mean"], rel=1e-12)
    for quantile in ("p50", "p90"):
        assert length[quantile] == pytest.approx(cycle[quantile], rel=0.01)


@pytest.mark.timeout(600)
def test_recorded_deals_have_their_true_kpis(settings: Settings) -> None:
    """15,011 events of opportunities: counts and money exact, quantiles within 1 %, for all and by team."""
    path = recorded("maven_deals.events.jsonl.gz")
    true = orjson.loads(recorded("maven_deals.truth.json").read_bytes())
    result = replay(settings, [path])
    check_deals(true["all"], result, "all")
    for team, by_team in true["by_team"].items():
        check_deals(by_team, result, "team", team=team)
    assert result["events"]["distinct"] == true["events"]
