"""Targets from words and from files: all that is wrong is said, by line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.targets.importing import lines
from deploy.targets.periods import period
from deploy.targets.wanted import Wanted, read
from schemas.settings import Settings

SETTINGS = Settings(_env_file=None)


def told(text: str, tmp_path: Path) -> tuple[list[Wanted], list[str]]:
    path = tmp_path / "quotas.csv"
    path.write_text(text)
    wanted, faults = lines(path, SETTINGS)
    return wanted, [fault.removeprefix(f"{path}:") for fault in faults]


@pytest.mark.parametrize("separator", [",", ";"])
def test_every_line_is_a_target(tmp_path: Path, separator: str) -> None:
    text = (
        "\ufeffKPI,value,period,team,rep,currency\n"
        "won_amount,300000.50,2026-Q1,emea-1,,USD\n"
        "\n"
        "reply_rate,0.35,2026-Q1,,r-17,\n"
        "reply_rate,0.35,2026-Q1,,r-17,\n"
    )
    wanted, faults = told(text.replace(",", separator), tmp_path)
    assert faults == []
    assert [(one.kpi, one.scope, one.who, str(one.value), one.currency) for one in wanted] == [
        ("won_amount", "team", "emea-1", "300000.50", "USD"), ("reply_rate", "rep", "r-17", "0.35", "")
    ]  # fmt: skip
    assert (wanted[0].start, wanted[0].end) == period("2026-Q1", "UTC")


def test_each_fault_has_the_number_of_its_line(tmp_path: Path) -> None:
    text = (
        "kpi,value,period,rep\n"
        "won_amout,x,2026-Q7,r-1\n"
        "deals_won,10,2026-Q1\n"
        "deals_won,10,2026-Q1,r-1\n"
        "deals_won,11,2026-Q1,r-1\n"
        "open_leads,3,2026-Q1,r-1\n"
    )
    _, faults = told(text, tmp_path)
    assert [fault.partition(", not")[0] for fault in faults] == [
        "2: kpi: expected a KPI of a period such as won_amount, deals_won, reply_rate, or observed.NAME",
        "2: value: expected a number above 0 such as 250000 or 0.35, without separators",
        "2: period: expected a period such as 2026, 2026-Q1, 2026-03, 2026-W10, 2026-03-02, or the first day and the"
        " day after the last such as 2026-03-02..2026-04-13",
        "3: expected 4 columns as in the first line",
        "5: value: line 4 sets the same target to 10",
        "6: kpi: expected a KPI of a period such as won_amount, deals_won, reply_rate, or observed.NAME",
    ]
    assert "did you mean won_amount?" in faults[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1: expected the columns kpi, value, period, and any of team, rep, currency; kpi is missing"),
        (
            "kpi,value\n",
            "1: expected the columns kpi, value, period, and any of team, rep, currency; period is missing",
        ),
        ("kpi,wert,period\n", "1: expected the columns kpi, value, period, and any of team, rep, currency; 'wert' is"),
        ("kpi,value,period,kpi\n", "1: expected the columns kpi, value, period, and any of team, rep, currency, each"),
        ('kpi,value,period\n"won', "2: unexpected end of data"),
    ],
)
def test_a_file_that_is_no_table_is_said_to_be_none(tmp_path: Path, text: str, said: str) -> None:
    [fault] = told(text, tmp_path)[1]
    assert fault.startswith(said)


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("kpi,value,period,rep\ndeals_won,1,2026,J\xf6rg\n".encode("latin-1"))
    assert lines(path, SETTINGS)[1][0].startswith(f"{path}: expected UTF-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"value": "35"}, "value: expected a share of at most 1, such as 0.35 for 35 %, not '35'"),
        ({"value": "0"}, "value: expected a number above 0"),
        ({"value": "1,000"}, "value: expected a number above 0"),
        ({"value": "nan"}, "value: expected a number above 0"),
        ({"currency": "EUR"}, "currency: reply_rate is no amount of money"),
        ({"kpi": "won_amount", "currency": "euro"}, "currency: expected three capital letters such as EUR, not 'euro'"),
        ({"rep": "r" * 257}, "rep: expected a name of at most 256 characters"),
        ({"kpi": "observed."}, "kpi: expected a KPI of a period"),
    ],
)
def test_what_cannot_be_a_target_is_refused(words: dict[str, str], said: str) -> None:
    wanted, [fault] = read({"kpi": "reply_rate", "value": "0.35", "period": "2026"} | words, SETTINGS)
    assert wanted is None and fault.startswith(said)
