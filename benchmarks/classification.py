"""How well replies are classified by their text, and what it costs: precision and recall on the labelled corpus.

Run with ``python -m benchmarks.classification``. The phrases were written beside the tuning half; the held-out half
was written after them and has never been looked at to change them. ``none`` are replies that say nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from schemas.classification.text import KINDS, VERSION, by_text

CORPUS: Final = Path(__file__).parents[1] / "tests" / "schemas" / "classification" / "corpus"
HALVES: Final = ("held_out", "tuning")
_ROUNDS: Final = 5


class Labelled(NamedTuple):
    """A reply of the corpus and what it means, ``none`` for nothing."""

    language: str
    kind: str
    text: str


class Score(NamedTuple):
    """How one kind was told: of those found, of those there."""

    precision: float
    recall: float
    n: int

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def corpus(half: str) -> Iterator[Labelled]:
    """The replies of one half: lines of ``kind: text``, line ends within a text written as a backslash and n."""
    for path in sorted((CORPUS / half).glob("*.txt")):
        for line in path.read_text().splitlines():
            kind, _, text = line.partition(":")
            yield Labelled(path.stem, kind, text.strip().replace("\\n", "\n"))


def scores(replies: Iterable[Labelled]) -> dict[str, Score]:
    """Kind → how it was told."""
    outcomes = Counter((reply.kind, told(reply.text)) for reply in replies)
    found: dict[str, Score] = {}
    for kind in (*KINDS, "none"):
        right = outcomes[kind, kind]
        said = sum(n for (_, guess), n in outcomes.items() if guess == kind)
        there = sum(n for (truth, _), n in outcomes.items() if truth == kind)
        found[kind] = Score(right / said if said else 0.0, right / there if there else 0.0, there)
    return found


def macro_f1(found: dict[str, Score]) -> float:
    """The mean F1 of all kinds, ``none`` among them."""
    return sum(score.f1 for score in found.values()) / len(found)


def told(text: str) -> str:
    """The kind that the text is found to be."""
    judgement = by_text(text)
    return "none" if judgement is None else judgement.kind


def microseconds(texts: list[str]) -> float:
    """CPU time of one reply: the best of a few rounds."""
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.process_time()
        for text in texts:
            by_text(text)
        best = min(best, time.process_time() - began)
    return best / len(texts) * 1e6


def main() -> None:
    """Print the scores of both halves, the share that is right by language, and the cost."""
    console = Console(width=100)
    for half in HALVES:
        replies = list(corpus(half))
        found = scores(replies)
        table = Table(
            "kind", "precision", "recall", "F1", "n", title=f"{half}, {len(replies)} replies, version {VERSION}"
        )
        for kind, score in found.items():
            table.add_row(kind, f"{score.precision:.2f}", f"{score.recall:.2f}", f"{score.f1:.2f}", str(score.n))
        table.add_row("macro F1", "", "", f"{macro_f1(found):.2f}", "")
        console.print(table)
        right = Counter(reply.language for reply in replies if told(reply.text) == reply.kind)
        sizes = Counter(reply.language for reply in replies)
        console.print("right by language: " + ", ".join(f"{code} {right[code] / n:.2f}" for code, n in sizes.items()))
    texts = [reply.text for half in HALVES for reply in corpus(half)]
    length = sum(map(len, texts)) / len(texts)
    console.print(f"{microseconds(texts):.0f} µs of CPU for a reply of {length:.0f} characters")
    console.print(f"{microseconds(['not really interested, ' * 50_000]) / 1000:.1f} ms for one of a mebibyte")


if __name__ == "__main__":
    main()
