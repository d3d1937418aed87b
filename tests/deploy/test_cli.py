"""The command as a user meets it: in a process of its own, by its words, output and exit status."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from deploy import cli
from deploy.topics import TOPICS
from schemas.settings import Settings

ROOT = Path(__file__).parents[2]
NOBODY = "127.0.0.1:9"
"""The discard port: nothing listens there."""

Run = Callable[..., subprocess.CompletedProcess[str]]


def environment(tmp_path: Path, **settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SALESPULSE_")}
    named = {f"SALESPULSE_{name.upper()}": value for name, value in settings.items()}
    return kept | {"SALESPULSE_DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": str(ROOT)} | named


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def salespulse(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy", *words],
            cwd=tmp_path,
            env=environment(tmp_path, **settings),
            capture_output=True,
            text=True,
            timeout=120,
        )

    return salespulse


def commands() -> list[tuple[str, ...]]:
    root = typer.main.get_command(cli.app)
    found: list[tuple[str, ...]] = []
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found += [(name, each) for each in inner] if inner else [(name,)]
    return found


def test_every_command_of_the_contract_is_there() -> None:
    named = {" ".join(words) for words in commands()}
    assert named >= {
        "demo", "replay", "produce", "simulate", "worker", "sink clickhouse", "topics create", "topics check",
        "kpis", "reconcile", "dead-letters list", "dead-letters replay", "settings", "render", "policy check",
        "policy example", "targets set", "targets list", "targets import", "targets revoke",
    }  # fmt: skip


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_help_of_a_command_has_an_example_of_it(run: Run, words: tuple[str, ...]) -> None:
    shown = run(*words, "--help")
    assert shown.returncode == 0
    assert f"salespulse {' '.join(words)}" in " ".join(shown.stdout.partition("Example:")[2].split())


def test_help_loads_nothing_that_takes_long() -> None:
    heavy = ("pydantic", "holidays", "rich.console", "aiokafka", "kafka", "faust", "clickhouse_connect", "structlog")
    script = f"import deploy.cli, sys; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", script], cwd=ROOT, text=True).strip() == "[]"


def test_settings_names_value_default_and_meaning(run: Run) -> None:
    shown = run("settings", follow_up_horizon="36h").stdout
    [line] = [line for line in shown.splitlines() if "FOLLOW_UP_HORIZON" in line]
    assert line.split()[:3] == ["SALESPULSE_FOLLOW_UP_HORIZON", "36h", "24h"]
    assert "counts as followed up" in line
    assert all(f"SALESPULSE_{name.upper()} " in shown for name in Settings.model_fields)


def test_a_password_is_never_shown(run: Run) -> None:
    dsn = "http://joe:sesame@db.example:8123/salespulse"
    assert "sesame" not in run("settings", clickhouse=dsn).stdout
    unreachable = run("kpis", clickhouse=dsn.replace("db.example:8123", NOBODY))
    assert unreachable.returncode == 1
    assert "sesame" not in unreachable.stderr


def test_a_wrong_setting_is_named_with_what_was_expected(run: Run) -> None:
    ended = run("settings", timezone="Mars/Phobos", port="many")
    assert ended.returncode == 2
    assert ended.stdout == ""
    zone, port = ended.stderr.splitlines()
    assert "SALESPULSE_TIMEZONE: expected an IANA time zone" in zone
    assert "SALESPULSE_PORT: should be a valid integer" in port


def test_an_instant_is_set_and_shown_as_people_write_it(run: Run) -> None:
    shown = run("settings", clocks_from="2026-04-01T02:00:00+02:00").stdout
    assert "2026-04-01T00:00:00Z" in next(line for line in shown.splitlines() if "CLOCKS_FROM" in line)
    wrong = run("settings", clocks_from="April")
    assert wrong.returncode == 2
    assert "SALESPULSE_CLOCKS_FROM: expected a date and time with an offset" in wrong.stderr


@pytest.mark.parametrize("words", [("worker",), ("demo", "--for", "1s"), ("replay", "events.jsonl")])
def test_a_faulty_policy_file_is_told_line_by_line_before_anything_starts(
    run: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "events.jsonl").write_text("")
    (tmp_path / "policies.toml").write_text("policy = 1\nteam = 2\n")
    ended = run(*words, policies=str(tmp_path / "policies.toml"))
    assert ended.returncode == 1
    first, second, last = ended.stderr.splitlines()
    assert first.endswith("policies.toml: policy: unknown key, expected policies?")
    assert "team: unknown key" in second
    assert "2 fault(s) in" in last
    missing = run(*words, policies=str(tmp_path / "none.toml"))
    assert (missing.returncode, len(missing.stderr.splitlines())) == (1, 1)


def test_a_setting_may_stand_in_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SALESPULSE_CURRENCY=CHF\n")
    assert "CHF" in run("settings").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("topics", "check"), f"nothing answers at SALESPULSE_KAFKA ({NOBODY})"),
        (("dead-letters", "list"), f"nothing answers at SALESPULSE_KAFKA ({NOBODY})"),
        (("kpis",), f"nothing answers at SALESPULSE_CLICKHOUSE ({NOBODY})"),
        (("produce", "no-such.jsonl"), "no-such.jsonl: no such file or directory"),
        (("replay", "no-such.jsonl"), "no-such.jsonl: no such file or directory"),
    ],
)
def test_what_a_user_can_mend_is_said_in_one_line(run: Run, words: tuple[str, ...], said: str) -> None:
    ended = run(*words, kafka=NOBODY, clickhouse=f"http://{NOBODY}/salespulse")
    assert ended.returncode == 1
    assert ended.stderr == f"salespulse: {said}\n"


@pytest.mark.parametrize("words", [("worker",), ("sink", "clickhouse")], ids=" ".join)
def test_missing_topics_are_said_before_anything_is_read(
    run: Run, kafka: str, topic_prefix: str, words: tuple[str, ...]
) -> None:
    ended = run(*words, kafka=kafka, topic_prefix=topic_prefix)
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert last.startswith(f"salespulse: {len(TOPICS)} topics are missing, among them ")
    assert last.endswith(": run `salespulse topics create`")


def test_a_second_instance_on_a_directory_is_refused_in_one_line(run: Run, tmp_path: Path, jar_cache: Path) -> None:
    directory = tmp_path / "data" / "kafka"
    directory.mkdir(parents=True)
    with (directory / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = run("topics", "check", cache_dir=str(jar_cache))
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("salespulse: another local Kafka is running on")
    assert "Traceback" not in ended.stderr


def test_a_bug_shows_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Settings:
        raise KeyError("a bug")

    monkeypatch.setattr("deploy.commands.looking.load", broken)
    monkeypatch.setattr(sys, "argv", ["salespulse", "settings"])
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(KeyError, match="a bug"):
            cli.main()
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    "words", [("no-such-command",), ("simulate", "--leads", "none"), ("demo", "--for", "soon"), ("simulate", "--live")]
)
def test_wrong_usage_ends_with_2(run: Run, words: tuple[str, ...]) -> None:
    ended = run(*words)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("Error: ")


def test_an_interrupted_command_ends_with_130(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "deploy", "simulate", "--leads", "100000000"]
    with subprocess.Popen(words, cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.PIPE) as running:
        # While it draws the arrivals of all these leads it has long installed its handlers.
        assert running.stderr is not None
        while not (tmp_path / "data").exists() and running.poll() is None and not _imported(running.pid):
            pass
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
        assert b"Traceback" not in running.stderr.read()


def _imported(pid: int) -> bool:
    """Whether the process has mapped the extension that simulating begins with."""
    return "orjson" in Path(f"/proc/{pid}/maps").read_text()


def test_equal_seeds_give_equal_files_and_their_truth(run: Run, tmp_path: Path) -> None:
    for name in ("one", "two"):
        ended = run("simulate", "--leads", "30", "--output", f"{name}.jsonl.gz", "--truth", f"{name}.json")
        assert ended.returncode == 0, ended.stderr
    first, second = ((tmp_path / f"{name}.jsonl.gz").read_bytes() for name in ("one", "two"))
    assert first == second
    lines = gzip.decompress(first).splitlines()
    truth = json.loads((tmp_path / "one.json").read_text())
    assert truth["events"]["read"] == truth["events"]["distinct"] == len(lines) > 50
    assert run("simulate", "--leads", "30").stdout.encode().splitlines() == lines


def test_shares_disturb_the_log(run: Run, tmp_path: Path) -> None:
    words = ("--duplicates", "0.5", "--malformed", "0.2", "--truth", "truth.json", "--output", "floor.jsonl")
    assert run("simulate", "--leads", "30", *words).returncode == 0
    events = json.loads((tmp_path / "truth.json").read_text())["events"]
    assert events["read"] > events["distinct"]
    assert sum(events["dead_letters"].values()) > 5


def test_topics_are_created_checked_and_filled(run: Run, kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    there = {"kafka": kafka, "topic_prefix": topic_prefix}
    missing = run("topics", "check", **there)
    assert (missing.returncode, len(missing.stderr.splitlines())) == (1, 1)
    assert f"{topic_prefix}.leads is missing" in missing.stdout
    assert f"created {topic_prefix}.leads" in run("topics", "create", **there).stdout
    assert run("topics", "check", **there).returncode == 0
    assert run("simulate", "--leads", "30", "--output", "floor.jsonl").returncode == 0
    events = len((tmp_path / "floor.jsonl").read_bytes().splitlines())
    sent = run("produce", "floor.jsonl", **there)
    assert sent.returncode == 0
    assert f"sent {events:,} events" in sent.stderr


def test_the_worked_example_of_the_readme_is_what_comes_out(run: Run, kafka: str, topic_prefix: str) -> None:
    promised = (ROOT / "README.md").read_text().partition("$ salespulse replay")[2].partition("```")[0]
    example = ROOT / "docs" / "examples" / "three-leads.jsonl"
    ended = run("replay", str(example), kafka=kafka, topic_prefix=topic_prefix)
    assert ended.returncode == 0, ended.stderr
    assert lines_of(ended.stdout) == lines_of(promised)[1:]


def lines_of(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_what_is_asked_of_kpis_must_exist(run: Run) -> None:
    ended = run("kpis", "--window", "1w")
    assert ended.returncode == 2
    assert "--window is one of 1m 5m 1h 1d all, not '1w'" in ended.stderr


def test_a_clickhouse_without_tables_is_explained(run: Run) -> None:
    ended = run("kpis")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("salespulse: ClickHouse has no KPIs yet")
