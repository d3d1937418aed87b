"""``salespulse policy`` as a user meets it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from deploy.policy_check import DIRECTORY, EXAMPLE, check
from schemas.policy_values import Span
from streams.calendars import NEVER
from streams.policies import Policies, Traits, allowance
from tests.deploy.test_cli import Run, run
from tests.policy_files import HEAD, policy
from tests.streams.opening_hours import at, local

__all__ = ["run"]


def written(tmp_path: Path, text: str, name: str = "policies.toml") -> str:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return name


def lines(ended: subprocess.CompletedProcess[str]) -> list[list[str]]:
    return [line.split() for line in ended.stdout.splitlines()]


def test_a_file_without_faults_is_shown_in_the_order_of_its_rules(run: Run, tmp_path: Path) -> None:
    text = HEAD + policy("hot", when__temperature='"hot"') + policy("first", 1) + policy("first", 2)
    ended = run("policy", "check", written(tmp_path, text))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [line[:3] for line in lines(ended)[1:]] == [
        ["first_response", "1", "hot@1"],
        ["first_response", "2", "first@2"],
        ["first_response", "first@1", "any"],
    ]
    assert "until 2022-01-01T00:00Z" in ended.stdout


def test_every_fault_is_one_line_with_file_and_key(run: Run, tmp_path: Path) -> None:
    text = HEAD.replace("Berlin", "Berln") + policy(calendar='"home"', tell='"nobody"')
    ended = run("policy", "check", written(tmp_path, text))
    assert ended.returncode == 1
    assert [line.split(": ")[:2] for line in ended.stdout.splitlines()] == [
        ["policies.toml", "calendars.office.timezone"],
        ["policies.toml", "policies[first@1].calendar"],
        ["policies.toml", "policies[first@1].tell"],
    ]
    assert ended.stderr == "salespulse: 3 fault(s) in policies.toml\n"


def test_the_file_of_the_settings_is_checked_if_none_is_named(run: Run, tmp_path: Path) -> None:
    name = written(tmp_path, HEAD + policy())
    assert run("policy", "check", policies=name).returncode == 0
    ended = run("policy", "check")
    assert ended.returncode == 2
    assert "SALESPULSE_POLICIES" in ended.stderr


def test_a_file_that_is_not_there_or_no_text_is_explained(run: Run, tmp_path: Path) -> None:
    ended = run("policy", "check", "nowhere.toml")
    assert (ended.returncode, ended.stderr) == (1, "salespulse: nowhere.toml: no such file or directory\n")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    assert run("policy", "check", "binary.toml").stdout == "binary.toml: expected TOML in UTF-8\n"


def test_an_edit_of_what_was_in_force_is_refused(run: Run, tmp_path: Path) -> None:
    old = written(tmp_path, HEAD + policy(), "old.toml")
    new = written(tmp_path, HEAD + policy(objective="0.8"))
    assert run("policy", "check", new).returncode == run("policy", "check", old, "--against", old).returncode == 0
    ended = run("policy", "check", new, "--against", old)
    assert ended.returncode == 1
    assert ended.stdout.startswith("policies.toml: policies[first@1]: expected unchanged (objective)")


def test_the_rep_directory_is_checked_with_it(run: Run, tmp_path: Path) -> None:
    name = written(tmp_path, HEAD + policy())
    reps = written(tmp_path, '[reps.r-1]\ncover = "r-7"\ntimezone = "Berlin"\n', "directory.toml")
    for ended in (run("policy", "check", name, "--directory", reps), run("policy", "check", name, directory=reps)):
        assert ended.returncode == 1
        assert [line.partition("directory.toml: ")[2].split(": ")[0] for line in ended.stdout.splitlines()] == [
            "reps.r-1.timezone"
        ]
        assert ended.stderr.startswith("salespulse: 1 fault(s) in ")
    assert run("worker", policies=name, directory=reps).stderr.splitlines()[-1].startswith("salespulse: 1 fault(s) in ")


def test_the_example_of_a_directory_is_printed_and_passes(run: Run, tmp_path: Path) -> None:
    printed = run("policy", "example", "--directory").stdout
    assert printed == DIRECTORY.read_text(encoding="utf-8")
    policies = written(tmp_path, run("policy", "example").stdout)
    reps = written(tmp_path, printed, "directory.toml")
    assert run("policy", "check", policies, "--directory", reps).returncode == 0


def test_the_example_is_printed_and_passes(run: Run, tmp_path: Path) -> None:
    printed = run("policy", "example").stdout
    assert printed == EXAMPLE.read_text(encoding="utf-8")
    assert run("policy", "check", written(tmp_path, printed)).returncode == 0


def test_the_example_says_what_a_sales_team_starts_with() -> None:
    file, faults = check(EXAMPLE)
    assert faults == []
    assert len({hours.timezone.partition("/")[0] for hours in file.calendars.values()}) == 3
    assert len({of.country for hours in file.calendars.values() for of in hours.holidays}) == 3
    policies, monday = Policies(file), at("2026-03-02T10:00")
    for temperature, target in (
        ("hot", Span(5, "minute", True)),
        ("warm", Span(1, "hour", True)),
        ("cold", Span(1, "day", True)),
    ):
        rule = policies.match("first_response", monday, Traits(temperature=temperature))
        assert rule is not None and rule.target == target
    for clock, target in (("next_response", Span(4, "hour", True)), ("follow_up", Span(2, "day", True))):
        rule = policies.match(clock, monday, Traits())  # type: ignore[arg-type]
        assert rule is not None and rule.target == target
    assert policies.match("stage", monday, Traits(stage="proposal")) is not None
    assert [policy.touches for policy in file.policies if policy.clock == "follow_up"] == [6]


def test_by_the_example_a_hot_lead_of_the_evening_is_due_in_the_morning() -> None:
    policies, evening = Policies(check(EXAMPLE)[0]), at("2026-03-02T20:00", "America/New_York")
    rule = policies.match("first_response", evening, Traits(temperature="hot", team="amer-1"))
    assert rule is not None
    runs_on, length = allowance(rule.target, policies.calendar(rule, "amer-1"), evening)
    due = runs_on.add(evening, length)
    assert due < NEVER and local(due, "America/New_York") == "Tue 2026-03-03 08:35"
