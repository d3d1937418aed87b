"""Requests to forget a lead, their answers, and whom a record names that could not be used."""

from __future__ import annotations

import pytest

from schemas.forgetting import Forget, Forgotten, answer, encode, mark, named, request


def test_a_request_and_its_answer_are_told_apart_by_their_key() -> None:
    asked, done = Forget("ana", 5, "cleo"), Forgotten("name", 5, 3, ("other",))
    assert (request(b"cleo", encode(asked)), answer(b"cleo", encode(asked))) == (asked, None)
    assert (request(b"", encode(done)), answer(b"", encode(done))) == (None, done)
    assert request(b"ana", None) is None
    assert answer(None, None) is None


def test_no_answer_names_anybody() -> None:
    assert Forget("ana", 5).name == mark("ana")
    assert Forget("ana", 5, "cleo").name == f"{mark('ana')}@{mark('cleo')}"
    assert "ana" not in Forget("ana", 5, "cleo").name


@pytest.mark.parametrize(
    ("key", "value", "leads"),
    [
        (b"ana", b"no json", ["ana"]),
        (None, b'{"subject":"ana"}', ["ana"]),
        (b"ben", b'{"subject":"ana"}', ["ben", "ana"]),
        (b"\xff", b'{"subject":"\xff"}', ["\N{REPLACEMENT CHARACTER}"]),
        (None, b'{"subject":7}', []),
        (None, None, []),
        (None, b"[" * 100_000, []),
    ],
)
def test_whom_an_unusable_record_names(key: bytes | None, value: bytes | None, leads: list[str]) -> None:
    assert named(key, value) == leads
