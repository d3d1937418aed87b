"""Webhooks to a real server: until a message is taken, whatever the server does, and nobody waits for another."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.engine.clock import now
from schemas.policy import Receiver as Place
from sinks.notify import webhooks
from sinks.notify.metrics import Metrics
from sinks.notify.webhooks import Message, Webhooks, key, retry_after, session
from tests.agents.workers import free_port
from tests.receivers import Answering, Receiver

HOUR = 3_600_000


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    made = Receiver()
    monkeypatch.setenv("HOOK", made.url())
    yield made
    made.close()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again after hundredths of a second, waits half a second for an answer."""
    monkeypatch.setattr(webhooks, "_FIRST_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(webhooks, "_LAST_RETRY_SECONDS", 0.05)
    monkeypatch.setattr(webhooks, "_TIMEOUT_SECONDS", 0.5)


class Sending:
    """Messages to ``HOOK`` and how they ended."""

    def __init__(self, sent: Webhooks, metrics: Metrics) -> None:
        self.ended: dict[str, str | None] = {}
        self.webhooks = sent
        self.metrics = metrics

    def send(self, identity: str, place: Place | None = None) -> Message:
        async def over(why: str | None) -> None:
            assert identity not in self.ended
            self.ended[identity] = why

        message = Message(identity, "reps", place or Place(url_env="HOOK"), b'{"text":"wake up"}', over)
        self.webhooks.send(message)
        return message

    async def until(self, claim: Callable[[], bool], seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while not claim():
            assert time.monotonic() < deadline, self.ended
            self.webhooks.check()
            await asyncio.sleep(0.01)


Start = Callable[..., Sending]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    made: list[Sending] = []
    async with session() as client:

        def started(patience: int = HOUR, clock: Callable[[], int] = now) -> Sending:
            metrics = Metrics()
            made.append(Sending(Webhooks(client, patience, metrics, clock), metrics))
            return made[-1]

        yield started
        for each in made:
            await each.webhooks.stop(5)


async def test_a_message_is_posted_once_with_its_identity_as_its_key(receiver: Receiver, start: Start) -> None:
    sending = start()
    sending.send("first_response/leads/l%2F1/crm/e-1/p@1/breached")
    await sending.until(lambda: bool(sending.ended))
    assert [(taken.key, taken.body) for taken in receiver.requests] == [
        ("first_response/leads/l%2F1/crm/e-1/p@1/breached", {"text": "wake up"})
    ]
    assert set(sending.ended.values()) == {None}


@pytest.mark.parametrize("status", [302, 401, 404, 408, 429, 500, 503])
async def test_what_may_pass_is_tried_again_in_order(receiver: Receiver, start: Start, status: int) -> None:
    receiver.next.extend([Answering(status)] * 3)
    sending = start()
    for identity in ("a", "b"):
        sending.send(identity)
    await sending.until(lambda: len(sending.ended) == 2)
    assert receiver.posted() == ["a", "a", "a", "a", "b"]
    assert sending.ended == {"a": None, "b": None}
    assert sending.metrics.registry.get_sample_value("sales_notify_failures_total", {"audience": "reps"}) == 3


async def test_a_redirect_is_not_followed(receiver: Receiver, start: Start) -> None:
    """An address is a secret, and so is what is sent there."""
    receiver.next.append(Answering(307, (("Location", receiver.url("/elsewhere")),)))
    sending = start()
    sending.send("a")
    await sending.until(lambda: bool(sending.ended))
    assert [taken.path for taken in receiver.requests] == ["/hook", "/hook"]


async def test_what_a_receiver_will_never_take_is_given_up_at_once(receiver: Receiver, start: Start) -> None:
    receiver.next.append(Answering(422))
    sending = start()
    sending.send("a")
    sending.send("b")
    await sending.until(lambda: len(sending.ended) == 2)
    assert receiver.posted() == ["a", "b"]
    assert sending.ended == {"a": "refused: HTTP 422", "b": None}


async def test_a_receiver_that_says_when_to_come_again_is_left_alone_until_then(
    receiver: Receiver, start: Start
) -> None:
    receiver.next.append(Answering(429, (("Retry-After", "1"),)))
    sending = start()
    began = time.monotonic()
    sending.send("a")
    await sending.until(lambda: bool(sending.ended))
    assert time.monotonic() - began >= 1
    assert receiver.posted() == ["a", "a"]


async def test_a_receiver_that_hangs_holds_up_nobody_else_and_is_tried_again(
    receiver: Receiver, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = threading.Event()
    other = Receiver()
    other.answer = lambda taken: Answering(until=hanging)
    monkeypatch.setenv("OTHER", other.url())
    sending = start()
    try:
        sending.send("slow", Place(url_env="OTHER"))
        await sending.until(lambda: bool(other.requests))
        sending.send("quick")
        await sending.until(lambda: "quick" in sending.ended)
        assert "slow" not in sending.ended
        await sending.until(lambda: len(other.requests) >= 2)
        other.answer = lambda taken: Answering()
        hanging.set()
        await sending.until(lambda: "slow" in sending.ended)
    finally:
        hanging.set()
        other.close()


async def test_a_receiver_that_is_away_and_comes_back_gets_everything(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("HOOK", f"http://127.0.0.1:{port}/hook")
    sending = start()
    failed = sending.metrics.failures.labels("reps")
    for identity in "abc":
        sending.send(identity)
    await sending.until(lambda: failed._value.get() >= 3)
    back = Receiver(port)
    try:
        await sending.until(lambda: len(sending.ended) == 3)
        assert back.posted() == ["a", "b", "c"]
    finally:
        back.close()


async def test_when_a_receiver_stays_away_all_that_have_waited_for_too_long_are_given_up(
    receiver: Receiver, start: Start
) -> None:
    receiver.answer = lambda taken: Answering(500)
    time_is = [0]
    sending = start(patience=1_000, clock=lambda: time_is[0])
    sending.send("a")
    sending.send("b")
    await sending.until(lambda: len(receiver.requests) >= 2)
    time_is[0] = 500
    sending.send("c")
    await sending.until(lambda: len(receiver.requests) >= 4)
    assert not sending.ended
    time_is[0] = 1_400
    await sending.until(lambda: len(sending.ended) == 2)
    assert sending.ended == {"a": "given up: HTTP 500", "b": "given up: HTTP 500"}
    receiver.answer = lambda taken: Answering()
    await sending.until(lambda: "c" in sending.ended)
    assert sending.ended["c"] is None
    assert "b" not in receiver.posted()


async def test_what_is_dropped_while_it_waits_is_not_posted(receiver: Receiver, start: Start) -> None:
    receiver.next.extend([Answering(500)] * 2)
    sending = start()
    messages = [sending.send(identity) for identity in "abc"]
    messages[1].is_dropped = True
    await sending.until(lambda: len(sending.ended) == 2)
    assert list(dict.fromkeys(receiver.posted())) == ["a", "c"]
    receiver.next.extend([Answering(500)] * 1_000)
    last = sending.send("d")
    await sending.until(lambda: "d" in receiver.posted())
    last.is_dropped = True
    sending.send("e")
    await sending.until(lambda: "e" in receiver.posted())
    assert "d" not in sending.ended


async def test_an_address_in_a_file_may_change_while_it_is_in_use(
    receiver: Receiver, start: Start, tmp_path: Path
) -> None:
    place = Place(url_file=str(tmp_path / "url"))
    sending = start()
    sending.send("a", place)
    failed = sending.metrics.failures.labels("reps")
    await sending.until(lambda: failed._value.get() >= 1)
    (tmp_path / "url").write_text(receiver.url("/new") + "\n")
    await sending.until(lambda: "a" in sending.ended)
    assert receiver.posted("/new") == ["a"]


async def test_a_stop_waits_for_the_message_that_is_being_posted_and_begins_no_other(
    receiver: Receiver, start: Start
) -> None:
    going_on = threading.Event()
    receiver.next.append(Answering(until=going_on))
    sending = start()
    sending.send("a")
    sending.send("b")
    await sending.until(lambda: bool(receiver.requests))
    stopping = asyncio.create_task(sending.webhooks.stop(5))
    await asyncio.sleep(0)
    going_on.set()
    await stopping
    assert (sending.ended, receiver.posted()) == ({"a": None}, ["a"])


async def test_a_bug_in_a_lane_is_raised(receiver: Receiver, start: Start) -> None:
    async def failing(why: str | None) -> None:
        raise RuntimeError("a bug")

    sending = start()
    sending.webhooks.send(Message("a", "reps", Place(url_env="HOOK"), b"{}", failing))
    with pytest.raises(RuntimeError, match="a bug"):
        await sending.until(lambda: False)


@given(st.text())
def test_every_identity_has_a_header_of_its_own(identity: str) -> None:
    escaped = identity.replace("%", "%25")
    assert key(escaped).isascii() and key(escaped).isprintable()
    assert " " not in key(escaped) and "\n" not in key(escaped)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("7", 7), ("0", 0), ("soon", None), ("-1", None), (formatdate(90, usegmt=True), 30)],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, 60_000) == seconds
