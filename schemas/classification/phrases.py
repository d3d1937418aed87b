"""Phrases of a language, and how they are found among the words of a text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple
from unicodedata import normalize

GAP: Final = 4
"""Words that ``..`` may stand for at most."""
STRONG: Final = 3
WEAK: Final = 1
BREAKS: Final = frozenset({".", "!", "?", ";", "\n\n"})
"""What no phrase and no negation reaches across; a comma is passed over."""

_MARKS: Final = re.compile("[\u0300-\u036f]+")
_ANY: Final = frozenset({""})
_WORDS: Final = re.compile(r"[^\W_]+|[.!?;,]|\n\n")


class Language(NamedTuple):
    """What its phrases are, by what they tell; ``schemas.classification.languages`` says how they are written.

    ``common`` words show that a text is in the language. ``before`` and ``after`` turn a phrase near them into its
    opposite; what follows ``but`` weighs more. Phrases of ``alone`` must be the whole text, ``polite`` words aside.
    """

    code: str
    common: str
    before: str
    after: str
    but: str
    polite: str
    strong: dict[str, str]
    weak: dict[str, str]
    alone: dict[str, str]


class Phrase(NamedTuple):
    """What it tells and how clearly; in each of its places one of a few words, in a gap any (no words).

    ``negates``: it says a "not" itself, so that another does not turn it.
    """

    name: str
    language: str
    kind: str
    weight: int
    places: tuple[frozenset[str], ...]
    alone: bool
    negates: bool


class Found(NamedTuple):
    """A phrase in a text, from word ``start`` up to ``end``."""

    phrase: Phrase
    start: int
    end: int


def words_of(text: str) -> list[str]:
    """Words and stops, without capitals, accents and apostrophes."""
    text = text.replace("'", "").replace("’", "")
    if not text.isascii():
        text = _MARKS.sub("", normalize("NFKD", text))
    return _WORDS.findall(text.casefold().replace("e-mail", "email"))


_NONE: Final[list[Phrase]] = []


class Index:
    """The phrases of all languages by their first two words, or by the first where any may come next."""

    def __init__(self, languages: Iterable[Language]) -> None:
        pairs: dict[str, dict[str, list[Phrase]]] = defaultdict(lambda: defaultdict(list))
        polite: set[str] = set()
        for language in languages:
            polite.update(words_of(language.polite))
            for phrase in _phrases(language):
                second = phrase.places[1] if len(phrase.places) > 1 else _ANY
                for word in phrase.places[0]:
                    for following in second or _ANY:
                        pairs[word][following].append(phrase)
        self._pairs = {word: dict(found) for word, found in pairs.items()}
        self._polite = frozenset(polite)

    def find(self, words: list[str]) -> Iterator[Found]:
        """The longest phrase at each place, from left to right; none overlap."""
        end = 0
        for at, word in enumerate(words):
            pairs = self._pairs.get(word)
            if pairs is None or at < end:
                continue
            best = self._longest(pairs, words, at)
            if best is not None:
                end = best.end
                yield best

    def _longest(self, pairs: dict[str, list[Phrase]], words: list[str], at: int) -> Found | None:
        following = at + 1
        if following < len(words) and words[following] == ",":
            following += 1
        starts = pairs.get("", _NONE)
        if following < len(words):
            starts = pairs.get(words[following], _NONE) + starts
        best: Found | None = None
        for phrase in starts:
            end = _end(phrase.places, words, at)
            better = best is None or (end, phrase.weight) > (best.end, best.phrase.weight)
            if end and better and (not phrase.alone or self._is_whole(words, at, end)):
                best = Found(phrase, at, end)
        return best

    def _is_whole(self, words: list[str], start: int, end: int) -> bool:
        return all(word in self._polite or not word.isalnum() for word in (*words[:start], *words[end:]))


def _end(places: tuple[frozenset[str], ...], words: list[str], at: int) -> int:
    """Where a phrase that begins at ``at`` ends; 0 where it is not there."""
    reach = 0
    for place in places:
        if not place:
            reach = GAP
            continue
        while at < len(words) and words[at] not in place:
            if words[at] in BREAKS or (words[at] != "," and reach == 0):
                return 0
            reach -= words[at] != ","
            at += 1
        if at == len(words):
            return 0
        at, reach = at + 1, 0
    return at


def _phrases(language: Language) -> Iterator[Phrase]:
    negators = frozenset(words_of(f"{language.before} {language.after}"))
    for table, weight, alone in (
        (language.strong, STRONG, False),
        (language.weak, WEAK, False),
        (language.alone, STRONG, True),
    ):
        for kind, lines in table.items():
            for name in re.split(r"[/\n]", lines):
                name = " ".join(name.split())
                if name:
                    places = tuple(_place(word) for word in name.split())
                    negates = any(place & negators for place in places)
                    yield Phrase(_short(name), language.code, kind, weight, places, alone, negates)


def _short(phrase: str) -> str:
    """The phrase with the first word of each choice: enough to find it by."""
    choices = [word.split("|") for word in phrase.split()]
    return " ".join(choice[0] + "|…" * (len(choice) > 1) for choice in choices)


def _place(word: str) -> frozenset[str]:
    if word == "..":
        return frozenset()
    return frozenset(words_of(one)[0] for choice in word.split("|") for one in {choice, _without_umlauts(choice)})


def _without_umlauts(word: str) -> str:
    """As a keyboard without umlauts writes it."""
    return word.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
