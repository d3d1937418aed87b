"""Appointments, against a plain dictionary that is searched whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.appointments import Appointments

_NAMES = st.sampled_from("abc")


@given(st.lists(st.tuples(_NAMES, st.none() | st.integers(1, 50))), st.integers(0, 50))
def test_whoever_is_due_is_taken_once_however_often_put_off(made: list[tuple[str, int | None]], now: int) -> None:
    again, plain = Appointments(), dict[str, int | None]()
    for name, at in made:
        assert again.make(name, at) == (plain.get(name) != at)
        plain[name] = at
        assert again.at(name) == at
    again.tick(now)
    due = {name for name, at in plain.items() if at is not None and at <= now}
    taken = again.take(1_000, now)
    assert sorted(taken) == sorted(due)
    again.tick(now)
    assert not again


def test_what_is_due_at_once_is_taken_in_turns() -> None:
    again = Appointments()
    for n in range(5):
        again.make(f"lead-{n}", 10)
    again.tick(9)
    assert not again
    again.tick(10)
    assert [len(again.take(2, 10)) for _ in range(3)] == [2, 2, 1]
    assert not again


def test_one_that_was_looked_at_meanwhile_is_not_taken() -> None:
    again = Appointments()
    for name in "ab":
        again.make(name, 10)
    again.tick(10)
    again.make("a", 20)
    assert again.take(2, 10) == ["b"]


def test_instants_that_were_overtaken_do_not_pile_up() -> None:
    again = Appointments()
    for at in range(5_000):
        again.make("a", at)
    assert len(again._heap) <= 1_002
    again.tick(4_998)
    assert not again
    again.tick(4_999)
    assert again
