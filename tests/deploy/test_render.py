"""Generated files: written, checked, and the schemas among them true of real samples."""

from __future__ import annotations

import gzip
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from deploy.cli import app
from deploy.policy_check import EXAMPLE, check
from deploy.produce import read_lines
from deploy.render import kpis, render
from deploy.render.recorded_kpis import ROWS
from deploy.render.schemas import files
from deploy.simulator.floor import simulate
from schemas.catalogue import by_name
from schemas.decoding import Rejected, dead_letter
from schemas.envelopes import ENVELOPES
from schemas.events import TOPIC_OF
from schemas.publishing import published
from schemas.recorded_kpis import RECORDED as RECORDED_KPIS
from schemas.results import KpiRow, LeadFacts
from schemas.settings import Settings
from tests.agents.driving import Pipeline
from tests.policy_files import HEAD, policy
from tests.streams.floor import HOUR, engaged
from tests.streams.service_floor import as_of, office

ROOT = Path(__file__).parents[2]
RECORDED = ROOT.parent / "shared" / "data" / "uci_incidents.events.jsonl.gz"


def validator(name: str) -> Draft202012Validator:
    found = orjson.loads(files()[f"deploy/schemas/{name}.json"])
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


def event(kind: str, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "1",
        "source": "crm",
        "type": kind,
        "time": "2026-03-02T09:14:05Z",
        "subject": "lead-1",
        "data": data,
    }


def test_no_generated_file_is_stale() -> None:
    """``salespulse render`` has been run after the last change."""
    assert render(ROOT, check=True) == []


def test_files_are_written_once_and_a_changed_one_is_stale(tmp_path: Path) -> None:
    wrote = render(tmp_path)
    assert "deploy/schemas/call.completed.json" in wrote
    assert render(tmp_path) == []
    (tmp_path / wrote[0]).write_text("{}")
    (tmp_path / wrote[1]).unlink()
    assert render(tmp_path, check=True) == sorted(wrote[:2])
    assert not (tmp_path / wrote[1]).exists()


def test_rules_and_routes_for_ones_own_policies_go_where_one_says(tmp_path: Path) -> None:
    file, to = tmp_path / "mine.toml", tmp_path / "monitoring"
    file.write_text(HEAD + policy("mine"))
    words = ["render", "--policies", str(file), "--to", str(to)]
    assert CliRunner().invoke(app, words).exit_code == 0
    rules = (to / "prometheus/rules/service-levels.yml").read_text()
    assert "sales-clocks-mine" in rules and "from mine.toml" in rules
    assert 'receiver: "emea-page"' in (to / "alertmanager/alertmanager.yml").read_text()
    assert "Objectives: mine 90%" in (to / "grafana/dashboards/levels.json").read_text()
    assert CliRunner().invoke(app, [*words, "--check"]).exit_code == 0
    file.write_text(HEAD + policy("another"))
    assert CliRunner().invoke(app, [*words, "--check"]).exit_code == 1
    assert "sales-clocks-mine" in (to / "prometheus/rules/service-levels.yml").read_text()


@pytest.mark.parametrize("words", [["--policies", "x.toml"], ["--to", "x"]])
def test_ones_own_policies_without_a_folder_are_wrong_usage(words: list[str]) -> None:
    assert CliRunner().invoke(app, ["render", *words]).exit_code == 2


def test_the_rows_of_the_reference_page_are_those_that_the_pipeline_publishes(tmp_path: Path) -> None:
    made = kpis.examples()
    assert list(made) and set(made) == set(by_name)
    pipeline = Pipeline(Settings(_env_file=None), tmp_path, policies=check(EXAMPLE)[0])
    pipeline.feed(read_lines([kpis.LOG]))
    pipeline.commit(kpis.NOW)
    standing = pipeline.rows()
    for name, row in made.items():
        example, found = orjson.loads(published(row)), standing[row.key]
        for stamp in ("revision", "watermark", "final"):
            del example[stamp], found[stamp]
        assert example == found, name


def test_every_recorded_kpi_has_a_row_on_its_page() -> None:
    assert [orjson.loads(line)["kpi"] for line in ROWS.read_bytes().splitlines()] == [kpi.name for kpi in RECORDED_KPIS]


