"""Times as events spell them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.instants import MILLIS_Z, UNUSUAL, _remembered, parse, spell
from tests.schemas.samples import times

AT = 1_772_442_845_000


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-02T09:14:05Z", AT),
        ("2026-03-02T09:14:05.120Z", AT + 120),
        ("2026-03-02T09:14:05.1299999Z", AT + 129),
        ("2026-03-02T09:14:05.5Z", AT + 500),
        ("2026-03-02T10:14:05+01:00", AT),
        ("2026-03-02T03:44:05.007-05:30", AT + 7),
        ("2026-03-01T23:14:05-10:00", AT),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_milliseconds_are_rounded_down_and_offsets_taken_off(text: str, at: int) -> None:
    assert parse(text)[0] == at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-02",
        "2026-03-02T09:14:05",
        "2026-03-02 09:14:05Z",
        "2026-03-02T09:14Z",
        "2026-03-02T09:14:05+0100",
        "2026-03-02T09:14:05+01",
        "2026-03-02T09:14:05.Z",
        "2026-03-02T09:14:61Z",
        "2026-03-02T24:00:00Z",
        "2026-02-29T09:14:05Z",
        "2026-W10-1T09:14:05Z",
        "2026-03-02T09:14:05+24:00",
        "2026-03-02T09:14:05Z\n",
        " 2026-03-02T09:14:05Z",
        "٢٠٢٦-03-02T09:14:05Z",
        "1772442845",
    ],
)
def test_what_is_not_rfc_3339_with_an_offset_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_the_common_spelling_is_the_default() -> None:
    assert parse("2026-03-02T09:14:05.120Z")[1] == MILLIS_Z
    assert spell(AT, MILLIS_Z) == "2026-03-02T09:14:05.000Z"


@pytest.mark.parametrize(
    "text",
    ["2026-03-02T09:14:05-00:00", "2026-03-02T09:14:05.1234Z", "2016-12-31T23:59:60Z", "2026-03-02T09:14:05+00:19"],
)
def test_a_spelling_that_cannot_be_rebuilt_has_no_number(text: str) -> None:
    assert parse(text)[1] == UNUSUAL


@given(times())
def test_a_spelling_gives_the_same_text_back(text: str) -> None:
    at, spelling = parse(text.upper())
    if spelling != UNUSUAL:
        assert spell(at, spelling) == text.upper()


moments = st.datetimes(datetime.fromisoformat("2000-01-02"), datetime.fromisoformat("9998-12-30"))


@given(moments, st.integers(-23 * 60, 23 * 60))
def test_any_instant_is_read_as_datetime_reads_it(at: datetime, offset: int) -> None:
    text = f"{at.isoformat()}{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    expected = (at.replace(tzinfo=UTC) - timedelta(minutes=offset) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        milliseconds=1
    )
    assert parse(text)[0] == expected


def test_a_time_of_any_length_is_read_and_a_long_one_is_not_remembered() -> None:
    """What is kept for the next time is small: a million digits are not, however many such events come."""
    before = _remembered.cache_info().currsize
    assert parse(f"2026-03-02T09:14:05.{'1' * 1_000}Z") == (1_772_442_845_111, UNUSUAL)
    assert _remembered.cache_info().currsize == before
