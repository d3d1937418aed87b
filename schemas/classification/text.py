"""What a reply's text tells: the phrases in it, weighed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from schemas.classification.languages import LANGUAGES
from schemas.classification.phrases import BREAKS, Found, Index, words_of
from schemas.classification.stripping import written
from schemas.events import Judgement, ReplyKind

VERSION: Final = 1
"""Raised with every change of phrases or weights: what was judged by another is told apart."""

KINDS: Final = ("positive", "negative", "neutral", "out_of_office", "left_company", "unsubscribe")

_INDEX: Final = Index(LANGUAGES)
_BEFORE: Final = {language.code: frozenset(words_of(language.before)) for language in LANGUAGES}
_AFTER: Final = {language.code: frozenset(words_of(language.after)) for language in LANGUAGES}
_BUT: Final = {language.code: frozenset(words_of(language.but)) for language in LANGUAGES}
_COMMON: Final = {
    word: tuple(language.code for language in LANGUAGES if word in words_of(language.common))
    for word in words_of(" ".join(language.common for language in LANGUAGES))
}

_ENOUGH: Final = 2
"""The least weight that tells anything."""
_SURE: Final = 3
"""The least weight that takes a reply out of what counts, or makes it an order to stop."""
_FAR: Final = 3
"""Words between a negation and what it negates, at most."""
_TOLD: Final = 3
"""Phrases that a judgement names, at most."""


class Evidence(NamedTuple):
    """What a phrase tells where it stands."""

    kind: str
    weight: int
    language: str
    name: str


def by_text(text: str) -> Judgement | None:
    """What the sender meant, None where no phrase says so; of two texts that differ in capitals, spaces, accents
    or what is quoted below the outcome is the same."""
    words = words_of(written(text))
    evidence = [one for one in (_evidence(found, words) for found in _INDEX.find(words)) if one is not None]
    if not evidence:
        return None
    evidence = _of_its_languages(evidence, words)
    weights = dict.fromkeys(KINDS, 0)
    for one in evidence:
        weights[one.kind] += one.weight
    kind = _decided(weights)
    return None if kind is None else Judgement(kind, _why(kind, evidence), VERSION)


def _evidence(found: Found, words: Sequence[str]) -> Evidence | None:
    phrase, kind, name = found.phrase, found.phrase.kind, found.phrase.name
    if kind == "nothing":
        return None
    if not phrase.negates and _is_negated(found, words):
        if kind != "positive":
            return None
        kind, name = "negative", f"not {name}"
    twice = not _BUT[phrase.language].isdisjoint(words[: found.start])
    return Evidence(kind, phrase.weight * (1 + twice), phrase.language, name)


def _is_negated(found: Found, words: Sequence[str]) -> bool:
    """Whether a negation stands in a gap of the phrase, or near it in its part of the sentence."""
    before, after = _BEFORE[found.phrase.language], _AFTER[found.phrase.language]
    within = words[found.start : found.end]
    return (
        not before.isdisjoint(within)
        or not after.isdisjoint(within)
        or _comes(before, words[max(0, found.start - _FAR) : found.start][::-1])
        or _comes(after, words[found.end : found.end + _FAR])
    )


def _comes(negators: frozenset[str], words: Sequence[str]) -> bool:
    for word in words:
        if word in BREAKS or word == ",":
            return False
        if word in negators:
            return True
    return False


def _of_its_languages(evidence: list[Evidence], words: Sequence[str]) -> list[Evidence]:
    """Without what only looks like a phrase of a language that the text is not in; it may be in several."""
    share: dict[str, int] = defaultdict(int)
    for word in words:
        for code in _COMMON.get(word, ()):
            share[code] += 1
    for one in evidence:
        share[one.language] += one.weight
    least = max(share.values()) / 2
    return [one for one in evidence if share[one.language] >= least]


def _decided(weights: dict[str, int]) -> ReplyKind | None:
    opinion = max(weights["positive"], weights["negative"])
    if weights["unsubscribe"] >= max(_SURE, weights["positive"]):
        return "unsubscribe"
    if weights["left_company"] >= max(_SURE, opinion, weights["out_of_office"]):
        return "left_company"
    if weights["out_of_office"] >= max(_SURE, opinion):
        return "out_of_office"
    best = max(opinion, weights["neutral"])
    if best < _ENOUGH:
        return None
    leading = [kind for kind in ("positive", "negative", "neutral") if weights[kind] == best]
    return leading[0] if len(leading) == 1 else "neutral"  # type: ignore[return-value]


def _why(kind: str, evidence: list[Evidence]) -> str:
    """The phrases of the lexicon that were met, never words of the text: those of the kind, else all that are torn."""
    names = [f"{one.language}: {one.name}" for one in evidence if one.kind == kind]
    names = names or [f"{one.language}: {one.name}" for one in evidence]
    return "; ".join(list(dict.fromkeys(names))[:_TOLD])
