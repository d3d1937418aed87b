"""Telling a waiting user what goes on: a spinner on a terminal, plain lines elsewhere, both on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

Report = Callable[[str], None]


@contextmanager
def status() -> Iterator[Report]:
    """A function that shows what is being done now, until the next call or the end."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True)
        return
    with console.status("") as shown:
        yield shown.update


@contextmanager
def bar() -> Iterator[Callable[[str, float], None]]:
    """A function that shows what is being done and how much of it is done, 0…1."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=1.0)
        yield lambda doing, done: progress.update(task, description=doing, completed=done)


def counter(report: Report, verb: str, every: int = 10_000) -> Callable[[int], None]:
    """A function to be told the number so far, which says it each ``every`` things."""
    said = 0

    def count(n: int) -> None:
        nonlocal said
        if n - said >= every:
            said = n
            report(f"{verb} {n:,}")

    return count
