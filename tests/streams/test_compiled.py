"""The compiled core beside its own sources: whatever comes, they say the same to the byte."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from schemas import compiled
from schemas.compiled import MODULES, ROOT
from schemas.decoding import encode
from schemas.event import Event
from tests.streams.floor import histories
from tests.streams.outcome import outcome

Outcome = Callable[[Sequence[bytes]], bytes]

IS_ASKED_FOR = "CI" in os.environ and os.environ.get("SALESPULSE_PURE") != "1"
needs_core = pytest.mark.skipif(
    compiled.state() != "compiled" and not IS_ASKED_FOR, reason=f"the core is {compiled.state()}"
)


@pytest.fixture(scope="module")
def plain() -> Iterator[Outcome]:
    """What the sources make of lines, in a process of their own."""
    command = [sys.executable, "-m", "tests.streams.outcome"]
    pure = os.environ | {"SALESPULSE_PURE": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=pure, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None and child.stdout is not None
        stdin, stdout = child.stdin, child.stdout

        def ask(lines: Sequence[bytes]) -> bytes:
            question = msgspec.msgpack.encode(lines)
            stdin.write(len(question).to_bytes(4) + question)
            stdin.flush()
            return stdout.read(int.from_bytes(stdout.read(4)))

        yield ask
        stdin.close()


@needs_core
@given(histories)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_compiled_and_plain_give_the_same_bytes(plain: Outcome, history: list[Event]) -> None:
    lines = [encode(event) for event in history]
    assert outcome(lines) == plain(lines)


@needs_core
@pytest.mark.parametrize("name", MODULES)
def test_what_is_loaded_was_compiled_from_these_sources(name: str) -> None:
    loaded = import_module(name).__file__
    assert loaded is not None and loaded.startswith(str(compiled.directory())), f"{loaded}: run `make setup`"


def in_a_process(mode: str) -> str:
    program = "import streams.lead, schemas.compiled; print(schemas.compiled.state(), streams.lead.__file__)"
    command, pure = [sys.executable, "-c", program], os.environ | {"SALESPULSE_PURE": mode}
    return subprocess.run(command, cwd=ROOT, env=pure, capture_output=True, text=True, check=True).stdout


def test_asked_for_plain_python_it_takes_the_sources_and_says_so() -> None:
    assert in_a_process("1") == f"plain Python: SALESPULSE_PURE is set {ROOT / 'streams/lead.py'}\n"


def test_a_core_of_other_sources_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SALESPULSE_PURE", raising=False)
    monkeypatch.setattr(compiled, "directory", lambda: compiled.BUILT / "of other sources")
    assert compiled.places("streams") == []
    assert "make setup" in compiled.state()


def test_any_change_of_a_source_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "streams").mkdir()
    source = tmp_path / "streams" / "lead.py"
    monkeypatch.setattr(compiled, "ROOT", tmp_path)
    seen = set()
    for text in ("one = 1", "one = 2"):
        source.write_text(text)
        seen.add(compiled.directory.__wrapped__())
    assert len(seen) == 2