def test_the_reference_page_names_the_metrics_that_there_are() -> None:
    made = kpis.examples()
    named = {name: [metric.strip("`").partition("{")[0] for metric in kpis.metrics(row)] for name, row in made.items()}
    assert named["lead_response_time"] == ["sales_kpi_count", "sales_kpi_seconds"]
    assert named["reply_rate"] == ["sales_kpi_count", "sales_kpi_ratio"]
    assert named["open_leads"] == ["sales_open_leads"]
    assert {name for name, metrics in named.items() if not metrics} == {
        name for name, kpi in by_name.items() if kpi.family == "deal" and kpi.kind in ("sum", "now")
    }


@pytest.mark.parametrize("kind", sorted(TOPIC_OF))
def test_every_type_has_a_schema_that_is_one(kind: str) -> None:
    assert validator(kind).schema["properties"]["type"] == {"enum": [kind]}


def test_simulated_events_are_valid() -> None:
    found = {kind: validator(kind) for kind in ENVELOPES}
    seen = set()
    for sample in islice(simulate(seed=7, leads=150), 5_000):
        found[sample["type"]].validate(sample)
        seen.add(TOPIC_OF[sample["type"]])
    assert seen == {"leads", "calls", "emails", "deals"}


def test_recorded_events_are_valid() -> None:
    if not RECORDED.exists():
        pytest.skip(f"{RECORDED.name} is not beside the checkout")
    found = {kind: validator(kind) for kind in ENVELOPES}
    with gzip.open(RECORDED) as lines:
        for line in islice(lines, 2_000):
            sample = orjson.loads(line)
            found[sample["type"]].validate(sample)


@pytest.mark.parametrize(
    ("sample", "place"),
    [
        (event("call.completed", rep="r-1"), "data"),
        (event("call.completed", direction="sideways"), "data/direction"),
        (event("call.completed", direction="inbound", talk_seconds=-1), "data/talk_seconds"),
        (event("deal.won", deal_id="d", amount="12,50"), "data/amount"),
        (event("email.sent", message_id=""), "data/message_id"),
        ({**event("lead.engaged"), "subject": ""}, "subject"),
        ({**event("lead.engaged"), "specversion": "0.3"}, "specversion"),
    ],
)
def test_what_the_decoder_refuses_is_invalid_at_the_same_place(sample: dict[str, Any], place: str) -> None:
    errors = list(validator(sample["type"]).iter_errors(sample))
    assert ["/".join(map(str, error.absolute_path)) for error in errors] == [place]


def test_producers_may_add_fields() -> None:
    validator("call.completed").validate(event("call.completed", direction="inbound", mood="good") | {"trace": "1"})


def test_published_results_are_valid_and_whole() -> None:
    rejected = Rejected("future", "$.time", "too far")
    row = KpiRow(
        "reply_rate", "team", {"team": "emea-1"}, "1h", "2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z",
        "first_touch", 0.4, 10, 4, 10, {}, 3, True, "2026-03-02T11:00:00Z",
    )  # fmt: skip
    facts = LeadFacts(
        lead="lead-1", qualified=True, instances=1, open=False, imported=False, engaged_at="2026-03-02T09:00:00Z",
        first_touch_at=None, contact_made_at=None, response_seconds=None, owner="unassigned", team="unassigned",
        temperature="hot", stage=None, source="web", region="unknown", channel="email", segment="unknown",
        account=None, campaign=None, closed_at=None, close_reason=None, merged_into=None, touches=0, follow_ups=0,
        replies=0, reply_class=None, last_event_at="2026-03-02T09:00:00Z",
    )  # fmt: skip
    [told], _ = as_of(HOUR, office(), engaged())
    letter = dead_letter(rejected, "sales.calls", 0, 1, 1_700_000_000_000, None, b"{}", [("a", b"b"), ("c", None)])
    for name, result in (("kpi-row", row), ("lead-facts", facts), ("sla-event", told), ("dead-letter", letter)):
        sample = orjson.loads(published(result))
        validator(name).validate(sample)
        for field in sample:
            rest = {other: value for other, value in sample.items() if other != field}
            assert not validator(name).is_valid(rest), field
