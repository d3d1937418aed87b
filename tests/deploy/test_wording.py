from __future__ import annotations

import pytest

from deploy.wording import duration, hidden, share
from schemas.settings import millis, setting


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0, "0 s"),
        (0.44, "0.4 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 m"),
        (412.5, "6 m 52 s"),
        (3600, "1 h"),
        (3 * 86_400 + 7_300, "3 d 2 h"),
    ],
)
def test_a_duration_is_said_in_two_units_at_most(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_a_ratio_is_said_in_per_cent_and_nothing_as_a_dash() -> None:
    assert (share(0.4166), share(0), share(None)) == ("41.7 %", "0.0 %", "–")


@pytest.mark.parametrize("text", ["90s", "15m", "24h", "30d", "36h", "250ms", "1h", "1m"])
def test_a_setting_is_written_as_it_is_typed(text: str) -> None:
    assert setting(millis(text)) == text


@pytest.mark.parametrize("dsn", ["http://joe:sesame@host:8123/db", "http://:sesame@host:8123/db", "https://sesame@h/d"])
def test_user_and_password_of_an_address_are_hidden(dsn: str) -> None:
    assert "sesame" not in hidden(dsn)
    assert hidden(dsn).endswith(dsn.rpartition("@")[2])
